"""The promise of the review times, as pages show it: by kind and by week of the desk, and the same as bars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics.chart import BASE, TOP, Piece, Tick
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts import promise
from accounts.models.review import ReviewClock
from accounts.promise import Queue, Tally, Took
from console import figures
from templates_app.reviews import KINDS

WEEKS = 12
PEOPLE_WEEKS = 4
CLOCKS = {
    ReviewClock.TWO_HOURS: gettext_lazy("2 hours"),
    ReviewClock.THREE_WORKDAYS: gettext_lazy("3 workdays"),
}
STEPS = (0, 50, 100)  # percent, at the chart's side


@dataclass(frozen=True, slots=True)
class Facts:
    """What was counted, without words: it may be kept for a while and read in any language."""

    monday: date  # of the week that it is
    weeks: dict[tuple[str, date], Tally]
    took: dict[str, Took]
    queues: dict[str, Queue]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind."""

    label: Any
    clock: Any  # what is promised, in words
    tally: Tally
    took: Took | None
    queue: Queue

    @property
    def worked(self) -> str:
        return words(self.took.worked if self.took else None)

    @property
    def wall(self) -> str:
        return words(self.took.wall if self.took else None)

    @property
    def waits(self) -> str:
        return _waits(self.queue)


@dataclass(frozen=True, slots=True)
class Week:
    monday: date
    total: Tally
    kinds: list[Tally]  # in the order of the rows
    x: str  # where its bar stands
    shown_on_phones: bool

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def year(self) -> int:
        return self.monday.isocalendar().year


@dataclass(frozen=True, slots=True)
class Figures:
    rows: list[Row]
    weeks: list[Week]  # the oldest first
    total: Tally
    queue: Queue
    pieces: list[Piece]
    ticks: list[Tick]

    @property
    def waits(self) -> str:
        return _waits(self.queue)


def facts() -> Facts:
    """As it is now: a pass over all that was decided in these weeks, and one over what waits."""
    monday = promise.this_monday()
    since = _first(monday, WEEKS)
    return Facts(monday, promise.weeks(since), promise.took(since), promise.queues())


def kept_facts() -> Facts:
    """The same, at most a minute old: counted once, however many ask."""
    found = cache.get("promise-facts")
    if found is None:
        found = facts()
        cache.set("promise-facts", found, promise.KEPT.total_seconds())
    return found


def shown(known: Facts) -> Figures:
    names = {key: str(kind.model._meta.model_name) for key, kind in KINDS.items()}
    mondays = [_first(known.monday, WEEKS - i) for i in range(WEEKS)]
    rows = [
        Row(
            kind.label,
            CLOCKS[kind.model.REVIEW_CLOCK],
            _sum(known.weeks.get((names[key], monday), Tally()) for monday in mondays),
            known.took.get(names[key]),
            known.queues.get(names[key], Queue()),
        )
        for key, kind in KINDS.items()
    ]
    weeks = [
        _week(i, monday, [known.weeks.get((name, monday), Tally()) for name in names.values()])
        for i, monday in enumerate(mondays)
    ]
    return Figures(
        rows,
        weeks,
        _sum(week.total for week in weeks),
        _queue([row.queue for row in rows]),
        [piece for i, week in enumerate(weeks) for piece in _bar(i, week.total)],
        [Tick(f"{_y(n):.1f}", f"{_y(n) + 4:.1f}", f"{n} %", is_base=n == 0) for n in STEPS],
    )


def people() -> list[promise.Person]:
    return promise.people(_first(promise.this_monday(), PEOPLE_WEEKS))


def words(span: timedelta | None) -> str:
    """A length of time in short; nothing for none."""
    return "" if span is None else figures.span(span.total_seconds())


def _waits(queue: Queue) -> str:
    return words(timezone.now() - queue.since) if queue.since else ""


def _first(monday: date, weeks: int) -> date:
    """The Monday on which the last so many weeks begin, this one counted."""
    return monday - timedelta(weeks=weeks - 1)


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def _queue(queues: list[Queue]) -> Queue:
    far = datetime.max.replace(tzinfo=UTC)
    oldest = min(queues, key=lambda queue: queue.since or far)
    length, late = sum(queue.length for queue in queues), sum(queue.late for queue in queues)
    return Queue(length, late, oldest.since, oldest.is_oldest_late)


def _week(i: int, monday: date, kinds: list[Tally]) -> Week:
    return Week(monday, _sum(kinds), kinds, f"{(i + 0.5) * 100 / WEEKS:.2f}%", i % 2 == 1)


def _bar(i: int, week: Tally) -> list[Piece]:
    """In time below, late above, together the whole height; a week without decisions has no bar."""
    if not week.decided:
        return []
    slot = 100 / WEEKS
    x, width = f"{(i + 0.19) * slot:.2f}%", f"{slot * 0.62:.2f}%"
    middle = _y(week.in_time * 100 / week.decided)
    pieces = []
    if week.in_time:
        pieces.append(Piece("is-delivered", x, width, f"{middle:.1f}", f"{BASE - middle:.1f}"))
    if week.late:
        pieces.append(Piece("is-failed", x, width, f"{TOP:.1f}", f"{max(1.0, middle - TOP):.1f}"))
    return pieces


def _y(percent: float) -> float:
    return BASE - percent / 100 * (BASE - TOP)
