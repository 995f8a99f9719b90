"""How the promise is kept: what counts as in time, by whose weeks, who sees whose figures, and at what price."""

from datetime import UTC, datetime, timedelta
from statistics import promise as pages

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import promise
from accounts.models import Request, RequestKind, ReviewState
from accounts.promise import Tally
from tests import make

pytestmark = pytest.mark.django_db
# A Wednesday, and a workday: 2026-11-18, 10:00 in Shanghai, where the desk is.
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 16).date()


@pytest.fixture
def now():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def asked(alice, *, decided=None, late=False, approve=True, by=None, why=""):
    """A request, in review or decided at `decided` (a time before NOW), an hour before or after it was due."""
    made = make.request(by=alice, kind=RequestKind.OTHER, why=why or f"Need {Request.objects.count()}")
    if decided is None:
        return made
    made.move(
        ReviewState.APPROVED if approve else ReviewState.REJECTED,
        by=by or make.administrator(),
        reason="" if approve else "No",
    )
    due = decided + timedelta(hours=-1 if late else 1)
    times = {"submitted_at": decided - timedelta(hours=3), "decided_at": decided, "due_at": due}
    Request.objects.filter(pk=made.pk).update(worked=timedelta(minutes=50), **times)
    return made


def test_nothing_decided_is_no_division_by_zero(now, client, carol):
    client.force_login(carol)
    page = client.get(reverse("review-promise"))
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("Nothing was decided") == pages.WEEKS + 1
    assert "nothing waits" in text
    assert promise.this_month() == Tally(0, 0) and promise.this_month().percent is None


def test_in_time_is_what_was_decided_by_its_due_time(now, alice):
    asked(alice, decided=NOW - timedelta(minutes=5))
    asked(alice, decided=NOW - timedelta(minutes=4), late=True)
    exact = asked(alice, decided=NOW)
    Request.objects.filter(pk=exact.pk).update(due_at=NOW)
    assert promise.weeks(MONDAY) == {("request", MONDAY): Tally(3, 2)}
    assert promise.this_month() == Tally(3, 2)


def test_weeks_are_those_of_the_desk(now, alice):
    """Sunday 16:30 in UTC is Monday 00:30 in Shanghai."""
    asked(alice, decided=datetime(2026, 11, 15, 16, 30, tzinfo=UTC))
    asked(alice, decided=datetime(2026, 11, 15, 15, 30, tzinfo=UTC))
    before = MONDAY - timedelta(weeks=1)
    assert promise.weeks(before) == {("request", MONDAY): Tally(1, 1), ("request", before): Tally(1, 1)}
    assert promise.weeks(MONDAY) == {("request", MONDAY): Tally(1, 1)}


def test_a_rejection_while_a_question_stands_counts_by_what_was_left(now, alice, carol):
    asked_in_time, asked_late = asked(alice, why="One"), asked(alice, why="Two")
    Request.objects.filter(pk=asked_late.pk).update(due_at=NOW - timedelta(hours=1))
    for one in (asked_in_time, asked_late):
        one.refresh_from_db()
        one.move(ReviewState.RETURNED, by=carol, reason="For what?")
    now.shift(timedelta(days=1))
    for one in (asked_in_time, asked_late):
        one.move(ReviewState.REJECTED, by=carol, reason="No answer")
        assert one.due_at is None
    assert promise.weeks(MONDAY) == {("request", MONDAY): Tally(2, 1)}


def test_what_was_withdrawn_or_never_promised_does_not_count(now, alice):
    asked(alice, why="Gone").move(ReviewState.WITHDRAWN, by=alice)
    before = asked(alice, decided=NOW)
    Request.objects.filter(pk=before.pk).update(due_at=None, counted_from=None)
    assert promise.weeks(MONDAY) == {}


def test_medians_are_by_kind(now, alice):
    for minutes in (10, 20, 60):
        made = asked(alice, decided=NOW - timedelta(minutes=1))
        Request.objects.filter(pk=made.pk).update(worked=timedelta(minutes=minutes))
    took = promise.took(MONDAY)["request"]
    assert (took.worked, took.wall) == (timedelta(minutes=20), timedelta(hours=3))


def test_the_queue_counts_from_when_reviewers_could_begin(now, alice):
    assert promise.queues() == {}
    asked(alice, why="Older")
    now.shift(timedelta(hours=1))
    asked(alice, why="Newer")
    [(kind, queue)] = promise.queues().items()
    assert (kind, queue.length, queue.late, queue.since) == ("request", 2, 0, NOW)
    now.shift(timedelta(hours=1, minutes=5))
    assert promise.queues()["request"].late == 1 and promise.queues()["request"].is_oldest_late
    figures = pages.shown(pages.facts())
    assert (figures.queue.length, figures.queue.late, figures.queue.is_oldest_late) == (2, 1, True)
    assert figures.waits == "2 h 05"


def test_bars_equal_the_table(now, alice):
    for late in (False, False, True):
        asked(alice, decided=NOW, late=late)
    figures = pages.shown(pages.facts())
    assert [week.total for week in figures.weeks] == [Tally()] * 11 + [Tally(3, 2)]
    good, bad = figures.pieces
    assert (good.css, bad.css) == ("is-delivered", "is-failed")
    assert float(good.height) == pytest.approx(140 * 2 / 3, abs=0.1)
    assert float(bad.height) == pytest.approx(140 / 3, abs=0.1)


def test_only_administrators_see_the_figures_of_people(now, client, alice, bob, carol):
    asked(alice, decided=NOW, late=True, approve=False, by=carol)
    make.template(by=alice)  # by bob, who is the reviewer
    client.force_login(carol)
    text = client.get(reverse("review-promise")).content.decode()
    assert "By person" in text and "Bob Ma" in text and "Carol Li" in text
    client.force_login(bob)
    text = client.get(reverse("review-promise")).content.decode()
    assert "By kind" in text and "By person" not in text and "Carol Li" not in text
    figures = {person.name: person for person in pages.people()}
    assert (figures["Carol Li"].tally, figures["Carol Li"].rejected_percent) == (Tally(1, 0), 100.0)
    assert figures["Bob Ma"].tally.percent == 100.0 and figures["Bob Ma"].rejected == 0


def test_everybody_sees_figures_and_no_names(now, client, alice, carol):
    asked(alice, decided=NOW, by=carol, why="A secret need")
    page = client.get(reverse("promise"))
    assert page.status_code == 200
    text = page.content.decode()
    assert "Promise kept" in text and "100.0 %" in text
    for name in (str(alice.enterprise), "Alice Wu", "Carol Li", "A secret need"):
        assert name not in text


def test_the_public_page_is_counted_once_a_minute(now, client, alice):
    client.get(reverse("promise"))
    asked(alice, decided=NOW, late=True)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert "Nothing was decided" in client.get(reverse("promise")).content.decode()
    assert not [q for q in queries.captured_queries if "decided_at" in q["sql"]]
    cache.clear()  # as after a minute
    assert client.get(reverse("promise")).content.decode().count("Nothing was decided") == pages.WEEKS - 1


def test_many_cost_as_many_queries_as_few(now, client, alice, carol):
    client.force_login(carol)

    def queries():
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("review-promise"))
        return len(captured)

    for i in range(2):
        asked(alice, decided=NOW - timedelta(days=7 * i), by=carol)
    asked(alice)
    client.get(reverse("review-promise"))
    few = queries()
    for i in range(20):
        asked(alice, decided=NOW - timedelta(days=3 * i), late=i % 2 == 0, by=make.user(role=carol.role))
        asked(alice)
    assert queries() == few <= 20


def test_weeks_of_a_year_with_53(now):
    now.move_to(datetime(2027, 1, 2, 2, 0, tzinfo=UTC))
    weeks = pages.shown(pages.facts()).weeks
    assert [(week.year, week.number) for week in weeks[-2:]] == [(2026, 52), (2026, 53)]
    assert timezone.now().year == 2027
