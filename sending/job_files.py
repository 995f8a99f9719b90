"""What a person may do to the files of a job: read one by other columns, leave one out, send failed rows again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from sending import jobs
from sending.intake import earlier, remembered, sources, upload
from sending.models import FileState, JobFile, JobStatus, Message, SendJob, Source
from sending.sendable import check_sendable
from sending.states import CONFIRMED, RESENDABLE, UNCONFIRMED, WITHHELD
from templates_app.models import TemplateVersion


@transaction.atomic
def reread(file: JobFile, *, by: User, wanted: Mapping[str, Any]) -> None:
    """Check the newest file of a job by other columns, another sheet, or the other row of duplicates.

    What was chosen is remembered for files with these headers. Raises NotAllowed.
    """
    job = SendJob.objects.select_for_update().get(pk=file.job_id)
    file = JobFile.objects.select_related("job__version").get(pk=file.pk)
    if job.status in WITHHELD or file.state not in {FileState.CHECKED, FileState.UNREADABLE}:
        raise NotAllowed(
            _("The file %(file)s is “%(now)s”: it cannot be read another way any more.")
            % {"file": file.file_name, "now": FileState(file.state).label}
        )
    _check_nobody_reads(job)
    if followed(file):
        raise NotAllowed(
            _("A later file was added after this one, so its rows cannot change any more. Make a new job for it.")
        )
    if not file.file.name or not file.file.storage.exists(file.file.name):
        raise NotAllowed(_("The file is not kept any more. Upload it again."))
    chosen = upload.wanted(file.job.version, wanted)
    if "number" in chosen and isinstance(chosen["number"], int):
        remembered.keep(file, {"header": chosen.get("header", True), "values": {}} | chosen)
    file.move(FileState.READING, wanted_columns=chosen, read_attempts=0, rows_read=0, rows_expected=0, asked_at=Now())
    if job.status in UNCONFIRMED:
        job.move(JobStatus.UPLOADED, by=by)
    _record(job, "job.columns_changed", by, file=file.file_name)
    after_commit("sending.read_upload", file_id=file.pk)


@transaction.atomic
def leave_out(file: JobFile, *, by: User) -> None:
    """Send nothing of a file that was not confirmed; what it had corrected is refused as before."""
    job = SendJob.objects.select_for_update().get(pk=file.job_id)
    file = JobFile.objects.select_related("job").get(pk=file.pk)
    _check_nobody_reads(job)
    file.move(FileState.LEFT_OUT, settled_by=by, settled_at=timezone.now())
    earlier.restore(file)
    _record(job, "job.file_left_out", by, file=file.file_name)
    after_commit("sending.withhold_file", file_id=file.pk)
    if job.status not in UNCONFIRMED or job.files.to_confirm().exists():
        return
    if job.files.filter(state=FileState.UNREADABLE).exists():
        if job.status != JobStatus.UNREADABLE:  # which may still be read by other columns
            job.move(JobStatus.UNREADABLE, by=by)
    else:
        jobs.cancel(job, by=by)


def followed(file: JobFile) -> bool:
    """Whether rows of a later file stand behind those of this one, so that these cannot become more or fewer."""
    later = JobFile.objects.filter(job=file.job_id, number__gt=file.number)
    return later.exclude(state=FileState.UNREADABLE).filter(Q(total__gt=0) | Q(state=FileState.READING)).exists()


def _check_nobody_reads(job: SendJob) -> None:
    if job.files.filter(state=FileState.READING).exists():
        raise NotAllowed(_("A file of this job is being read. Wait until it is checked."))


def resend(job: SendJob, *, by: User, token: uuid.UUID, which: str) -> SendJob:
    """A new job, linked to `job`, of its rows that failed, or of those whose outcome is unknown. Once for a `token`.

    `which`: a key of `states.RESENDABLE`. It is checked and confirmed like any other. Raises NotAllowed.
    """
    if known := SendJob.objects.filter(enterprise_id=job.enterprise_id, token=token).first():
        return known
    if which not in RESENDABLE or job.status not in CONFIRMED | {JobStatus.STOPPED}:
        raise NotAllowed(_("Rows of this job cannot be sent again: it has sent none."))
    if not Message.objects.of_job(job).filter(state__in=RESENDABLE[which]).exists():
        raise NotAllowed(_("No row of this job is in that state any more. Load the page again."))
    check_sendable(job)
    new = SendJob(
        enterprise_id=job.enterprise_id,
        token=token,
        name=_resent_name(job),
        application_id=job.application_id,
        version_id=job.version_id,
        signature_id=job.signature_id,
        priority=job.priority,
        resend_of=job,
        resend_which=which,
        created_by=by,
    )
    version = TemplateVersion.objects.get(pk=job.version_id)
    file = JobFile(
        token=token,
        number=1,
        source=Source.RESEND,
        file_name=_("rows of job %(id)s") % {"id": job.pk},
        wanted_columns=sources.resend_columns(version),
        created_by=by,
    )
    try:
        with transaction.atomic():
            new.save()
            file.job = new
            upload.take_in(file, by=by)
    except IntegrityError as error:
        if known := SendJob.objects.filter(enterprise_id=job.enterprise_id, token=token).first():
            return known
        raise NotAllowed(_("This form was used before. Load the page again.")) from error
    return new


def _resent_name(job: SendJob) -> str:
    mark = _("(again)")
    return f"{job.name[: upload.NAME_MAX - len(mark) - 1]} {mark}"


def _record(job: SendJob, verb: str, by: User, **facts: Any) -> None:
    audit.record(by=by, verb=verb, object_id=job.pk, enterprise_id=job.enterprise_id, label=job.name, **facts)
