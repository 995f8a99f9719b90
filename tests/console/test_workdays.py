"""The reviewers' clock, with fixed dates. Holidays of 2026: notice of the State Council of 4 November 2025."""

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.lib.workdays import Calendar, DayKind, WrongCalendar, days_of, holiday_names, is_announced

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
        ("2026-05-09", True, "Saturday worked for Labour Day"),
        ("2026-11-21", False, "an ordinary Saturday"),
        ("2025-01-26", True, "Sunday worked for Spring Festival"),
        ("2025-02-08", True, "Saturday worked for Spring Festival"),
        ("2025-02-04", False, "last day off, a Tuesday"),
        ("2025-09-28", True, "Sunday worked for National Day and Mid-Autumn"),
        ("2025-10-08", False, "National Day and Mid-Autumn together, a Wednesday"),
        ("2025-10-11", True, "Saturday worked for both"),
        ("2024-02-29", True, "the day that four years have once"),
        ("2026-12-31", True, "year end"),
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
        ("2025-12-31T17:59:59", "2025-12-31T19:59:59", "the last second of a year's work"),
        ("2026-11-23T17:59:59.999999", "2026-11-23T19:59:59.999999", "the last moment"),
        ("2025-01-25T12:00:00", "2025-01-26T11:00:00", "Saturday before a worked Sunday"),
        ("2024-02-29T23:59:59", "2024-03-01T11:00:00", "out of a leap day"),
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
        ("2025-12-30T16:00:00", "2026-01-05T16:00:00", "over the year's end: Wednesday, the worked Sunday, Monday"),
        ("2026-02-10T18:00:00", "2026-02-14T09:00:00", "evening: from Wednesday, to the worked Saturday"),
        ("2026-02-14T17:59:59", "2026-02-26T17:59:59", "the last second before the festival"),
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


@pytest.mark.parametrize(
    ("zone", "country", "submitted", "hours", "workdays", "why"),
    [
        ("Asia/Kathmandu", "NP", "2026-11-23T17:59", "2026-11-23T19:59", "2026-11-26T17:59", "a quarter-hour zone"),
        ("America/New_York", "US", "2026-11-25T18:00", "2026-11-27T11:00", "2026-12-02T09:00", "over Thanksgiving"),
        ("America/New_York", "US", "2026-10-30T10:00", "2026-10-30T12:00", "2026-11-04T10:00", "clocks go back"),
        ("America/New_York", "US", "2026-03-06T10:00", "2026-03-06T12:00", "2026-03-11T10:00", "clocks go forward"),
        ("Europe/Berlin", "DE", "2026-12-24T18:00", "2026-12-28T11:00", "2026-12-31T09:00", "over Christmas"),
        ("Europe/Berlin", "DE", "2026-10-23T10:00", "2026-10-23T12:00", "2026-10-28T10:00", "clocks go back"),
        ("Asia/Riyadh", "SA", "2026-11-19T18:00", "2026-11-22T11:00", "2026-11-25T09:00", "weekend Friday, Saturday"),
        ("Asia/Hong_Kong", "HK", "2026-02-16T18:00", "2026-02-20T11:00", "2026-02-24T09:00", "Saturdays are worked"),
    ],
)
def test_due_in_other_zones_and_countries(zone, country, submitted, hours, workdays, why):
    zone = ZoneInfo(zone)
    there = calendar(zone=zone, country=country)
    assert there.due_after_hours(at(submitted, zone)) == at(hours, zone), why
    assert there.due_after_workdays(at(submitted, zone)) == at(workdays, zone), why


def test_an_hour_that_the_clocks_skip_or_double():
    zone = ZoneInfo("Europe/Berlin")
    night = calendar(zone=zone, country="DE", opens=time(2, 30), closes=time(4), overrides={
        date(2026, 3, 29): True, date(2026, 10, 25): True
    })  # fmt: skip
    # 02:30 does not exist on 29 March: the desk opens half an hour after the change, at 03:30 summer time.
    assert night.next_opening(at("2026-03-29T00:00", zone)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert night.open_between(at("2026-03-29T00:00", zone), at("2026-03-29T12:00", zone)) == timedelta(minutes=30)
    # On 25 October it comes twice: the desk opens at the first, and is open an hour longer.
    assert night.next_opening(at("2026-10-25T00:00", zone)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert night.open_between(at("2026-10-25T00:00", zone), at("2026-10-25T12:00", zone)) == timedelta(hours=2.5)


@pytest.mark.parametrize(
    ("start", "end", "hours", "why"),
    [
        ("2026-11-23T10:00", "2026-11-23T12:30", 2.5, "within a day"),
        ("2026-11-23T12:00", "2026-11-23T12:00", 0, "no time at all"),
        ("2026-11-23T12:00", "2026-11-23T10:00", 0, "backwards"),
        ("2026-11-23T17:59", "2026-11-24T09:01", 2 / 60, "over a night"),
        ("2026-11-20T17:00", "2026-11-23T10:00", 2, "over a weekend"),
        ("2026-02-13T17:00", "2026-02-24T10:00", 11, "over Spring Festival, with the worked Saturday before it"),
        ("2026-11-21T00:00", "2026-11-22T23:59", 0, "a weekend"),
        ("2025-12-31T17:00", "2026-01-05T09:30", 10.5, "over the year's end, with a worked Sunday"),
    ],
)
def test_time_that_the_desk_is_open(start, end, hours, why):
    assert CHINA.open_between(at(start), at(end)) == timedelta(hours=hours), why


@pytest.mark.parametrize(
    ("start", "hours", "end", "why"),
    [
        ("2026-11-23T10:00", 2, "2026-11-23T12:00", "within a day"),
        ("2026-11-23T10:00", 8, "2026-11-23T18:00", "to the closing, not to the next opening"),
        ("2026-11-23T10:00", 8.5, "2026-11-24T09:30", "over a night"),
        ("2026-11-20T17:50", 1, "2026-11-23T09:50", "over a weekend"),
        ("2026-11-21T12:00", 27, "2026-11-25T18:00", "three workdays from a Saturday"),
        ("2026-11-21T12:00", 0, "2026-11-23T09:00", "nothing left: the next opening"),
        ("2026-11-23T12:00", 0, "2026-11-23T12:00", "nothing left, and open"),
        ("2026-09-30T17:00", 2, "2026-10-08T10:00", "over National Day"),
    ],
)
def test_when_the_desk_has_been_open_for_so_long(start, hours, end, why):
    assert CHINA.after_open(at(start), timedelta(hours=hours)) == at(end), why


def test_what_a_day_is_officially_and_what_it_is_called():
    kinds = {
        "2026-10-01": DayKind.HOLIDAY, "2026-10-03": DayKind.HOLIDAY, "2026-10-04": DayKind.WEEKEND,
        "2026-10-08": DayKind.WORKDAY, "2026-10-10": DayKind.MAKEUP,
    }  # fmt: skip
    changed = calendar(overrides={date(2026, 10, 1): True})
    assert {day: changed.official(date.fromisoformat(day)) for day in kinds} == kinds
    assert len(days_of(2024)) == 366 and days_of(2026)[-1] == date(2026, 12, 31)
    national = date(2026, 10, 1)
    assert holiday_names("CN", 2026, "en")[national] == "National Day"
    assert holiday_names("CN", 2026, "zh_CN")[national] == "国庆节"
    # A country without names in the reader's language has them in English.
    assert holiday_names("JP", 2026, "zh_CN")[date(2026, 1, 1)] == "New Year's Day"


def test_which_years_are_known():
    assert is_announced("CN", 2026) and not is_announced("CN", 2099)
    assert is_announced("DE", 2040), "a country without make-up workdays"
    assert not is_announced("DE", 1700), "before the library begins"
    assert not CHINA.knows(2099) and calendar(confirmed=frozenset({2099})).knows(2099)


def test_the_desk_is_open_up_to_its_closing():
    assert CHINA.closing(at("2026-11-23T17:59:59")) == at("2026-11-23T18:00")
    assert CHINA.closing(at("2026-11-23T18:00")) is None and CHINA.closing(at("2026-11-22T12:00")) is None


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


SPANS = st.timedeltas(timedelta(0), timedelta(days=6))


@given(st.sampled_from(CALENDARS), MOMENTS, SPANS, SPANS)
def test_open_time_adds_up(calendar, start, span, more):
    end = calendar.after_open(start, span)
    assert end >= start
    assert calendar.open_between(start, end) == span
    assert calendar.after_open(start, span + more) >= end, "more work is not done sooner"
    assert calendar.after_open(start + more, span) >= end, "who begins later is not done sooner"
    # What is left of a promise when the clock stops is what is promised again when it goes on at once.
    between = start + (end - start) / 3
    assert calendar.open_between(start, between) + calendar.open_between(between, end) == span


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=20)), st.timedeltas(timedelta(0), timedelta(days=20)))
def test_a_longer_time_is_open_longer(start, one, two):
    short, long = sorted([one, two])
    assert CHINA.open_between(start, start + short) <= CHINA.open_between(start, start + long) <= long


def test_the_library_is_loaded_only_when_asked():
    code = "import sys, console.lib.workdays; print('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
