"""What a person may do to a job: confirm, pause, resume, stop, cancel, or have its file read by other columns.

Answers for who may still change what, and for the reasons people read when they may not. Knows nothing of HTTP; the
gateway finds confirmed and resumed jobs by itself, so nothing is told to it here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.files import File
from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts import agreements
from accounts.models import User
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from sending import trial
from sending.intake import upload
from sending.models import Message, SendJob
from sending.sendable import check_sendable
from sending.states import JobStatus, MessageState
from templates_app import signatures

LATEST = timedelta(days=31)


class BadTime(NotAllowed):
    """The time a job is to begin at does not fit."""


@transaction.atomic
def confirm(job: SendJob, *, by: User, at: datetime | None = None) -> None:
    """Send a checked job now, or at a time: what was checked is what is sent."""
    _hold(job, JobStatus.CHECKED)
    now = timezone.now()
    if at is not None:
        check_time(at)
    agreements.check(by)
    check_sendable(job)
    if not Message.objects.of_job(job).filter(state=MessageState.QUEUED).exists():
        raise NotAllowed(_("No row of this file can be sent. Correct the refused rows and upload them as a new job."))
    trial.admit(job, at=at)
    if at is None:
        job.move(JobStatus.SENDING, by=by, confirmed_by=by, started_at=now)
        if job.signature is not None:
            signatures.used(job.signature)
    else:
        job.move(JobStatus.SCHEDULED, by=by, confirmed_by=by, scheduled_at=at)


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


@transaction.atomic
def stop(job: SendJob, *, by: User) -> None:
    """End a job that has begun. What is not sent yet never will be."""
    job.move(JobStatus.STOPPED, by=by)
    after_commit("sending.withhold_rows", job_id=job.pk)


@transaction.atomic
def cancel(job: SendJob, *, by: User) -> None:
    """Give up a job before its first message."""
    job.move(JobStatus.CANCELLED, by=by)
    after_commit("sending.withhold_rows", job_id=job.pk)


def recheck(job: SendJob, *, by: User, token: uuid.UUID, columns: Mapping[str, Any]) -> SendJob:
    """The same file with other columns, as a new job; a checked job gives way to it. Once for a `token`."""
    if known := SendJob.objects.filter(enterprise_id=job.enterprise_id, token=token).first():
        return known
    if job.status not in {JobStatus.CHECKED, JobStatus.UNREADABLE}:
        raise NotAllowed(
            _("This job is “%(now)s”: its columns cannot be changed any more.") % {"now": JobStatus(job.status).label}
        )
    try:
        with job.file.open("rb") as handle, transaction.atomic():
            if job.status == JobStatus.CHECKED:
                _hold(job, JobStatus.CHECKED)  # scheduled meanwhile, it must not be cancelled
            new = upload.receive(
                enterprise=job.enterprise,
                by=by,
                token=token,
                name=job.name,
                version=job.version,
                signature=job.signature,
                file=File(handle, name=job.file_name),
                wanted_columns=columns,
            )
            if job.status == JobStatus.CHECKED:
                cancel(job, by=by)
    except FileNotFoundError as error:
        raise NotAllowed(_("The file is not kept any more. Upload it again as a new job.")) from error
    return new


def _hold(job: SendJob, expected: JobStatus) -> None:
    """Lock the job where it may be left from one status only, though others too lead where it goes.

    Without this, confirming from an old page would resume a job that somebody has paused.
    """
    status = SendJob.objects.select_for_update(no_key=True).values_list("status", flat=True).get(pk=job.pk)
    if status != expected:
        raise NotAllowed(
            _("This job is “%(now)s” by now, not “%(expected)s”. Load the page again.")
            % {"now": JobStatus(status).label, "expected": expected.label}
        )


def check_time(at: datetime) -> None:
    """Raises BadTime for what is past, or more than 31 days ahead."""
    now = timezone.now()
    if at <= now:
        raise BadTime(_("That is in the past. Choose a time after %(now)s.") % {"now": _moment(now)})
    if at > now + LATEST:
        raise BadTime(
            _("That is too far ahead. Choose a time within 31 days, until %(last)s.") % {"last": _moment(now + LATEST)}
        )


def _moment(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "Y-m-d H:i", use_l10n=False)
