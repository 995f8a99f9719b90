"""The clock of those who review: which days are workdays, when the desk is open, and by when an answer is promised.

Workdays come from the `holidays` library: public holidays of any of its countries, and for the Chinese mainland also
the make-up workdays, weekend days on which everybody works. The State Council announces those only weeks before their
year, so `Calendar.knows` says whether a year's are known; until then the statutory days hold. Exceptions of our own go
before the library's (`overrides`).

What is promised (product reference, "Decisions", review clock):

- submitted while the desk is open: two hours later, by the wall clock. Somebody who submits at 17:30 is told 19:30 the
  same day, as the reference says, not "tomorrow 10:30": decisions are bound to workdays, not to opening hours, so the
  promise can be kept. Where two hours lead into a day that is no workday (a desk open until late on a Friday), it is
  the opening after them, because nobody may decide before;
- otherwise: two hours after the next opening;
- in workdays: the same time of day so many workdays later, counted from the next opening when the desk is closed.

Every moment that goes in is aware; those that come out are aware, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# No calendar is shut for longer; one that says so is wrong, and nobody waits for its end.
LONGEST_SHUT_DAYS = 366


class WrongCalendar(ValueError):
    """A calendar that nobody could review by: closes before it opens, an unknown country, never a workday."""


class DayKind(Enum):
    """What a day is officially."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # also where it falls on a weekend
    MAKEUP = "makeup"  # a day of the weekend on which everybody works


@dataclass(frozen=True, slots=True)
class Calendar:
    """When reviews are decided. The desk is open from `opens` up to, not including, `closes` on workdays in `zone`.

    `country` is one of ISO 3166-1 that `holidays` knows. `overrides` says of single days whether they are workdays.
    `confirmed`: years of which somebody has said that all their official days are among the overrides.
    """

    zone: ZoneInfo
    opens: time
    closes: time
    country: str = "CN"
    overrides: Mapping[date, bool] = field(default_factory=dict)
    confirmed: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.opens.tzinfo or self.closes.tzinfo:
            raise WrongCalendar("opening times are of the calendar's zone, they carry none of their own")
        if self.opens >= self.closes:
            raise WrongCalendar(f"opens at {self.opens}, but closes at {self.closes}")
        if self.country not in countries():
            raise WrongCalendar(f"no holidays are known for {self.country!r}")

    def is_workday(self, day: date) -> bool:
        override = self.overrides.get(day)
        return self.official(day) in (DayKind.WORKDAY, DayKind.MAKEUP) if override is None else override

    def official(self, day: date) -> DayKind:
        """What it is but for the overrides."""
        return _official(self.country, day.year)[day]

    def knows(self, year: int) -> bool:
        """Whether the official workdays of `year` are known, or the statutory days stand in for them."""
        return year in self.confirmed or is_announced(self.country, year)

    def is_open(self, moment: datetime) -> bool:
        day = self._day(moment)
        return self.is_workday(day) and self._at(day, self.opens) <= _utc(moment) < self._at(day, self.closes)

    def next_opening(self, moment: datetime) -> datetime:
        """When the desk opens next: `moment` itself if it opens right then, later if it is open already."""
        day, moment = self._day(moment), _utc(moment)
        if not self.is_workday(day) or self._at(day, self.opens) < moment:
            day = self._workday_after(day)
        return self._at(day, self.opens)

    def closing(self, moment: datetime) -> datetime | None:
        """When the desk closes that is open at `moment`; None where it is not."""
        return self._at(self._day(moment), self.closes) if self.is_open(moment) else None

    def due_after_hours(self, submitted: datetime, hours: int | timedelta = 2) -> datetime:
        """By when something submitted then is decided, `hours` being promised."""
        if not self.is_open(submitted):
            submitted = self.next_opening(submitted)
        due = _utc(submitted) + (hours if isinstance(hours, timedelta) else timedelta(hours=hours))
        return due if self.is_workday(self._day(due)) else self.next_opening(due)

    def due_after_workdays(self, submitted: datetime, days: int = 3) -> datetime:
        """By when something submitted then is decided, `days` workdays being promised; while the desk is open."""
        start = _utc(submitted) if self.is_open(submitted) else self.next_opening(submitted)
        day = self._day(start)
        for _ in range(days):
            day = self._workday_after(day)
        # As long after that day's opening, which is the same time of day unless the clocks change on one of the two.
        due = self._at(day, self.opens) + (start - self._at(self._day(start), self.opens))
        return min(due, self._at(day, self.closes) - timedelta(microseconds=1))

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """How long the desk is open from `start` to `end`; nothing where `end` is not after `start`."""
        start, end = _utc(start), _utc(end)
        total, day, last = timedelta(0), self._day(start), self._day(end)
        while day <= last:
            if self.is_workday(day):
                total += max(min(end, self._at(day, self.closes)) - max(start, self._at(day, self.opens)), timedelta(0))
            day += DAY
        return total

    def after_open(self, start: datetime, span: timedelta) -> datetime:
        """When the desk will have been open for `span` since `start`: at its closing, not at the next opening."""
        day, moment = self._day(start), _utc(start)
        if not self.is_workday(day) or moment >= self._at(day, self.closes):
            day = self._workday_after(day)
        while True:
            begins = max(moment, self._at(day, self.opens))
            room = self._at(day, self.closes) - begins
            if span <= room:
                return begins + span
            span, day = span - room, self._workday_after(day)

    def _day(self, moment: datetime) -> date:
        return _utc(moment).astimezone(self.zone).date()

    def _at(self, day: date, hour: time) -> datetime:
        # A time that the clocks skip becomes the one as long after the change; of a doubled one it is the first.
        return datetime.combine(day, hour, self.zone).astimezone(UTC)

    def _workday_after(self, day: date) -> date:
        for _ in range(LONGEST_SHUT_DAYS):
            day += DAY
            if self.is_workday(day):
                return day
        raise WrongCalendar(f"no workday within {LONGEST_SHUT_DAYS} days before {day}")


def _utc(moment: datetime) -> datetime:
    """In UTC, because arithmetic and comparison within one zone go by its wall clock."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(UTC)


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Codes of the countries whose holidays are known."""
    import holidays  # 40 ms, paid by the first who asks

    return frozenset(holidays.list_supported_countries(include_aliases=False))


@lru_cache(maxsize=64)
def _official(country: str, year: int) -> Mapping[date, DayKind]:
    """Every day of a year. About 2 ms once, so that a look-up is one of a dictionary."""
    import holidays

    # The year after belongs to it: a New Year's holiday may take a make-up workday from the December before.
    known = holidays.country_holidays(country, years=(year, year + 1), expand=False)
    kinds = {
        (True, False): DayKind.WORKDAY,
        (True, True): DayKind.MAKEUP,
        (False, False): DayKind.HOLIDAY,
        (False, True): DayKind.WEEKEND,
    }
    found = {}
    for day in days_of(year):
        kind = kinds[known.is_working_day(day), known.is_weekend(day)]
        found[day] = DayKind.HOLIDAY if kind is DayKind.WEEKEND and day in known else kind
    return found


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + n * DAY for n in range((date(year, 12, 31) - first).days + 1)]


@lru_cache(maxsize=64)
def holiday_names(country: str, year: int, language: str) -> Mapping[date, str]:
    """What the public holidays of a year are called in `language` ("en", "zh_CN"); where the library does not have it,
    in English, else as the country calls them.
    """
    import holidays

    offered = type(holidays.country_holidays(country)).supported_languages or ()
    fitting = [code for wanted in (language, "en") for code in offered if code == wanted or code.startswith(wanted)]
    known = holidays.country_holidays(country, years=year, expand=False, language=fitting[0] if fitting else None)
    return {day: ", ".join(known.get_list(day)) for day in sorted(known) if day.year == year}


@lru_cache(maxsize=256)
def is_announced(country: str, year: int) -> bool:
    """Whether the library has all days of that year. Of a country that makes up for holidays on weekends it has only
    those of the years whose notice it has seen; of a few others only those up to some year.
    """
    import holidays

    known = holidays.country_holidays(country)
    if not known.start_year <= year <= known.end_year:
        return False
    return not known.has_substituted_holidays or year in getattr(known, "special_public_holidays", ())
