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
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# No calendar is shut for longer; one that says so is wrong, and nobody waits for its end.
LONGEST_SHUT_DAYS = 366


class WrongCalendar(ValueError):
    """A calendar that nobody could review by: closes before it opens, an unknown country, never a workday."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When reviews are decided. The desk is open from `opens` up to, not including, `closes` on workdays in `zone`.

    `country` is one of ISO 3166-1 that `holidays` knows. `overrides` says of single days whether they are workdays.
    """

    zone: ZoneInfo
    opens: time
    closes: time
    country: str = "CN"
    overrides: Mapping[date, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.opens.tzinfo or self.closes.tzinfo:
            raise WrongCalendar("opening times are of the calendar's zone, they carry none of their own")
        if self.opens >= self.closes:
            raise WrongCalendar(f"opens at {self.opens}, but closes at {self.closes}")
        if self.country not in countries():
            raise WrongCalendar(f"no holidays are known for {self.country!r}")

    def is_workday(self, day: date) -> bool:
        override = self.overrides.get(day)
        return day not in _days_off(self.country, day.year) if override is None else override

    def knows(self, year: int) -> bool:
        """Whether the official workdays of `year` are known, or the statutory days stand in for them."""
        known = _announced_years(self.country)
        return known is None or year in known

    def is_open(self, moment: datetime) -> bool:
        day = self._day(moment)
        return self.is_workday(day) and self._at(day, self.opens) <= _utc(moment) < self._at(day, self.closes)

    def next_opening(self, moment: datetime) -> datetime:
        """When the desk opens next: `moment` itself if it opens right then, later if it is open already."""
        day, moment = self._day(moment), _utc(moment)
        if not self.is_workday(day) or self._at(day, self.opens) < moment:
            day = self._workday_after(day)
        return self._at(day, self.opens)

    def due_after_hours(self, submitted: datetime, hours: int = 2) -> datetime:
        """By when something submitted then is decided, `hours` being promised."""
        if not self.is_open(submitted):
            submitted = self.next_opening(submitted)
        due = _utc(submitted) + timedelta(hours=hours)
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
def _days_off(country: str, year: int) -> frozenset[date]:
    """Weekends and holidays of a year, without make-up workdays. About 2 ms once, so that a look-up is one of a set."""
    import holidays

    # The year after belongs to it: a New Year's holiday may take a make-up workday from the December before.
    known = holidays.country_holidays(country, years=(year, year + 1), expand=False)
    days = (date(year, 1, 1) + i * DAY for i in range(366))
    return frozenset(day for day in days if day.year == year and not known.is_working_day(day))


@lru_cache(maxsize=64)
def _announced_years(country: str) -> frozenset[int] | None:
    """The years whose make-up workdays the library has; None for a country that has no such days."""
    import holidays

    known = holidays.country_holidays(country)
    if not known.has_substituted_holidays:
        return None
    return frozenset(getattr(known, "special_public_holidays", ()))
