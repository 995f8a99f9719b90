"""Asking the platform for something: what may be asked, who decides, what an approval does, and the races."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import requests
from accounts.models import AuditEntry, Enterprise, Notice, Request, RequestKind, ReviewState, Role
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db
MORE = RequestKind.INTERNATIONAL_APPLICATIONS


@pytest.fixture
def olive(db):
    return make.user(role=Role.OWNER, name="Olive Tan", language="en")


def suspended(person):
    make.home(person).move(EnterpriseState.SUSPENDED, by=make.reviewer(), reason="Complaints")
    return person


def test_an_approval_raises_the_figure_and_tells(olive, bob):
    asked = make.request(by=olive, wanted=7)
    asked.move(ReviewState.APPROVED, by=bob)
    enterprise = Enterprise.objects.get(pk=olive.enterprise_id)
    assert (enterprise.international_applications_max, enterprise.mainland_applications_max) == (7, 2)
    entry = AuditEntry.objects.get(verb="enterprise.limit_raised")
    assert (entry.before, entry.after) == (
        {"international_applications_max": 2},
        {"international_applications_max": 7},
    )
    notice = Notice.objects.get(code="request.approved")
    assert notice.path == f"/requests/{asked.pk}/" and notice.facts["wanted"] == 7


def test_a_rejection_changes_nothing_and_says_why(olive, bob):
    asked = make.request(by=olive, wanted=7)
    asked.move(ReviewState.REJECTED, by=bob, reason="Two are enough.")
    assert Enterprise.objects.get(pk=olive.enterprise_id).international_applications_max == 2
    assert Notice.objects.get(code="request.rejected").facts["reason"] == "Two are enough."


def test_the_figure_is_never_lowered(olive, bob):
    asked = make.request(by=olive, wanted=7)
    Enterprise.objects.filter(pk=olive.enterprise_id).update(international_applications_max=9)
    with pytest.raises(NotAllowed, match="9 are allowed already"):
        asked.move(ReviewState.APPROVED, by=bob)
    assert Enterprise.objects.get(pk=olive.enterprise_id).international_applications_max == 9
    assert Request.objects.get().review_state == ReviewState.IN_REVIEW
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "words"), [(None, "Say how many"), (0, "already"), (2, "2 are allowed already"), (51, "At most 50")]
)
def test_figures_that_make_no_sense(olive, wanted, words):
    with pytest.raises(NotAllowed, match=words):
        make.request(by=olive, wanted=wanted)
    assert not Request.objects.exists()


def test_mainland_applications_need_a_mode_that_covers_the_mainland(olive):
    Enterprise.objects.filter(pk=olive.enterprise_id).update(service_mode=2)
    with pytest.raises(NotAllowed, match="mode 2"):
        make.request(by=olive, kind=RequestKind.MAINLAND_APPLICATIONS)
    assert RequestKind.MAINLAND_APPLICATIONS not in requests.offered(Enterprise.objects.get(pk=olive.enterprise_id))


def test_restart_sets_the_enterprise_going(olive, carol):
    asked = make.request(by=suspended(olive), kind=RequestKind.RESTART)
    asked.move(ReviewState.APPROVED, by=carol)
    enterprise = Enterprise.objects.get(pk=olive.enterprise_id)
    assert (enterprise.state, enterprise.state_reason) == (EnterpriseState.ACTIVE, "")


def test_restart_is_for_the_suspended_only(olive):
    with pytest.raises(NotAllowed, match="not suspended"):
        make.request(by=olive, kind=RequestKind.RESTART)
    assert RequestKind.RESTART not in requests.offered(make.home(olive))


def test_restart_of_what_runs_again_is_refused(olive, carol):
    asked = make.request(by=suspended(olive), kind=RequestKind.RESTART)
    make.home(olive).move(EnterpriseState.ACTIVE, by=carol)
    with pytest.raises(NotAllowed, match=r"cannot be approved any more.*not suspended"):
        asked.move(ReviewState.APPROVED, by=carol)
    asked.refresh_from_db()
    asked.move(ReviewState.REJECTED, by=carol, reason="Already done")
    assert make.home(olive).state == EnterpriseState.ACTIVE


@pytest.mark.parametrize("kind", [RequestKind.RESTART, RequestKind.OTHER])
@pytest.mark.parametrize("to", [ReviewState.APPROVED, ReviewState.REJECTED])
def test_administrators_alone_decide_restarts_and_the_rest(olive, bob, kind, to):
    asked = make.request(by=suspended(olive), kind=kind)
    with pytest.raises(NotAllowed, match="administrators"):
        asked.move(to, by=bob, reason="No")
    assert Request.objects.get().review_state == ReviewState.IN_REVIEW


def test_people_of_enterprises_decide_nothing(olive, mallory):
    asked = make.request(by=olive)
    for person in (olive, mallory):
        with pytest.raises(NotAllowed, match="reviewers decide"):
            asked.move(ReviewState.APPROVED, by=person)


def test_one_of_a_kind_is_open_at_a_time(olive, bob):
    first = make.request(by=olive)
    with pytest.raises(NotAllowed, match="already asked"):
        make.request(by=olive, wanted=9)
    make.request(by=olive, kind=RequestKind.MAINLAND_APPLICATIONS)
    requests.withdraw(first, by=olive)
    make.request(by=olive, wanted=9)
    assert Request.objects.waiting().count() == 2


def test_something_else_may_be_asked_twice_but_not_in_the_same_words(olive):
    make.request(by=olive, kind=RequestKind.OTHER, why="An invoice")
    make.request(by=olive, kind=RequestKind.OTHER, why="A call")
    with pytest.raises(NotAllowed, match="already asked"):
        make.request(by=olive, kind=RequestKind.OTHER, why="A call")


def test_what_was_decided_cannot_be_withdrawn(olive, bob):
    asked = make.request(by=olive)
    asked.move(ReviewState.APPROVED, by=bob)
    with pytest.raises(NotAllowed, match="somebody has changed it"):
        requests.withdraw(asked, by=olive)


def test_a_due_time_is_set_by_the_clock(olive):
    asked = make.request(by=olive)
    assert asked.submitted_at and asked.due_at == Request.REVIEW_CLOCK.due(asked.submitted_at)
    assert asked.due_at > asked.submitted_at and not asked.is_overdue
    Request.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    asked.refresh_from_db()
    assert asked.is_overdue


def test_every_kind_has_its_entry():
    assert set(requests.KINDS) == set(RequestKind)


def at_once(*deeds):
    """Runs each in a thread of its own; returns what each raised, or None."""
    gate = threading.Barrier(len(deeds))
    said: list[NotAllowed | None] = [None] * len(deeds)

    def run(place, deed):
        gate.wait(10)
        try:
            deed()
        except NotAllowed as problem:
            said[place] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return said


@pytest.mark.django_db(transaction=True)
def test_the_same_form_posted_at_once_makes_one(olive):
    for kind in (MORE, RequestKind.OTHER):
        said = at_once(*[lambda kind=kind: make.request(by=olive, kind=kind)] * 4)
        assert sum(problem is None for problem in said) == 1
        assert Request.objects.filter(kind=kind).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_withdrawing_and_approving_one_wins(olive, bob):
    for wanted in range(3, 11):
        asked = make.request(by=olive, wanted=wanted)
        before = make.home(type(olive).objects.get(pk=olive.pk)).international_applications_max
        mine, theirs = Request.objects.get(pk=asked.pk), Request.objects.get(pk=asked.pk)
        said = at_once(
            lambda mine=mine: requests.withdraw(mine, by=olive),
            lambda theirs=theirs: theirs.move(ReviewState.APPROVED, by=bob),
        )
        asked.refresh_from_db()
        now = Enterprise.objects.get(pk=olive.enterprise_id).international_applications_max
        assert sum(problem is None for problem in said) == 1
        if asked.review_state == ReviewState.APPROVED:
            assert now == wanted
        else:
            assert (asked.review_state, now) == (ReviewState.WITHDRAWN, before)


# Pages


def test_journey_on_the_pages(olive, bob, sign_in):
    client = sign_in(olive)
    assert "No request yet" in client.get("/requests/").content.decode()
    choice = client.get("/requests/new/").content.decode()
    assert f"?kind={MORE}" in choice and "?kind=restart" not in choice
    form = client.get(f"/requests/new/?kind={MORE}").content.decode()
    assert "You may have 2 now; at most 50 are possible." in form and "it is decided by" in form
    posted = client.post(f"/requests/new/?kind={MORE}", {"wanted": "4", "why": "Two brands"})
    asked = Request.objects.get()
    assert posted.url == f"/requests/{asked.pk}/"
    assert (asked.wanted, asked.review_state, asked.submitted_by) == (4, ReviewState.IN_REVIEW, olive)
    page = client.get(posted.url).content.decode()
    assert "It is decided by" in page and "Two brands" in page
    again = client.post(f"/requests/new/?kind={MORE}", {"wanted": "4", "why": "Two brands"})
    assert again.status_code == 422 and "already asked" in again.content.decode()
    asked.move(ReviewState.REJECTED, by=bob, reason="The need is not explained")
    for url in (posted.url, "/requests/"):
        page = client.get(url).content.decode()
        assert "The need is not explained" in page and "Bob Ma" not in page


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (MORE, {"wanted": "", "why": "Why"}, "Say how many you need in all."),
        (MORE, {"wanted": "2", "why": "Why"}, "2 are allowed already"),
        (MORE, {"wanted": "-3", "why": "Why"}, "2 are allowed already"),
        (MORE, {"wanted": "9" * 40, "why": "Why"}, "At most 50"),
        (MORE, {"wanted": "4", "why": " "}, "Say why"),
        (MORE, {"wanted": "4", "why": "x" * 1001}, "1000"),
        (MORE, {"wanted": "4", "why": "\0"}, "null"),
        ("restart", {"why": "Why"}, "not suspended"),
    ],
)
def test_bad_input_is_answered_at_its_field(olive, sign_in, kind, fields, words):
    answer = sign_in(olive).post(f"/requests/new/?kind={kind}", fields)
    assert answer.status_code == 422 and words in answer.content.decode().lower() + answer.content.decode()
    assert not Request.objects.exists()


@pytest.mark.parametrize("kind", ["", "nothing", "restart", "\0", "x" * 5000])
def test_a_kind_that_is_not_offered_leads_to_the_choice(olive, sign_in, kind):
    answer = sign_in(olive).get("/requests/new/", {"kind": kind})
    assert answer.status_code == 200 and "What do you need?" in answer.content.decode()


def test_withdrawing_on_the_page(olive, sign_in, mallory, victor):
    asked = make.request(by=olive)
    url = f"/requests/{asked.pk}/withdraw/"
    assert sign_in(mallory).post(url).status_code == 404
    assert sign_in(olive).get(url).status_code == 405
    sign_in(olive).post(url)
    assert Request.objects.get().review_state == ReviewState.WITHDRAWN
    late = sign_in(olive).post(url, follow=True)
    assert "somebody has changed it" in late.content.decode()


def test_viewers_look_on(victor, alice, sign_in):
    owner = make.user(role=Role.OWNER, of=alice.enterprise)
    asked = make.request(by=owner)
    for person in (victor, alice):
        client = sign_in(person)
        page = client.get(f"/requests/{asked.pk}/").content.decode()
        assert "Withdraw" not in page
        assert client.get("/requests/new/").status_code == 403
        assert client.post(f"/requests/{asked.pk}/withdraw/").status_code == 403


def test_markup_stays_text(olive, bob, sign_in):
    asked = make.request(by=olive, kind=RequestKind.OTHER, why="<script>alert(1)</script>")
    assert b"<script>alert" not in sign_in(olive).get(f"/requests/{asked.pk}/").content
    assert b"<script>alert" not in sign_in(bob).get(f"/reviews/request/{asked.pk}/").content


def test_the_list_asks_the_database_as_often_for_many_as_for_few(olive, sign_in):
    client = sign_in(olive)
    client.get("/requests/")  # what a session asks once

    def queries():
        with CaptureQueriesContext(connection) as asked:
            client.get("/requests/")
        return len(asked)

    make.request(by=olive, kind=RequestKind.OTHER, why="1")
    make.request(by=olive, kind=RequestKind.OTHER, why="2")
    few = queries()
    for number in range(3, 21):
        make.request(by=olive, kind=RequestKind.OTHER, why=str(number))
    assert queries() == few
