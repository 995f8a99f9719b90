"""The clock of a review: due, stopped by a question, going on with what was left; who decides on which day, and two
who decide together. And that a change of the calendar reaches everything that is open, whatever happens meanwhile.
"""

from __future__ import annotations

import sys
import threading
import time as clocks
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import clock, reviewing
from accounts.models import AuditEntry, CalendarDay, Request, RequestKind, ReviewDesk, ReviewState, Role, Verification
from accounts.models.desk import calendar
from accounts.models.review import ReviewClock
from accounts.tasks import recompute_due_times
from console.lib.errors import NotAllowed
from tests import make

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY, FRIDAY, SATURDAY, SUNDAY = "2026-03-02", "2026-03-06", "2026-03-07", "2026-03-08"
MAKEUP_SATURDAY, HOLIDAY = "2026-02-28", "2026-10-01"
OTHER = RequestKind.OTHER

pytestmark = pytest.mark.django_db


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def now(db, today_is_a_workday, time_machine):
    """Moves the clock; it stands still. Only what the library says holds, on whatever day the tests are run."""
    CalendarDay.objects.all().delete()

    def to(text):
        time_machine.move_to(at(text), tick=False)

    to(f"{MONDAY}T10:00")
    return to


@pytest.fixture
def olive(db):
    return make.user(role=Role.OWNER, name="Olive Tan", language="en")


@pytest.fixture
def dan(db):
    return make.user(role=Role.REVIEWER, name="Dan Bo", language="en")


@pytest.fixture
def two_approve(now):
    clock.change_desk({"second_pair": ["request"]}, why="Four eyes", by=None)


def due_of(item):
    return type(item)._default_manager.get(pk=item.pk).due_at


def approve(item, by, **how):
    item.move(ReviewState.APPROVED, by=by, **how)


# Due at submission


@pytest.mark.parametrize(
    ("sent_in", "two_hours", "three_workdays"),
    [
        (f"{MONDAY}T10:00", f"{MONDAY}T12:00", "2026-03-05T10:00"),
        (f"{FRIDAY}T17:59", f"{FRIDAY}T19:59", "2026-03-11T17:59"),
        (f"{FRIDAY}T18:00", "2026-03-09T11:00", "2026-03-12T09:00"),
        (f"{SATURDAY}T12:00", "2026-03-09T11:00", "2026-03-12T09:00"),
        (f"{MAKEUP_SATURDAY}T12:00", f"{MAKEUP_SATURDAY}T14:00", "2026-03-04T12:00"),
    ],
)
def test_due_when_it_is_sent_in(olive, now, sent_in, two_hours, three_workdays):
    now(sent_in)
    asked, verification = make.request(by=olive), make.verification(by=olive)
    assert due_of(asked) == at(two_hours) == clock.expected(ReviewClock.TWO_HOURS)
    assert due_of(verification) == at(three_workdays) == clock.expected(ReviewClock.THREE_WORKDAYS)
    assert asked.submitted_at == asked.counted_from == at(sent_in)


# A question stops the clock


def test_a_question_stops_two_hours_and_the_answer_goes_on_with_the_rest(olive, bob, now):
    now(f"{FRIDAY}T17:30")
    asked = make.request(by=olive)
    now(f"{FRIDAY}T17:50")
    asked.move(ReviewState.RETURNED, by=bob, reason="Which brands?")
    assert (asked.due_at, asked.time_left) == (None, timedelta(hours=1, minutes=40))
    now(f"{SUNDAY}T12:00")
    reviewing.answer(asked, "Two of ours.", by=olive)
    assert asked.due_at == at("2026-03-09T10:40") and asked.review_state == ReviewState.IN_REVIEW
    assert asked.submitted_at == at(f"{FRIDAY}T17:30"), "it was sent in when it was sent in"


def test_a_question_stops_three_workdays_and_the_answer_goes_on_with_the_rest(olive, bob, now):
    now("2026-03-04T10:00")
    verification = make.verification(by=olive)
    assert verification.due_at == at("2026-03-09T10:00")
    now(f"{FRIDAY}T17:50")
    verification.move(ReviewState.RETURNED, by=bob, reason="Is this the newest licence?")
    assert verification.time_left == timedelta(hours=1, minutes=10), "ten minutes of Friday, an hour of Monday"
    now(f"{SUNDAY}T12:00")
    reviewing.answer(verification, "It is.", by=olive)
    assert verification.due_at == at("2026-03-09T10:10")


def test_two_questions_take_nothing_from_the_applicant(olive, bob, now):
    asked = make.request(by=olive)
    for question, answer, due in [("10:30", "15:00", "16:30"), ("15:30", "16:00", "17:00")]:
        now(f"{MONDAY}T{question}")
        asked.move(ReviewState.RETURNED, by=bob, reason="And?")
        now(f"{MONDAY}T{answer}")
        reviewing.answer(asked, "So.", by=olive)
        assert asked.due_at == at(f"{MONDAY}T{due}")


def test_late_stays_late(olive, bob, now):
    asked = make.request(by=olive)
    now(f"{MONDAY}T13:00")
    assert asked.is_overdue
    asked.move(ReviewState.RETURNED, by=bob, reason="Which brands?")
    assert asked.time_left == timedelta(0) and not asked.is_overdue, "now the applicant is waited for"
    now(f"{MONDAY}T14:00")
    reviewing.answer(asked, "Two.", by=olive)
    now(f"{MONDAY}T14:01")
    assert asked.due_at == at(f"{MONDAY}T14:00") and asked.is_overdue


def test_asked_on_a_day_off_the_whole_promise_is_left(olive, bob, now):
    now(f"{SATURDAY}T12:00")
    asked = make.request(by=olive)
    now(f"{SUNDAY}T12:00")
    asked.move(ReviewState.RETURNED, by=bob, reason="Which brands?")
    assert asked.time_left == timedelta(hours=2)


def test_what_waits_for_the_applicant_is_not_due_again_by_itself(olive, bob, now):
    asked = make.request(by=olive)
    asked.move(ReviewState.RETURNED, by=bob, reason="Which brands?")
    clock.set_days(date(2026, 3, 3), is_workday=False, why="Moving house", by=None)
    assert due_of(asked) is None


# Who decides when


@pytest.mark.parametrize("moment", [f"{SATURDAY}T10:00", f"{SUNDAY}T23:00", f"{HOLIDAY}T10:00"])
@pytest.mark.parametrize("to", [ReviewState.APPROVED, ReviewState.REJECTED])
def test_reviewers_decide_nothing_on_days_off(olive, bob, now, moment, to):
    asked = make.request(by=olive)
    now(moment)
    with pytest.raises(NotAllowed, match="no workday, so nothing is decided"):
        asked.move(to, by=bob, reason="Why not", exception="I want to")
    assert Request.objects.get().review_state == ReviewState.IN_REVIEW


@pytest.mark.parametrize("moment", [f"{MAKEUP_SATURDAY}T10:00", f"{MONDAY}T23:00", f"{MONDAY}T00:00"])
def test_workdays_bind_not_hours(olive, bob, now, moment):
    now("2026-02-27T10:00")
    asked = make.request(by=olive)
    now(moment)
    approve(asked, bob)
    assert asked.review_state == ReviewState.APPROVED


def test_the_refusal_says_when_the_desk_opens_again(olive, bob, now):
    asked = make.request(by=olive)
    now(f"{SATURDAY}T10:00")
    with pytest.raises(NotAllowed, match="Saturday, 7 March.*Monday, 9 March 09:00"):
        approve(asked, bob)


def test_the_day_is_that_of_the_desk(olive, bob, now):
    asked = make.request(by=olive)
    now(f"{MONDAY}T10:00")
    clock.change_desk({"zone": "America/New_York", "country": "US"}, why="Moved", by=None)
    now("2026-03-07T12:00")  # still Friday evening in New York
    approve(asked, bob)
    assert asked.review_state == ReviewState.APPROVED


def test_an_administrator_decides_on_a_day_off_and_says_why(olive, carol, now):
    asked = make.request(by=olive)
    now(f"{SATURDAY}T10:00")
    with pytest.raises(NotAllowed, match="say why; it is recorded"):
        approve(asked, carol)
    approve(asked, carol, exception=" Relief for the flood ")
    assert Request.objects.get().exception == "Relief for the flood"
    assert AuditEntry.objects.get(verb="request.approved").detail["exception"] == "Relief for the flood"


def test_on_a_workday_there_is_no_exception_to_record(olive, carol, now):
    asked = make.request(by=olive)
    approve(asked, carol, exception="Written all the same")
    assert asked.exception == ""
    assert "exception" not in AuditEntry.objects.get(verb="request.approved").detail


# Working time


def test_worked_counts_the_desk_alone_and_not_the_applicant(olive, bob, now):
    now(f"{FRIDAY}T17:00")
    asked = make.request(by=olive)
    now(f"{FRIDAY}T17:30")
    asked.move(ReviewState.RETURNED, by=bob, reason="Which brands?")
    assert asked.worked == timedelta(minutes=30)
    now("2026-03-10T11:00")  # Tuesday; all Monday it waited for the applicant
    reviewing.answer(asked, "Two.", by=olive)
    now("2026-03-10T11:15")
    approve(asked, bob)
    assert asked.worked == timedelta(minutes=45)


def test_worked_leaves_out_nights_and_weekends(olive, bob, now):
    now(f"{FRIDAY}T17:00")
    asked = make.request(by=olive)
    now("2026-03-09T09:20")
    asked.move(ReviewState.REJECTED, by=bob, reason="Too late")
    assert asked.worked == timedelta(hours=1, minutes=20)


def test_rejected_while_the_question_stands_the_wait_does_not_count(olive, bob, now):
    asked = make.request(by=olive)
    now(f"{MONDAY}T10:20")
    asked.move(ReviewState.RETURNED, by=bob, reason="Which brands?")
    now("2026-03-05T10:00")
    asked.move(ReviewState.REJECTED, by=bob, reason="No answer")
    assert asked.worked == timedelta(minutes=20)


# A second pair of eyes


def test_two_reviewers_approve_together(olive, bob, dan, two_approve):
    asked = make.request(by=olive)
    with pytest.raises(NotAllowed, match="Two different reviewers"):
        approve(asked, bob)
    reviewing.claim(asked, by=bob)
    asked.approve_first(by=bob)
    assert (asked.first_by, asked.review_state, asked.claimed) == (bob, ReviewState.IN_REVIEW, None)
    for again in (
        lambda: approve(asked, bob),
        lambda: asked.approve_first(by=bob),
        lambda: asked.approve_first(by=dan),
    ):
        with pytest.raises(NotAllowed):
            again()
    approve(asked, dan)
    assert (asked.review_state, asked.first_by, asked.decided_by) == (ReviewState.APPROVED, bob, dan)
    assert AuditEntry.objects.filter(verb="request.first_approved", by=bob).count() == 1


def test_one_is_enough_to_reject(olive, bob, dan, two_approve):
    asked = make.request(by=olive)
    asked.approve_first(by=bob)
    asked.move(ReviewState.REJECTED, by=dan, reason="No need")
    assert asked.review_state == ReviewState.REJECTED


def test_the_first_may_change_their_mind(olive, bob, two_approve):
    asked = make.request(by=olive)
    asked.approve_first(by=bob)
    asked.move(ReviewState.REJECTED, by=bob, reason="On second thoughts")
    assert asked.review_state == ReviewState.REJECTED


def test_days_off_bind_the_first_as_well(olive, bob, carol, two_approve, now):
    asked = make.request(by=olive)
    now(f"{SATURDAY}T10:00")
    with pytest.raises(NotAllowed, match="no workday"):
        asked.approve_first(by=bob)
    asked.approve_first(by=carol, exception="Flood")
    assert AuditEntry.objects.get(verb="request.first_approved").detail["exception"] == "Flood"


def test_a_question_takes_the_first_approval_back(olive, bob, dan, two_approve):
    asked = make.request(by=olive)
    asked.approve_first(by=bob)
    asked.move(ReviewState.RETURNED, by=dan, reason="Which brands?")
    reviewing.answer(asked, "Two.", by=olive)
    with pytest.raises(NotAllowed, match="The other one is still missing"):
        approve(asked, dan)


def test_switched_on_in_between_nobody_approves_alone(olive, bob, now):
    asked = make.request(by=olive)
    clock.change_desk({"second_pair": ["request"]}, why="Four eyes", by=None)
    with pytest.raises(NotAllowed, match="Two different reviewers"):
        approve(asked, bob)
    assert Request.objects.get().review_state == ReviewState.IN_REVIEW


def test_switched_off_in_between_the_first_approves_alone(olive, bob, two_approve):
    asked = make.request(by=olive)
    asked.approve_first(by=bob)
    clock.change_desk({"second_pair": []}, why="One is enough", by=None)
    approve(asked, bob)
    assert (asked.review_state, asked.decided_by, asked.first_by) == (ReviewState.APPROVED, bob, None)


def test_switched_off_in_between_a_first_approval_is_refused(olive, bob, now):
    asked = make.request(by=olive)
    with pytest.raises(NotAllowed, match="One approval is enough"):
        asked.approve_first(by=bob)


# What a decision has seen


def test_a_decision_on_what_was_there_before_the_answer_is_refused(olive, bob, dan, now):
    asked = make.request(by=olive)
    seen = asked.round
    asked.move(ReviewState.RETURNED, by=dan, reason="Which brands?")
    reviewing.answer(asked, "Quite others.", by=olive)
    for to in (ReviewState.APPROVED, ReviewState.REJECTED):
        with pytest.raises(NotAllowed, match="changed it meanwhile"):
            asked.move(to, by=bob, reason="Fine", seen=seen)
    assert Request.objects.get().review_state == ReviewState.IN_REVIEW
    approve(asked, bob, seen=asked.round)
    assert asked.review_state == ReviewState.APPROVED


def test_a_first_approval_of_what_was_there_before_the_answer_is_refused(olive, bob, dan, two_approve):
    asked = make.request(by=olive)
    seen = asked.round
    asked.move(ReviewState.RETURNED, by=dan, reason="Which brands?")
    reviewing.answer(asked, "Quite others.", by=olive)
    with pytest.raises(NotAllowed):
        asked.approve_first(by=bob, seen=seen)
    asked.approve_first(by=bob, seen=asked.round)


# The calendar changes


def test_what_is_open_is_due_anew(olive, bob, now):
    now(f"{FRIDAY}T18:30")
    asked, verification = make.request(by=olive), make.verification(by=olive)
    decided = make.request(by=olive, kind=OTHER)
    assert clock.set_days(date(2026, 3, 9), is_workday=False, why="Flood", by=None) == clock.Change(days=1, due=3)
    assert due_of(asked) == at("2026-03-10T11:00") and due_of(verification) == at("2026-03-13T09:00")
    now("2026-03-10T10:00")
    decided.move(ReviewState.REJECTED, by=make.administrator(), reason="No")
    was = due_of(decided)
    assert clock.change_desk({"opens": time(10)}, why="Winter", by=None) == 2
    assert due_of(asked) == at("2026-03-10T12:00") and due_of(verification) == at("2026-03-13T10:00")
    assert due_of(decided) == was, "what was promised then stays"


def test_clearing_a_day_gives_the_old_times_back(olive, now):
    asked = make.request(by=olive)
    now(f"{FRIDAY}T18:30")
    other = make.request(by=olive, kind=OTHER)
    before = due_of(asked), due_of(other)
    clock.set_days(date(2026, 3, 7), is_workday=True, why="Stocktaking", by=None)
    assert due_of(other) == at(f"{SATURDAY}T11:00")
    clock.clear_day(date(2026, 3, 7), by=None)
    assert (due_of(asked), due_of(other)) == before


def test_three_workdays_less_what_was_used_stay_as_many_workdays_when_hours_change(olive, bob, now):
    verification = make.verification(by=olive)
    now(f"{MONDAY}T14:30")
    verification.move(ReviewState.RETURNED, by=bob, reason="Newest?")
    assert verification.time_left == timedelta(hours=22.5)  # two and a half days of nine hours
    clock.change_desk({"opens": time(10), "closes": time(14)}, why="Summer", by=None)
    now("2026-03-03T10:00")
    reviewing.answer(verification, "Yes.", by=olive)
    assert verification.due_at == at("2026-03-05T12:00"), "Tuesday, Wednesday, half of Thursday"
    clock.change_desk({"closes": time(18)}, why="Autumn", by=None)
    assert due_of(verification) == at("2026-03-05T14:00")


def test_repeating_it_moves_nothing(olive, now):
    make.request(by=olive)
    assert clock.recompute() == clock.recompute() == 0


def test_the_hourly_net_catches_what_a_newer_list_of_holidays_brings(olive, now):
    asked = make.request(by=olive)
    Request.objects.update(due_at=at("2026-03-20T10:00"))
    recompute_due_times()
    assert due_of(asked) == at(f"{MONDAY}T12:00")


def test_ten_thousand_open_ones(olive, now):
    now(f"{FRIDAY}T18:00")
    asked = make.request(by=olive, kind=OTHER)
    fields = [f.column for f in Request._meta.concrete_fields if f.column not in ("id", "counted_from")]
    names = ", ".join(f'"{name}"' for name in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_request (counted_from, {names})"
            f" SELECT counted_from + n * interval '1 s', {names} FROM accounts_request, generate_series(1, 9999) n"
        )
    began = clocks.perf_counter()
    with CaptureQueriesContext(connection) as many:
        done = clock.set_days(date(2026, 3, 9), is_workday=False, why="Flood", by=None)
    sys.stdout.write(f"\n10,000 due times set anew in {clocks.perf_counter() - began:.2f} s\n")
    assert done.due == 10_000
    assert set(Request.objects.values_list("due_at", flat=True)) == {at("2026-03-10T11:00")}
    Request.objects.exclude(pk=asked.pk).delete()
    with CaptureQueriesContext(connection) as few:
        clock.set_days(date(2026, 3, 10), is_workday=False, why="Flood", by=None)
    assert len(few) == len(many)


def test_a_desk_that_nobody_could_work_at(now):
    for wrong in ({"opens": time(18), "closes": time(9)}, {"zone": "Mars/Olympus"}, {"country": "XX"}):
        with pytest.raises(NotAllowed):
            clock.change_desk(wrong, why="A slip", by=None)
    with pytest.raises(NotAllowed, match="Nothing of this kind"):
        clock.change_desk({"second_pair": ["moon"]}, why="A slip", by=None)
    assert ReviewDesk.current().zone == "Asia/Shanghai"


def test_a_calendar_without_workdays_is_refused(olive, now):
    make.request(by=olive)
    days = [date(2026, 3, 3) + timedelta(days=n) for n in range(400)]
    CalendarDay.objects.bulk_create(CalendarDay(day=day, is_workday=False, why="Shut") for day in days)
    with pytest.raises(NotAllowed, match="Nobody could work"):
        clock.set_days(date(2026, 3, 2), is_workday=False, why="Shut", by=None)
    assert not CalendarDay.objects.filter(day=date(2026, 3, 2)).exists()


# At the same time


def at_once(*deeds):
    """Runs the deeds side by side; what each raised, or None."""
    gate = threading.Barrier(len(deeds))
    said: list[BaseException | None] = [None] * len(deeds)

    def run(place, deed):
        try:
            gate.wait(10)
            deed()
        except Exception as problem:
            said[place] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return said


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_in_while_the_calendar_changes_keeps_no_old_time(olive, now, monkeypatch):
    """The submission takes its time between reading the calendar and committing; the change must wait for it."""
    reckon = ReviewClock.due

    def slowly(self, started, left=None, *, calendar=None):
        due = reckon(self, started, left, calendar=calendar)
        if calendar is None:
            clocks.sleep(0.3)
        return due

    monkeypatch.setattr(ReviewClock, "due", slowly)
    now(f"{MONDAY}T18:30")
    for n, opens in enumerate([time(10), time(9), time(10)]):
        late = 0.1 if n % 2 == 0 else 0

        def change(opens=opens, late=late):
            clocks.sleep(late)
            clock.change_desk({"opens": opens}, why="Hours", by=None)

        said = at_once(lambda n=n: make.request(by=olive, kind=OTHER, why=f"{n}"), change)
        assert said == [None, None]
        held = calendar()
        assert held.opens == opens
        for asked in Request.objects.all():
            assert asked.counted_from
            assert asked.due_at == reckon(ReviewClock.TWO_HOURS, asked.counted_from, calendar=held)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_each_other_for_ever(now):
    """Changes of the calendar between submissions, questions, answers and decisions: all come through."""
    people = [make.user(role=Role.OWNER, language="en") for _ in range(3)]
    staff, boss = make.reviewer(), make.administrator()
    proof = [make.document(by=person) for person in people]

    def change():
        for n in range(10):
            hours = {"opens": time(9 + n % 2)}
            clock.change_desk(hours, why="Hours", by=boss)
            clock.set_days(date(2026, 3, 9 + n), is_workday=date(2026, 3, 9 + n).weekday() > 4, why="Days", by=boss)

    def work(place):
        for n in range(5):
            asked = make.request(by=people[place], wanted=5 + n)
            asked.move(ReviewState.RETURNED, by=staff, reason="Which?")
            reviewing.answer(asked, "These.", by=people[place])
            reviewing.claim(asked, by=staff)
            approve(asked, staff)
            verification = make.verification(by=people[place], licence=proof[place])
            verification.move(ReviewState.REJECTED, by=staff, reason="No.")

    said = at_once(change, *[lambda place=place: work(place) for place in range(3)])
    assert said == [None] * 4
    assert Request.objects.filter(review_state=ReviewState.APPROVED).count() == 15
    assert Verification.objects.filter(review_state=ReviewState.REJECTED).count() == 15
