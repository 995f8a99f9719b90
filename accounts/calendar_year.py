"""A year of the reviewers' calendar as its page shows it: months, weeks, days, and why a day is what it is."""

from __future__ import annotations

import calendar as weeks
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.utils.dateformat import format as write_date
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.clock import written
from accounts.models import CalendarDay
from console.figures import is_chinese
from console.lib.workdays import DAY, Calendar, DayKind, days_of, holiday_names

WORDS: dict[DayKind, Promise] = {
    DayKind.WORKDAY: gettext_lazy("workday"),
    DayKind.WEEKEND: gettext_lazy("weekend"),
    DayKind.HOLIDAY: gettext_lazy("public holiday"),
    DayKind.MAKEUP: gettext_lazy("make-up workday"),
}
# The library writes into some names the day that another was exchanged for, the American way.
_AMERICAN = re.compile(r"\b(\d\d)/(\d\d)/(\d{4})\b")


@dataclass(frozen=True, slots=True)
class Day:
    """`look` is its class: workday, weekend, holiday, makeup, or of those set by hand set-on and set-off."""

    day: date
    look: str
    words: str  # "1 October 2026: public holiday, National Day"
    is_today: bool

    @property
    def is_plain(self) -> bool:
        return self.look in (DayKind.WORKDAY.value, DayKind.WEEKEND.value)


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: list[list[Day | None]]  # Monday first; None stands for days of other months


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row that are official alike and called alike."""

    first: date
    last: date
    words: str
    name: str

    @property
    def days(self) -> str:
        return short(self.first) if self.first == self.last else f"{short(self.first)} – {short(self.last)}"


def months(held: Calendar, year: int, by_hand: Mapping[date, CalendarDay], today: date) -> list[Month]:
    names = _names(held.country, year)
    found = []
    for number in range(1, 13):
        rows = weeks.Calendar().monthdatescalendar(year, number)
        cells = [
            [_day(held, day, names, by_hand, today) if day.month == number else None for day in row] for row in rows
        ]
        found.append(Month(date(year, number, 1), cells))
    return found


def official(held: Calendar, year: int) -> list[Span]:
    """Public holidays and make-up workdays of a year, whatever was set by hand."""
    names = _names(held.country, year)
    marked = [
        (day, held.official(day), names.get(day, ""))
        for day in days_of(year)
        if held.official(day) in (DayKind.HOLIDAY, DayKind.MAKEUP)
    ]
    # Days in a row are as far from the first as their place in the list is.
    runs = groupby(enumerate(marked), key=lambda pair: (pair[1][0] - pair[0] * DAY, *pair[1][1:]))
    spans = []
    for (_start, kind, name), group in runs:
        days = [day for _place, (day, *_rest) in group]
        spans.append(Span(days[0], days[-1], str(WORDS[kind]), name))
    return spans


def heads() -> list[tuple[str, str]]:
    """Weekdays as the months' columns are headed: in two letters or one Han sign, and in full."""
    short = [str(WEEKDAYS_ABBR[n]) for n in range(7)]
    return [(name[-1] if is_chinese() else name[:2], str(WEEKDAYS[n])) for n, name in enumerate(short)]


def short(day: date) -> str:
    """Thu 1 Oct, 10月1日 周四."""
    return write_date(day, "n月j日 D" if is_chinese() else "D j M")


def legend() -> Iterable[tuple[str, str]]:
    """(look, words), as the grid shows them."""
    yield from ((kind.value, str(words)) for kind, words in WORDS.items())
    yield "set-on", _("workday, set by hand")
    yield "set-off", _("day off, set by hand")


def _day(held: Calendar, day: date, names: Mapping[date, str], by_hand: Mapping[date, CalendarDay], today: date) -> Day:
    kind = held.official(day)
    look, said = kind.value, str(WORDS[kind])
    if day in by_hand:
        exception = by_hand[day]
        look, said = ("set-on", _("workday")) if exception.is_workday else ("set-off", _("day off"))
        who = str(exception.by) if exception.by else _("the command line")
        said = _("%(what)s, set by %(who)s: %(why)s") % {"what": said, "who": who, "why": exception.why}
    elif day in names:
        said = _("%(what)s, %(name)s") % {"what": said, "name": names[day]}
    words = _("%(day)s: %(what)s") % {"day": written(day), "what": said}
    return Day(day, look, words, day == today)


def _names(country: str, year: int) -> dict[date, str]:
    def readable(found: re.Match[str]) -> str:
        month, day, of = map(int, found.groups())
        return written(date(of, month, day))

    known = holiday_names(country, year, "zh_CN" if is_chinese() else "en")
    return {day: _AMERICAN.sub(readable, name) for day, name in known.items()}
