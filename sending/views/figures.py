"""Figures of a job as its page shows them: the ledger, the rate, the end. Values only; templates find the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sending import quiet
from sending.models import SendJob
from sending.slowness import Way
from sending.states import (
    ENDED_AT_CARRIER,
    HANDED_OVER,
    NEVER_SENT,
    STILL_TO_COME,
    STRIP_ORDER,
    FileState,
    JobStatus,
    MessageState,
)

Counts = Mapping[MessageState, int]

GROUPS: tuple[tuple[str, Promise, tuple[MessageState, ...]], ...] = (
    ("ended", _("Ended at the carrier"), ENDED_AT_CARRIER),
    ("never-sent", _("Never sent"), NEVER_SENT),
    ("to-come", _("Still to come"), STILL_TO_COME),
)
S = MessageState
TABS: tuple[tuple[str, Promise, tuple[MessageState, ...]], ...] = (
    ("", _("All"), tuple(S)),
    ("to-send", _("To send"), (S.QUEUED,)),
    ("at-carrier", _("At the carrier"), (S.SUBMITTING, S.ACCEPTED)),
    ("delivered", _("Delivered"), (S.DELIVERED,)),
    ("not-delivered", _("Not delivered"), (S.FAILED, S.REJECTED, S.EXPIRED, S.UNKNOWN)),
    ("never-sent", _("Never sent"), NEVER_SENT),
)
# Reports may still change these, though the job itself rests.
UNDER_WAY = (S.SUBMITTING, S.ACCEPTED)
FRESH = timedelta(minutes=10)


def total(counts: Counts, states: Iterable[MessageState]) -> int:
    return sum(counts.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class Line:
    state: MessageState
    n: int


@dataclass(frozen=True, slots=True)
class Group:
    title: Promise
    n: int
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every row of the file in exactly one state, and whether that adds up."""

    groups: list[Group]
    rows: int
    strip: list[tuple[MessageState, int]]

    @property
    def sum(self) -> int:
        return sum(group.n for group in self.groups)

    @property
    def adds_up(self) -> bool:
        return self.sum == self.rows

    @property
    def missing(self) -> int:
        return abs(self.rows - self.sum)


def strip(counts: Counts) -> list[tuple[MessageState, int]]:
    return [(state, counts.get(state, 0)) for state in STRIP_ORDER]


def ledger(job: SendJob, counts: Counts) -> Ledger:
    groups = [
        Group(
            title=title,
            n=total(counts, states),
            lines=[Line(state, counts.get(state, 0)) for state in states],
        )
        for _key, title, states in GROUPS
    ]
    return Ledger(groups=groups, rows=job.total, strip=strip(counts))


@dataclass(frozen=True, slots=True)
class Pace:
    """How far a job is, how fast it goes, and when it ends if it goes on so."""

    handed_over: int
    sendable: int
    percent: float
    a_second: int | None
    allowed: int  # what the carriers take, in segments a second
    ends_at: datetime | None
    left: str
    took: str
    delivered_percent: float | None  # of those reported
    reported: int
    waiting: int


def pace(
    job: SendJob, counts: Counts, *, to_send: int, speed_now: float, allowed: int, reachable: float, now: datetime
) -> Pace:
    """`to_send`: rows that are queued and confirmed; `reachable`: messages a second where nothing is to be seen yet."""
    handed = total(counts, HANDED_OVER)
    reported = total(counts, (S.DELIVERED, S.FAILED, S.REJECTED))
    sending = job.status == JobStatus.SENDING
    speed = speed_now if sending else _speed_overall(job, handed)
    ends_at = _ends_at(job, to_send, speed_now or reachable, now) if sending else None
    sendable = _sendable(job, counts)
    return Pace(
        handed_over=handed,
        sendable=sendable,
        percent=handed * 100 / sendable if sendable else 0.0,
        a_second=None if speed is None else round(speed) or (1 if speed else 0),
        allowed=allowed,
        ends_at=ends_at,
        left=duration((ends_at - now).total_seconds()) if ends_at is not None else "",
        took=duration((job.finished_at - job.started_at).total_seconds()) if job.started_at and job.finished_at else "",
        delivered_percent=counts.get(S.DELIVERED, 0) * 100 / reported if reported else None,
        reported=reported,
        waiting=total(counts, UNDER_WAY),
    )


def _ends_at(job: SendJob, to_send: int, speed: float, now: datetime) -> datetime | None:
    if not speed:
        return None
    return quiet.ends_at(job, to_send, begins=now, a_second=speed)


def _sendable(job: SendJob, counts: Counts) -> int:
    """Messages that were confirmed: those withheld since are among them, as stopping changes no total."""
    confirmed = [file.sendable for file in job.files.all() if file.state == FileState.CONFIRMED]
    return sum(confirmed) if confirmed else job.total - counts.get(S.INVALID, 0)


def _speed_overall(job: SendJob, handed: int) -> float | None:
    if job.started_at is None or job.finished_at is None or not handed:
        return None
    return handed / max(1.0, (job.finished_at - job.started_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of an SVG chart: x and width in percent, y and height in px, as text that no locale touches."""

    x: str
    width: str
    y: str
    height: str
    minute: datetime
    n: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Messages a minute as bars from the left, the newest last."""

    bars: list[Bar]
    top: int

    SLOTS: ClassVar[int] = 16
    HEIGHT: ClassVar[float] = 46.0

    @classmethod
    def of(cls, rates: Sequence[tuple[datetime, int]]) -> Rates:
        shown = rates[-cls.SLOTS :]
        top = max((n for _minute, n in shown), default=0)
        if not top:
            return cls([], 0)
        bars = []
        for i, (minute, n) in enumerate(shown):
            tall = max(n / top * (cls.HEIGHT - 4), 1.0 if n else 0.0)
            x = f"{0.6 + i * 100 / cls.SLOTS:.2f}%"
            bars.append(Bar(x, "5%", f"{cls.HEIGHT - tall:.1f}", f"{tall:.1f}", minute=minute, n=n))
        return cls(bars, top)


def is_recent(job: SendJob, now: datetime) -> bool:
    """Whether the rate's chart, which shows the last minutes, can have anything of this job."""
    return job.started_at is not None and (job.finished_at is None or now - job.finished_at < timedelta(minutes=15))


def polls_every(job: SendJob, counts: Counts, now: datetime) -> int:
    """Seconds until the page looks again; 0 where nothing moves by itself any more."""
    if job.status == JobStatus.UPLOADED:
        return 1
    if job.status == JobStatus.SCHEDULED:
        return 5
    if job.status == JobStatus.SENDING:
        return 2
    withheld = job.status in {JobStatus.STOPPED, JobStatus.CANCELLED} and counts.get(S.QUEUED, 0)
    if job.status in {JobStatus.PAUSED, JobStatus.DONE, JobStatus.STOPPED} and total(counts, UNDER_WAY) or withheld:
        recent = job.finished_at is None or now - job.finished_at < FRESH
        return 2 if recent else 15
    return 0


def still_leave(job: SendJob, counts: Counts, way: Way) -> int:
    """How many may still leave after a stop: what is on its way, and while sending what is claimed in that moment.

    Never more than the carriers' windows hold, whenever the stop comes.
    """
    under_way = counts.get(S.SUBMITTING, 0)
    if job.status != JobStatus.SENDING:
        return under_way
    return min(under_way + counts.get(S.QUEUED, 0), max(under_way, way.windows))


def duration(seconds: float) -> str:
    """29 min; 2 h 5 min; 40 s."""
    whole = round(seconds)
    if whole < 100:
        return gettext("%(n)s s") % {"n": max(1, whole)}
    minutes = round(seconds / 60)
    if minutes < 100:
        return gettext("%(n)s min") % {"n": minutes}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}
