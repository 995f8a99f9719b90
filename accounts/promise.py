"""How the promise of the review times is kept, counted from the reviews themselves, over every kind of them.

"In time" is what was decided by its due time; the clock's stops for questions are in that time already. What was
rejected while a question stood unanswered has no due time: it counts as in time if some of the promise was left when
the question was asked. What was withdrawn was not decided, and what came in before there was a clock was promised
nothing: neither counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection, models
from django.db.models import Case, Count, Exists, F, Min, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Review, ReviewState
from accounts.models.desk import ReviewDesk

KEPT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many were decided, and how many of them in time."""

    decided: int = 0
    in_time: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.decided + other.decided, self.in_time + other.in_time)

    @property
    def late(self) -> int:
        return self.decided - self.in_time

    @property
    def percent(self) -> float | None:
        """Of what was decided, that in time; None where nothing was."""
        return self.in_time * 100 / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Took:
    """Medians of how long decisions took: in the desk's working time, and by the wall clock since it was sent in."""

    worked: timedelta | None
    wall: timedelta


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for reviewers now: how many, how many of them late; since when the oldest waits, and if it is late."""

    length: int = 0
    late: int = 0
    since: datetime | None = None
    is_oldest_late: bool = False
    urged: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """What one of the staff has decided."""

    name: str
    tally: Tally
    rejected: int
    worked: timedelta | None  # median

    @property
    def rejected_percent(self) -> float:
        return self.rejected * 100 / self.tally.decided


def this_monday() -> date:
    """The first day of the week that it is at the desk."""
    today = timezone.now().astimezone(_zone()).date()
    return today - timedelta(days=today.weekday())


def weeks(since: date) -> dict[tuple[str, date], Tally]:
    """By kind (name of the model) and the Monday of the desk's week, from the Monday `since` on.

    Weeks without decisions are missing.
    """
    zone, last = _zone(), this_monday()
    mondays = [since + timedelta(weeks=i) for i in range((last - since).days // 7 + 1)]
    rows = _ask(
        # Looking a moment up among a few is far cheaper than asking for the week of each in a zone.
        "SELECT kind_name, width_bucket(decided_at, %s::timestamptz[]), count(*), count(*) FILTER (WHERE in_time)",
        since,
        "GROUP BY 1, 2",
        [[_midnight(monday, zone) for monday in mondays]],
    )
    return {(kind, mondays[week - 1]): Tally(n, in_time) for kind, week, n, in_time in rows}


def took(since: date) -> dict[str, Took]:
    """By kind; kinds without decisions are missing. Kinds have different promises, so there is no median of all."""
    start, asked, params = _midnight(since, _zone()), [], []
    for kind in Review.__subclasses__():
        inner, its_params = _decided(kind, start).query.sql_with_params()
        name = kind._meta.model_name
        asked.append(f"SELECT '{name}', {_median('worked')}, {_median('wall')} FROM ({inner}) AS decided")  # noqa: S608
        params += its_params
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked), params)
        rows = cursor.fetchall()
    return {kind: Took(_span(worked), timedelta(seconds=wall)) for kind, worked, wall in rows if wall is not None}


def people(since: date) -> list[Person]:
    """Whoever has decided something, the busiest first."""
    rows = _ask(
        "SELECT u.name, count(*), count(*) FILTER (WHERE in_time), count(*) FILTER (WHERE rejected),"
        f" {_median('worked')}",
        since,
        "JOIN accounts_user u ON u.id = decided_by_id GROUP BY u.id, u.name ORDER BY 2 DESC, u.name",
    )
    return [Person(name, Tally(n, in_time), rejected, _span(worked)) for name, n, in_time, rejected, worked in rows]


def queues() -> dict[str, Queue]:
    """By kind; kinds of which nothing waits are missing. Counted from when reviewers could begin, or go on."""
    first, *others = (_queue(kind) for kind in Review.__subclasses__())
    rows = first.union(*others, all=True)
    return {kind: Queue(n, *numbers) for kind, n, *numbers in rows if n}


def this_month() -> Tally:
    """Of all kinds, in the desk's calendar month; at most a minute old."""
    first = timezone.now().astimezone(_zone()).date().replace(day=1)
    key = f"promise-{first}"
    found = cache.get(key)
    if found is None:
        ((n, in_time),) = _ask("SELECT count(*), count(*) FILTER (WHERE in_time)", first, "")
        found = (n, in_time)
        cache.set(key, found, KEPT.total_seconds())
    return Tally(*found)


def _median(column: str) -> str:
    """In whole seconds, which are sorted several times faster than intervals."""
    return f"percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM {column})::int)"


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _queue(kind: type[Review]) -> Any:
    """One row in the order of `Queue`, after the kind."""
    rows = kind._default_manager.filter(review_state=ReviewState.IN_REVIEW)
    began = Coalesce("counted_from", "submitted_at")
    is_late = Q(due_at__lt=timezone.now())
    oldest = rows.order_by(began.asc(), "pk")[:1].values("pk")
    return (
        rows.order_by()
        .values(kind_name=Value(str(kind._meta.model_name), output_field=models.CharField()))
        .annotate(
            n=Count("pk"),
            late=Count("pk", filter=is_late),
            since=Min(began),
            urged=Count("urged_at"),
            first_late=Exists(kind._default_manager.filter(is_late, pk__in=oldest)),
        )
        .values_list("kind_name", "n", "late", "since", "first_late", "urged")
    )


def _ask(select: str, since: date, rest: str, first_params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """`select`, with its parameters, from what was decided since that day of the desk."""
    start = _midnight(since, _zone())
    first, *others = (_decided(kind, start) for kind in Review.__subclasses__())
    inner, params = first.union(*others, all=True).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{select} FROM ({inner}) AS decided {rest}", [*first_params, *params])
        return cursor.fetchall()


def _zone() -> ZoneInfo:
    return ZoneInfo(ReviewDesk.current().zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _decided(kind: type[Review], start: datetime) -> Any:
    """What was decided since then and had been promised something, in the columns that the questions above name."""
    promised = Q(due_at__isnull=False) | Q(time_left__isnull=False)
    kept = Q(due_at__gte=F("decided_at")) | Q(due_at__isnull=True, time_left__gt=timedelta(0))
    return (
        kind._default_manager.filter(promised, built_in=False, decided_by__isnull=False, decided_at__gte=start)
        .order_by()
        .annotate(
            kind_name=Value(str(kind._meta.model_name), output_field=models.CharField()),
            in_time=Case(When(kept, then=Value(True)), default=Value(False)),
            rejected=Case(When(review_state=ReviewState.REJECTED, then=Value(True)), default=Value(False)),
            wall=models.ExpressionWrapper(F("decided_at") - F("submitted_at"), models.DurationField()),
        )
        .values("kind_name", "decided_at", "decided_by_id", "in_time", "rejected", "worked", "wall")
    )
