"""The reviewers' clock, with fixed dates. Holidays of 2026: notice of the State Council of 4 November 2025."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.lib.workdays import Calendar, WrongCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")


def calendar(zone=SHANGHAI, opens=time(9), closes=time(18), **more):
    return Calendar(zone, opens, closes, **more)


CHINA = calendar()


def at(text, zone=SHANGHAI):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("day", "works", "why"),
    [
        ("2026-02-13", True, "Friday before the festival"),
        ("2026-02-14", True, "Saturday worked for the festival"),
        ("2026-02-15", False, "Sunday, first day off"),
        ("2026-02-16", False, "New Year's Eve, a Monday"),
        ("2026-02-23", False, "last day off, a Monday"),
        ("2026-02-24", True, "Tuesday after"),
        ("2026-02-28", True, "Saturday worked for the festival"),
        ("2026-09-20", True, "Sunday worked for National Day"),
        ("2026-09-25", False, "Mid-Autumn Festival"),
        ("2026-10-01", False, "National Day"),
        ("2026-10-07", False, "last day off, a Wednesday"),
        ("2026-10-08", True, "Thursday after"),
        ("2026-10-10", True, "Saturday worked for National Day"),
        ("2026-01-04", True, "Sunday worked for New Year"),
        ("2026-11-21", False, "an ordinary Saturday"),
        ("2024-12-31", True, "year end"),
        ("2025-01-01", False, "New Year"),
    ],
)
def test_chinese_workdays(day, works, why):
    assert CHINA.is_workday(date.fromisoformat(day)) is works, why


@pytest.mark.parametrize(
    ("submitted", "due", "why"),
    [
        ("2026-11-23T10:00:00", "2026-11-23T12:00:00", "Monday morning"),
        ("2026-11-23T09:00:00", "2026-11-23T11:00:00", "the second it opens"),
        ("2026-11-23T08:59:59", "2026-11-23T11:00:00", "a second before"),
        ("2026-11-23T17:30:00", "2026-11-23T19:30:00", "two hours, by the wall clock"),
        ("2026-11-23T17:59:59", "2026-11-23T19:59:59", "the last second"),
        ("2026-11-23T18:00:00", "2026-11-24T11:00:00", "closed by then"),
        ("2026-11-24T00:00:00", "2026-11-24T11:00:00", "midnight"),
        ("2026-11-20T18:00:00", "2026-11-23T11:00:00", "Friday evening"),
        ("2026-11-21T12:00:00", "2026-11-23T11:00:00", "Saturday"),
        ("2026-11-22T23:59:59", "2026-11-23T11:00:00", "Sunday, the last second"),
        ("2026-02-13T19:00:00", "2026-02-14T11:00:00", "Friday evening before a worked Saturday"),
        ("2026-02-14T17:00:00", "2026-02-14T19:00:00", "on a worked Saturday"),
        ("2026-02-14T18:00:01", "2026-02-24T11:00:00", "over Spring Festival"),
        ("2026-02-17T10:00:00", "2026-02-24T11:00:00", "in Spring Festival"),
        ("2026-09-19T10:00:00", "2026-09-20T11:00:00", "Saturday before a worked Sunday"),
        ("2026-09-30T18:30:00", "2026-10-08T11:00:00", "over National Day"),
        ("2026-10-09T18:30:00", "2026-10-10T11:00:00", "Friday before a worked Saturday"),
        ("2025-12-31T18:30:00", "2026-01-04T11:00:00", "over the year's end, to a worked Sunday"),
    ],
)
def test_due_in_two_hours(submitted, due, why):
    assert CHINA.due_after_hours(at(submitted)) == at(due), why


@pytest.mark.parametrize(
    ("submitted", "due", "why"),
    [
        ("2026-11-18T10:20:00", "2026-11-23T10:20:00", "Wednesday to Monday, the same time of day"),
        ("2026-11-23T09:00:00", "2026-11-26T09:00:00", "the second it opens"),
        ("2026-11-23T17:59:59", "2026-11-26T17:59:59", "the last second"),
        ("2026-11-23T18:00:00", "2026-11-27T09:00:00", "counted from the next opening"),
        ("2026-11-21T12:00:00", "2026-11-26T09:00:00", "Saturday counts from Monday"),
        ("2026-02-12T10:00:00", "2026-02-24T10:00:00", "Friday, the worked Saturday, then after the festival"),
        ("2026-09-18T10:00:00", "2026-09-22T10:00:00", "over a worked Sunday"),
        ("2026-09-29T10:00:00", "2026-10-09T10:00:00", "over National Day"),
        ("2026-10-08T10:00:00", "2026-10-12T10:00:00", "Friday, the worked Saturday, Monday"),
    ],
)
def test_due_in_three_workdays(submitted, due, why):
    assert CHINA.due_after_workdays(at(submitted)) == at(due), why


def test_another_zone_of_the_person_changes_nothing():
    submitted = at("2026-11-23T10:00:00")
    abroad = submitted.astimezone(ZoneInfo("America/New_York"))
    assert CHINA.due_after_hours(abroad) == at("2026-11-23T12:00:00")
    # Sunday evening in New York is Monday morning in Shanghai.
    assert CHINA.is_open(at("2026-11-22T21:00:00", ZoneInfo("America/New_York")))


def test_another_country():
    zone = ZoneInfo("Europe/Berlin")
    germany = calendar(zone=zone, country="DE")
    assert not germany.is_workday(date(2026, 4, 3))  # Good Friday
    assert germany.is_workday(date(2026, 10, 1)) and not germany.is_workday(date(2026, 2, 14))
    assert germany.due_after_hours(at("2026-04-02T19:00", zone)) == at("2026-04-07T11:00", zone)
    assert germany.knows(2027)


def test_hours_stay_the_same_when_the_clocks_change():
    zone = ZoneInfo("Europe/Berlin")
    germany = calendar(zone=zone, country="DE")
    due = germany.due_after_workdays(at("2026-03-27T10:00", zone))  # summer time begins on the 29th
    assert due == at("2026-04-01T10:00", zone) and due == datetime(2026, 4, 1, 8, tzinfo=UTC)


def test_two_hours_are_two_hours_when_the_clocks_change():
    zone = ZoneInfo("Europe/Berlin")
    sunday = calendar(zone=zone, country="DE", opens=time(0, 30), overrides={date(2026, 3, 29): True})
    assert sunday.due_after_hours(at("2026-03-29T01:30", zone)) == at("2026-03-29T04:30", zone)


def test_a_year_not_yet_announced_keeps_its_statutory_days():
    assert CHINA.knows(2026) and CHINA.knows(2020)
    assert not CHINA.knows(2099)
    # Spring Festival of 2097 is on 12 February, a Tuesday; no weekend is worked for it.
    assert not CHINA.is_workday(date(2097, 2, 12))
    assert not CHINA.is_workday(date(2097, 2, 9)) and not CHINA.is_workday(date(2097, 2, 17))
    assert CHINA.is_workday(date(2097, 3, 1))
    assert CHINA.due_after_hours(at("2097-02-08T18:00")) == at("2097-02-15T11:00")


def test_overrides_go_first():
    changed = calendar(overrides={date(2026, 11, 23): False, date(2026, 11, 21): True})
    assert changed.due_after_hours(at("2026-11-20T18:30")) == at("2026-11-21T11:00")
    assert changed.due_after_hours(at("2026-11-22T10:00")) == at("2026-11-24T11:00")


def test_a_desk_open_late_promises_nothing_for_a_day_off():
    late = calendar(closes=time(23, 30))
    assert late.due_after_hours(at("2026-11-20T23:00")) == at("2026-11-23T09:00")
    assert late.due_after_hours(at("2026-11-19T23:00")) == at("2026-11-20T01:00")


def test_next_opening():
    assert CHINA.next_opening(at("2026-11-23T09:00")) == at("2026-11-23T09:00")
    assert CHINA.next_opening(at("2026-11-23T09:00:01")) == at("2026-11-24T09:00")
    assert CHINA.next_opening(at("2026-11-23T03:00")) == at("2026-11-23T09:00")


@pytest.mark.parametrize(
    "changes",
    [
        {"opens": time(18), "closes": time(9)},
        {"opens": time(9), "closes": time(9)},
        {"country": "XX"},
        {"country": ""},
        {"opens": time(9, tzinfo=UTC)},
    ],
)
def test_wrong_calendars_are_refused(changes):
    with pytest.raises(WrongCalendar):
        calendar(**changes)


def test_a_calendar_without_workdays_is_told_not_waited_for():
    start = date(2026, 1, 1)
    shut = calendar(overrides={start + timedelta(days=n): False for n in range(800)})
    with pytest.raises(WrongCalendar, match="no workday"):
        shut.due_after_hours(at("2026-01-05T10:00"))


def test_a_moment_needs_a_zone():
    with pytest.raises(ValueError, match="without a zone"):
        CHINA.due_after_hours(datetime(2026, 11, 23, 10))  # noqa: DTZ001


CALENDARS = [
    CHINA,
    calendar(zone=ZoneInfo("Europe/Berlin"), country="DE", opens=time(1), closes=time(3)),
    calendar(zone=ZoneInfo("America/New_York"), country="US", opens=time(0), closes=time(23, 59)),
    calendar(zone=ZoneInfo("Australia/Lord_Howe"), country="AU", opens=time(1, 45), closes=time(2, 15)),
]
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))


@given(st.sampled_from(CALENDARS), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=12)))
def test_due_times_are_promises_that_can_be_kept(calendar, submitted, later):
    for promise in (calendar.due_after_hours, calendar.due_after_workdays):
        due = promise(submitted)
        assert due > submitted
        assert promise(submitted + later) >= due, "who submits later is not answered sooner"
        assert calendar.is_workday(due.astimezone(calendar.zone).date())
    assert calendar.is_open(calendar.due_after_workdays(submitted))
    assert calendar.is_open(calendar.next_opening(submitted))
    waits = calendar.due_after_hours(submitted) - submitted
    assert waits >= timedelta(hours=2)


def test_the_library_is_loaded_only_when_asked():
    code = "import sys, console.lib.workdays; print('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
