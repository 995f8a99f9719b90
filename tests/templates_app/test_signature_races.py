"""A signature and the question whether it may be used again, both dealt with at the same moment, by two connections."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import ReviewState, Role
from console.lib.errors import NotAllowed
from templates_app import reviews, signatures
from templates_app.models import Signature, SignatureActivation
from templates_app.models.signature import Dormancy
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
TRIES = 8


def test_an_activation_decided_while_its_signature_is_deleted_blocks_nobody():
    make.workday()
    owner, reviewer = make.user(role=Role.OWNER), make.reviewer()
    for n in range(TRIES):
        asleep = make.signature(by=owner, name=f"清禾{n}号")
        Signature.objects.filter(pk=asleep.pk).update(dormancy=Dormancy.DORMANT)
        asked = signatures.activate(Signature.objects.get(pk=asleep.pk), "Orders", by=owner)
        ready = threading.Barrier(2)
        broken: list[str] = []

        def run(deed: Callable[[], None], ready: threading.Barrier = ready, broken: list[str] = broken) -> None:
            ready.wait(10)
            try:
                deed()
            except NotAllowed:
                pass
            except Exception as error:  # a deadlock, which the database ends with an error for one of the two
                broken.append(repr(error))
            finally:
                connection.close()

        mine = Signature.objects.get(pk=asleep.pk)
        theirs = SignatureActivation.objects.select_related("signature").get(pk=asked.pk)
        threads = [
            threading.Thread(target=run, args=[lambda mine=mine: signatures.remove(mine, by=owner)]),
            threading.Thread(target=run, args=[lambda it=theirs: reviews.decide(it, by=reviewer, approve=True)]),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert broken == []
        assert Signature.objects.get(pk=asleep.pk).review_state == ReviewState.DISABLED
