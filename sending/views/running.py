"""What the page of a confirmed job says beside its ledger: its speed and why, the night, and what may be sent again."""

from __future__ import annotations

import uuid
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from sending import counts as counting
from sending import quiet, slowness
from sending.forms import RescheduleForm, SpeedForm
from sending.models import JobStatus, MessageState, SendJob
from sending.sendable import obstacle
from sending.states import CONFIRMED, RESENDABLE
from sending.views import figures, history

HELD_UP = frozenset({JobStatus.SENDING, JobStatus.PAUSED})
SLOWABLE = HELD_UP | {JobStatus.SCHEDULED}


@dataclass(frozen=True, slots=True)
class Again:
    """Rows that may be sent again: a key of `states.RESENDABLE`, how many, how many of them may have arrived without a
    report, and the jobs that did so before.
    """

    which: str
    n: int
    silent: int
    earlier: list[SendJob]
    token: uuid.UUID


def context(job: SendJob, counts: Mapping[MessageState, int]) -> dict[str, Any]:
    """For `sending/job/ledger.html` and its parts."""
    now = timezone.now()
    waiting = counts[MessageState.QUEUED]
    to_send = max(0, waiting - sum(file.sendable for file in job.files.to_confirm()))
    way = slowness.way(job.application.region)
    barred = obstacle(job) if job.status in HELD_UP else ""
    resends = _resends(job)
    again = [_again(which, counts, resends) for which in reversed(RESENDABLE)]
    return {
        "way": way,
        "to_send": to_send,
        "obstacle": barred,
        "held_late": history.held_for(job),
        "night": _night(job, to_send, now),
        "advice": _advice(job),
        "again": again if job.status in CONFIRMED | {JobStatus.STOPPED} else [],
        "resends": resends,
        "still_leave": figures.still_leave(job, counts, way),
        "reschedule_form": RescheduleForm(job=job) if job.status == JobStatus.SCHEDULED else None,
        "speed_form": SpeedForm(job=job) if job.status in SLOWABLE else None,
    } | _speed(job, counts, way, to_send=to_send, barred=bool(barred), now=now)


def _speed(
    job: SendJob, counts: Mapping[MessageState, int], way: slowness.Way, *, to_send: int, barred: bool, now: datetime
) -> dict[str, Any]:
    speed = counting.rate_now(job) if job.status == JobStatus.SENDING else 0.0
    each = slowness.segments_each(job)
    reachable = 0.0 if barred or not way.is_open else slowness.expected(job, way, each=each)
    queued = dict(counts) | {MessageState.QUEUED: to_send}
    return {
        "pace": figures.pace(
            job, counts, to_send=to_send, speed_now=speed, allowed=way.rate, reachable=reachable, now=now
        ),
        "why": [] if barred else slowness.why(job, queued, way, speed=speed, each=each, now=now),
    }


def _night(job: SendJob, to_send: int, now: datetime) -> quiet.Effect | None:
    """What quiet hours hold up now, or when a scheduled job begins."""
    if job.status == JobStatus.SCHEDULED and job.scheduled_at:
        return quiet.standing(job, to_send, job.scheduled_at)
    return quiet.standing(job, to_send, now) if job.status == JobStatus.SENDING else None


def _advice(job: SendJob) -> str:
    """For notifications that are to begin at night; promotions have hours of their own."""
    if job.status != JobStatus.SCHEDULED or job.scheduled_at is None or quiet.applies(job):
        return ""
    return quiet.advice(job.scheduled_at, zoneinfo.ZoneInfo(job.enterprise.time_zone))


def _again(which: str, counts: Mapping[MessageState, int], resends: list[SendJob]) -> Again:
    return Again(
        which=which,
        n=sum(counts[state] for state in RESENDABLE[which]),
        silent=counts[MessageState.EXPIRED] if MessageState.EXPIRED in RESENDABLE[which] else 0,
        earlier=[one for one in resends if one.resend_which == which],
        token=uuid.uuid4(),
    )


def _resends(job: SendJob) -> list[SendJob]:
    """Jobs that have sent rows of this one again, or may."""
    return list(job.resends.exclude(status__in=[JobStatus.CANCELLED, JobStatus.UNREADABLE]).order_by("pk"))
