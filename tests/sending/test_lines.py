"""What people are told about a carrier's link."""

import pytest

from sending.lines import tell
from sending.models import Carrier
from tests import make

pytestmark = pytest.mark.django_db


class Bound:
    bound, last_error = True, ""


def test_a_gateway_that_ends_at_once_takes_back_that_it_was_connected():
    """The row is not read again between the two."""
    carrier = make.carrier(bound=False)
    tell([(carrier, Bound())])  # type: ignore[list-item]
    assert Carrier.objects.get().bound_at is not None
    tell([(carrier, None)])
    assert Carrier.objects.get().bound_at is None
