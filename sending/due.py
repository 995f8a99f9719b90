"""What the clock does to jobs: begins them, late or not at all, and ends them when their time is over.

By the database's clock. Of two beats one wins, and of a beat and a person too: a job is held while its time is looked
at, so that who moves it to another time at the last moment is not too late.
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone, translation

from accounts import audit, notices
from accounts.models import NoticeKind
from console.lib.errors import NotAllowed
from sending import dispatch, jobs, ledger, trial
from sending.models import JobStatus, LatePolicy, SendJob
from sending.sendable import check_sendable, obstacle
from sending.states import SkipReason
from templates_app import signatures

log = structlog.get_logger(__name__)


def start_due_jobs() -> int:
    """Scheduled jobs whose time has come begin to send, or are held or dropped as their plan says; how many."""
    started = 0
    for pk in SendJob.objects.due().values_list("pk", flat=True):
        try:
            started += _start(pk)
        except NotAllowed:
            continue  # cancelled in this very moment
    return started


@transaction.atomic
def _start(pk: int) -> bool:
    """False where another beat has it, or a person has moved it to another time."""
    due = SendJob.objects.due().select_for_update(of=("self",), no_key=True).annotate(clock=Now())
    job = due.filter(pk=pk).first()
    if job is None or job.scheduled_at is None:
        return False
    late = job.clock - job.scheduled_at
    if job.late_policy == LatePolicy.DROP and _is_too_late(job, late):
        _drop(job, late)
        return True
    job.move(JobStatus.SENDING, by=None, started_at=Now())
    if job.late_policy == LatePolicy.ASK and _is_too_late(job, late):
        _hold(job, reason="The system was late.", late=_minutes(late))
        notices.tell(job.enterprise, NoticeKind.ACCOUNT, "job.held_late", late=_minutes(late), **_about(job))
        return True
    try:
        check_sendable(job)
        trial.admit(job)
    except NotAllowed as problem:
        # What the job relies on may have gone since it was confirmed.
        _hold(job, reason=str(problem))
        notices.tell(job.enterprise, NoticeKind.ACCOUNT, "job.held", **_obstacles(job), **_about(job))
    else:
        if job.signature is not None:
            signatures.used(job.signature)
    return True


def _is_too_late(job: SendJob, late: timedelta) -> bool:
    return late > timedelta(minutes=job.late_minutes)


def _minutes(late: timedelta) -> int:
    return int(late.total_seconds() // 60)


def _hold(job: SendJob, **why: Any) -> None:
    """Paused, on record with why; a person resumes or stops it."""
    job.move(JobStatus.PAUSED, by=None)
    audit.record(
        by=None, verb="job.held", object_id=job.pk, enterprise_id=job.enterprise_id, label=job.name, **why
    )  # fmt: skip


def _obstacles(job: SendJob) -> dict[str, Any]:
    """What is in the way, in both languages."""
    said = {}
    for name, language in (("reason", "en"), ("reason_zh", "zh-hans")):
        with translation.override(language):
            said[name] = obstacle(job)
    return said


def _drop(job: SendJob, late: timedelta) -> None:
    _end(job, JobStatus.CANCELLED, late=_minutes(late))
    notices.tell(job.enterprise, NoticeKind.ACCOUNT, "job.dropped", late=_minutes(late), **_about(job))


def _end(job: SendJob, to: JobStatus, **why: Any) -> None:
    job.move(to, by=None, facts=why)
    jobs.end_files(job, by=None)


def withhold_late() -> int:
    """What is queued still when its job's time is over becomes skipped; how many. Jobs that wait then end with it."""
    over = SendJob.objects.filter(first_id__isnull=False, send_until__lte=Now())
    skipped = 0
    for first_id in over.filter(status=JobStatus.SENDING).values_list("first_id", flat=True):
        while n := ledger.skip_queued(first_id or 0, reason=SkipReason.EXPIRED):
            skipped += n
    for job in over.filter(status__in=[JobStatus.PAUSED, JobStatus.SCHEDULED]):
        try:
            _end_in_time(job)
        except NotAllowed:
            continue  # resumed or stopped in this very moment
        skipped += dispatch.withhold_rows(job.pk)
    return skipped


@transaction.atomic
def _end_in_time(job: SendJob) -> None:
    """A job whose time is over while it is held back, or before it has begun."""
    to = JobStatus.STOPPED if job.status == JobStatus.PAUSED else JobStatus.CANCELLED
    _end(job, to, until=str(job.send_until))
    until = _written(job, job.send_until)
    notices.tell(job.enterprise, NoticeKind.ACCOUNT, "job.ended", until=until, **_about(job))


def _about(job: SendJob) -> dict[str, Any]:
    """What each notice of a job says."""
    return {"path": f"/jobs/{job.pk}/", "name": job.name, "time": _written(job, job.scheduled_at)}


def _written(job: SendJob, at: datetime | None) -> str:
    """In the enterprise's zone, the same in both languages."""
    return f"{timezone.localtime(at, zoneinfo.ZoneInfo(job.enterprise.time_zone)):%Y-%m-%d %H:%M}" if at else ""
