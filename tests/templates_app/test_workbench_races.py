"""Two at one item at the same moment, with real connections: one wins, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from accounts import reviewing
from accounts.models import ReviewDesk, ReviewState, Role
from console.lib.errors import NotAllowed
from templates_app import drafts, reviews
from templates_app.models import TemplateVersion
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version():
    make.workday()
    return make.template(by=make.user(role=Role.OWNER), approved=None)


def at_once(version: TemplateVersion, *deeds: Callable[[TemplateVersion], None]) -> list[str]:
    """What each was told; "" for who won."""
    told, ready = [""] * len(deeds), threading.Barrier(len(deeds))

    def run(place: int) -> None:
        own = TemplateVersion.objects.get(pk=version.pk)
        ready.wait(10)
        try:
            deeds[place](own)
        except NotAllowed as problem:
            told[place] = str(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    version.refresh_from_db()
    return told


def test_of_two_who_decide_one_wins(version):
    one, other = make.user(role=Role.REVIEWER, name="One"), make.user(role=Role.REVIEWER, name="Other")
    told = at_once(
        version,
        lambda item: reviews.decide(item, by=one, approve=True, seen=version.round),
        lambda item: reviews.decide(item, by=other, approve=False, reason="No", seen=version.round),
    )
    winner = 0 if version.decided_by == one else 1
    assert told[winner] == ""
    assert f"{(one, other)[winner].name} {('approved', 'rejected')[winner]} this" in told[1 - winner]


def test_decided_or_withdrawn_but_never_both(version):
    by = make.reviewer()
    told = at_once(
        version,
        lambda item: reviews.decide(item, by=by, approve=True, seen=version.round),
        lambda item: drafts.withdraw(item, by=version.submitted_by),
    )
    assert sum(map(bool, told)) == 1
    assert version.review_state == (ReviewState.WITHDRAWN if told[0] else ReviewState.APPROVED)


def test_of_two_who_claim_one_has_it(version):
    one, other = make.user(role=Role.REVIEWER, name="One"), make.user(role=Role.REVIEWER, name="Other")
    told = at_once(version, lambda item: reviewing.claim(item, by=one), lambda item: reviewing.claim(item, by=other))
    assert sorted(map(bool, told)) == [False, True]
    assert version.claimed == (other if told[0] else one)


def test_of_two_first_approvals_the_second_makes_it_valid_or_comes_too_late(version):
    ReviewDesk.objects.update_or_create(pk=ReviewDesk.THE_ONE, defaults={"second_pair": ["templateversion"]})
    one, other = make.user(role=Role.REVIEWER, name="One"), make.user(role=Role.REVIEWER, name="Other")
    told = at_once(
        version,
        lambda item: reviews.decide(item, by=one, approve=True, seen=version.round),
        lambda item: reviews.decide(item, by=other, approve=True, seen=version.round),
    )
    assert told == ["", ""] and version.review_state == ReviewState.APPROVED
    assert {version.first_by, version.decided_by} == {one, other}


def test_the_same_person_twice_at_once_is_one_decision(version):
    by = make.reviewer()
    told = at_once(version, *[lambda item: reviews.decide(item, by=by, approve=True, seen=version.round)] * 3)
    assert told == ["", "", ""] and version.review_state == ReviewState.APPROVED
    words = [event.words for event in reviews.history(version, for_staff=True)]
    assert sum("Approved" in line for line in words) == 1
