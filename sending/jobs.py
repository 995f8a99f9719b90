"""What a person may do to a job: confirm, pause, resume, stop, cancel, move its time, slow it down.

Answers for who may still change what, and for the reasons people read when they may not. Knows nothing of HTTP; the
gateway finds confirmed and resumed jobs by itself, so nothing is told to it here. Its files: `sending.job_files`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts import agreements, audit
from accounts.models import User
from console.lib import seen
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from sending import trial
from sending.intake import earlier
from sending.models import FileState, LatePolicy, Message, SendJob
from sending.sendable import check_sendable
from sending.states import CONFIRMED, JobStatus, MessageState
from templates_app import signatures

LATEST = timedelta(days=31)
LATE_MINUTES = (1, 24 * 60)
SPEED_MOST = 100_000  # segments a second


class BadTime(NotAllowed):
    """The time a job is to begin at, or to end by, does not fit; `field` is "at" or "until"."""

    field = "at"


class BadEnd(BadTime):
    field = "until"


class Changed(NotAllowed):
    """Something else stands there by now than the person has seen."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job is to be sent: when (None: now), until when, what if it starts late, how fast, and what was declared.

    `consent`: that the recipients have agreed; `cross_border`: that the notice about sending abroad was read.
    """

    at: datetime | None = None
    until: datetime | None = None
    late_policy: LatePolicy = LatePolicy.SEND
    late_minutes: int = 60
    speed_limit: int | None = None
    consent: bool = True
    cross_border: bool = True


def token_of(job: SendJob) -> str:
    """Stands for what a person sees before confirming: other files, rows or times have another one."""
    files = [[file.pk, file.state, str(file.checked_at)] for file in job.files.all()]
    return seen.token(job.status, job.total, job.released, str(job.scheduled_at), files)


@transaction.atomic
def confirm(job: SendJob, *, by: User, plan: Plan | None = None, token: str = "") -> None:
    """Send a checked job now, or at a time: what was checked is what is sent.

    `token`: of what the person has seen. Raises BadTime, Changed and NotAllowed.
    """
    plan = plan or Plan()
    _hold(job, JobStatus.CHECKED)
    _check_seen(job, token)
    _check_plan(job, plan)
    agreements.check(by)
    check_sendable(job)
    if not Message.objects.of_job(job).filter(state=MessageState.QUEUED).exists():
        raise NotAllowed(_("No row of this job can be sent. Correct the refused rows and add them to this job."))
    _check_left_out(job)
    trial.admit(job, at=plan.at)
    fields: dict[str, Any] = {
        "confirmed_by": by,
        "released": job.total,
        "send_until": plan.until,
        "late_policy": plan.late_policy,
        "late_minutes": plan.late_minutes,
        "speed_limit": plan.speed_limit,
    }
    facts = {"consent": plan.consent, "rows": job.total}
    if not job.application.is_mainland:
        facts["cross_border"] = plan.cross_border
    _confirm_files(job, by=by)
    if plan.at is None:
        job.move(JobStatus.SENDING, by=by, facts=facts, started_at=timezone.now(), **fields)
        if job.signature is not None:
            signatures.used(job.signature)
    else:
        job.move(JobStatus.SCHEDULED, by=by, facts=facts, scheduled_at=plan.at, **fields)


@transaction.atomic
def confirm_more(job: SendJob, *, by: User, token: str = "", consent: bool = True) -> int:
    """Let the rows of further files go with a job that was confirmed before; how many rows they have.

    A job that was done sends again; one that is paused or scheduled keeps waiting, with more rows.
    """
    held = SendJob.objects.select_for_update().get(pk=job.pk)
    if held.status not in CONFIRMED:
        raise NotAllowed(
            _("This job is “%(now)s” by now. Load the page again.") % {"now": JobStatus(held.status).label}
        )
    _check_seen(held, token)
    if not consent:
        raise NotAllowed(NO_CONSENT)
    agreements.check(by)
    check_sendable(held)
    waiting = list(held.files.to_confirm())
    if not waiting:
        raise NotAllowed(_("No rows wait for your confirmation. They may have been confirmed in another window."))
    if held.send_until and held.send_until <= timezone.now():
        raise NotAllowed(_("The time of this job is over, and nothing of it is sent any more. Make a new one."))
    _check_left_out(held)
    trial.admit(held, at=held.scheduled_at if held.status == JobStatus.SCHEDULED else None)
    end = max(file.first + file.total for file in waiting)
    rows = sum(file.total for file in waiting)
    _confirm_files(held, by=by)
    SendJob.objects.filter(pk=held.pk).update(released=end)
    audit.record(
        by=by,
        verb="job.more_confirmed",
        object_id=held.pk,
        enterprise_id=held.enterprise_id,
        label=held.name,
        rows=rows,
        consent=consent,
    )
    if held.status == JobStatus.DONE:
        held.move(JobStatus.SENDING, by=by, finished_at=None)
    job.refresh_from_db()
    return rows


NO_CONSENT = _("Confirm that the recipients have agreed to these messages. Without that nothing may be sent.")


def _check_plan(job: SendJob, plan: Plan) -> None:
    if not plan.consent:
        raise NotAllowed(NO_CONSENT)
    if not plan.cross_border and not job.application.is_mainland:
        raise NotAllowed(_("Confirm that you have read the notice about sending abroad."))
    if plan.at is not None:
        check_time(plan.at)
    check_end(plan.until, begins=plan.at)
    if plan.speed_limit is not None:
        check_speed(plan.speed_limit)


def _confirm_files(job: SendJob, *, by: User) -> None:
    for file in job.files.to_confirm():
        file.move(FileState.CONFIRMED, settled_by=by, settled_at=timezone.now())


def _check_seen(job: SendJob, token: str) -> None:
    if token and token != token_of(job):
        raise Changed(_("This job has changed since you looked: see what it is now, and confirm again."))


def _check_left_out(job: SendJob) -> None:
    """Rows that were left out must be out of the queue before anything behind them is released."""
    left = job.files.filter(state=FileState.LEFT_OUT, total__gt=0)
    queued = Message.objects.filter(state=MessageState.QUEUED)
    if any(queued.filter(id__gte=file.first_id, id__lt=file.end_id).exists() for file in left):
        raise NotAllowed(_("Rows of a file that was left out are still being withheld. Try again in some seconds."))


@transaction.atomic
def pause(job: SendJob, *, by: User) -> None:
    """Hold back what is not sent yet; at most what is already on its way still leaves."""
    job.move(JobStatus.PAUSED, by=by)


@transaction.atomic
def resume(job: SendJob, *, by: User) -> None:
    """Go on with a paused job, if it could still be confirmed today."""
    _hold(job, JobStatus.PAUSED)
    agreements.check(by)
    check_sendable(job)
    trial.admit(job)
    job.move(JobStatus.SENDING, by=by)
    if job.signature is not None:
        signatures.used(job.signature)


@transaction.atomic
def stop(job: SendJob, *, by: User) -> None:
    """End a job that has begun. What is not sent yet never will be."""
    job.move(JobStatus.STOPPED, by=by)
    end_files(job, by=by)
    after_commit("sending.withhold_rows", job_id=job.pk)


@transaction.atomic
def cancel(job: SendJob, *, by: User) -> None:
    """Give up a job before its first message."""
    job.move(JobStatus.CANCELLED, by=by)
    end_files(job, by=by)
    after_commit("sending.withhold_rows", job_id=job.pk)


def end_files(job: SendJob, *, by: User | None) -> None:
    """Nothing of what waits to be read or confirmed ever will be."""
    now = timezone.now()
    for file in job.files.exclude(state__in=[FileState.CONFIRMED, FileState.LEFT_OUT]):
        # Its rows are withheld with all others of the job.
        file.move(FileState.LEFT_OUT, settled_by=by, settled_at=now, withheld_at=now)
        earlier.restore(file)


@transaction.atomic
def reschedule(job: SendJob, *, by: User, at: datetime) -> None:
    """Another time for a job that has not begun."""
    _hold(job, JobStatus.SCHEDULED)
    check_time(at)
    check_end(job.send_until, begins=at)
    agreements.check(by)
    trial.admit(job, at=at)
    before = job.scheduled_at
    SendJob.objects.filter(pk=job.pk).update(scheduled_at=at)
    _record(job, "job.rescheduled", by, before={"scheduled_at": str(before)}, after={"scheduled_at": str(at)})


@transaction.atomic
def limit_speed(job: SendJob, *, by: User, segments: int | None) -> None:
    """At most so many segments a second from now on; None: as fast as the carriers take them."""
    held = SendJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    if held.status not in {JobStatus.SCHEDULED, JobStatus.SENDING, JobStatus.PAUSED}:
        raise NotAllowed(
            _("This job is “%(now)s”: its speed does not matter any more.") % {"now": JobStatus(held.status).label}
        )
    if segments is not None:
        check_speed(segments)
    SendJob.objects.filter(pk=job.pk).update(speed_limit=segments)
    _record(job, "job.speed_limited", by, before={"speed": held.speed_limit}, after={"speed": segments})
    job.speed_limit = segments


def _record(job: SendJob, verb: str, by: User, **facts: Any) -> None:
    audit.record(by=by, verb=verb, object_id=job.pk, enterprise_id=job.enterprise_id, label=job.name, **facts)


def _hold(job: SendJob, expected: JobStatus) -> None:
    """Lock the job where it may be left from one status only, though others too lead where it goes.

    Without this, confirming from an old page would resume a job that somebody has paused.
    """
    held = SendJob.objects.select_for_update(no_key=True).get(pk=job.pk)
    if held.status != expected:
        raise NotAllowed(
            _("This job is “%(now)s” by now, not “%(expected)s”. Load the page again.")
            % {"now": JobStatus(held.status).label, "expected": expected.label}
        )
    job.total, job.released, job.scheduled_at = held.total, held.released, held.scheduled_at


def check_time(at: datetime) -> None:
    """Raises BadTime for what is past, or more than 31 days ahead."""
    now = timezone.now()
    if at <= now:
        raise BadTime(_("That is in the past. Choose a time after %(now)s.") % {"now": _moment(now)})
    if at > now + LATEST:
        raise BadTime(
            _("That is too far ahead. Choose a time within 31 days, until %(last)s.") % {"last": _moment(now + LATEST)}
        )


def check_end(until: datetime | None, *, begins: datetime | None) -> None:
    """Raises BadEnd for an end that is not after the beginning (None: now)."""
    if until is not None and until <= (begins or timezone.now()):
        raise BadEnd(
            _("That is before the job begins. Choose a time after %(begin)s.")
            % {"begin": _moment(begins or timezone.now())}
        )


def check_speed(segments: int) -> None:
    if not 1 <= segments <= SPEED_MOST:
        raise NotAllowed(_("Choose a speed from 1 to %(most)s segments a second.") % {"most": SPEED_MOST})


def _moment(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "Y-m-d H:i", use_l10n=False)
