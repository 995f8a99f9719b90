"""What people are told about a carrier's link."""

import pytest

from sending.limits import Throttle
from sending.lines import tell
from sending.models import Carrier
from tests import make

pytestmark = pytest.mark.django_db


class Bound:
    bound, last_error = True, ""


def test_a_gateway_that_ends_at_once_takes_back_that_it_was_connected():
    """The row is not read again between the two."""
    carrier = make.carrier(bound=False)
    tell([(carrier, Bound(), 100)])  # type: ignore[list-item]
    assert Carrier.objects.get().bound_at is not None
    tell([(carrier, None, 100)])
    assert Carrier.objects.get().bound_at is None


def test_that_a_carrier_asks_for_less_is_told_and_since_when():
    carrier = make.carrier()
    tell([(carrier, Bound(), 50)])  # type: ignore[list-item]
    told = Carrier.objects.get()
    assert told.throttle == 50 and told.throttled_at
    tell([(told, Bound(), 55)])  # type: ignore[list-item]
    again = Carrier.objects.get()
    assert (again.throttle, again.throttled_at) == (55, told.throttled_at), "it recovers: nothing new was asked for"


def test_a_recovering_carrier_is_not_told_about_at_every_look(django_assert_num_queries):
    carrier, throttle = make.carrier(), Throttle()
    throttle.slow_down()
    tell([(carrier, Bound(), throttle.percent)])  # type: ignore[list-item]
    with django_assert_num_queries(0):
        tell([(carrier, Bound(), throttle.percent)])  # type: ignore[list-item]
