"""Taking recipients in: one job, or one further file, for one posted form; the file stored, its check asked for."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, modes
from accounts.models import Enterprise, User
from accounts.models.application import ApplicationState
from accounts.models.enterprise import EnterpriseState
from console.figures import num
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from sending.models import FileState, JobFile, JobStatus, RecipientList, SendJob, Source
from sending.models.message import BLOCK_SHIFT
from sending.sendable import signature_fault
from sending.states import UNCONFIRMED, WITHHELD
from templates_app.models import MessageTemplate, MessageType, Signature, TemplateVersion
from templates_app.models.message_type import PRIORITY

NAME_MAX, FILE_NAME_MAX = 60, 200


@dataclass(frozen=True, slots=True)
class Recipients:
    """What is to be read: a file, and where its rows come from."""

    file: File
    source: Source = Source.FILE
    saved_list: RecipientList | None = None
    # {"sheet", "header", "number", "values": {variable's name: column}, "duplicates"}, any of it; see `intake.columns`.
    wanted_columns: Mapping[str, Any] = field(default_factory=dict)


def receive(
    *,
    enterprise: Enterprise,
    by: User,
    token: uuid.UUID,
    name: str,
    version: TemplateVersion,
    recipients: Recipients,
    signature: Signature | None = None,
) -> SendJob:
    """The job of this upload, *uploaded*, its check under way. The same `token` again gives the same job.

    `signature`: chosen for a universal template; other templates bring their own.
    Raises NotAllowed with a text for the person.
    """
    if known := SendJob.objects.filter(enterprise=enterprise, token=token).first():
        return known
    _check(enterprise=enterprise, by=by, version=version)
    _check_size(recipients)
    template = version.template
    signature = _signature(template, signature)
    job = SendJob(
        enterprise=enterprise,
        token=token,
        name=(name.strip() or PurePath(recipients.file.name or "").stem)[:NAME_MAX],
        application=template.application,
        version=version,
        signature=signature,
        priority=PRIORITY[MessageType(template.type)],
        created_by=by,
    )
    try:
        with stored(recipients, job=job, number=1, token=token, by=by) as file, transaction.atomic():
            job.save()
            file.job = job
            take_in(file, by=by)
    except IntegrityError as error:
        # The form's other post was faster.
        if known := SendJob.objects.filter(enterprise=enterprise, token=token).first():
            return known
        raise NotAllowed(_("This form was used before. Load the page again and upload the file anew.")) from error
    return job


def add(job: SendJob, *, by: User, token: uuid.UUID, recipients: Recipients) -> JobFile:
    """A further file for `job`, its check under way; its rows wait for their own confirmation. Once for a `token`.

    Raises NotAllowed with a text for the person.
    """
    if known := JobFile.objects.filter(job=job, token=token).first():
        return known
    _check_size(recipients)
    try:
        with stored(recipients, job=job, number=0, token=token, by=by) as file, transaction.atomic():
            held = SendJob.objects.select_for_update().get(pk=job.pk)
            _check_open(held)
            file.number = 1 + (held.files.aggregate(last=Max("number"))["last"] or 0)
            if held.status in UNCONFIRMED:
                held.move(JobStatus.UPLOADED, by=by)
            take_in(file, by=by)
    except IntegrityError as error:
        if known := JobFile.objects.filter(job=job, token=token).first():
            return known
        raise NotAllowed(_("Another file of this job is being read. Wait until it is checked.")) from error
    return file


def _check_open(job: SendJob) -> None:
    if job.status in WITHHELD:
        raise NotAllowed(
            _("This job is “%(now)s” and takes no further rows. Make a new one.") % {"now": JobStatus(job.status).label}
        )
    if job.status == JobStatus.UPLOADED or job.files.filter(state=FileState.READING).exists():
        raise NotAllowed(_("Another file of this job is being read. Wait until it is checked."))
    if job.send_until and job.send_until <= timezone.now():
        raise NotAllowed(_("The time of this job is over, and nothing of it is sent any more. Make a new one."))
    if job.test_of_id or job.created_by_id is None:
        raise NotAllowed(_("This job takes no further rows. Make a new one."))
    if job.total >= 1 << BLOCK_SHIFT:
        raise NotAllowed(
            _("This job has %(n)s rows, and no more fit. Make a new one for the others.") % {"n": num(job.total)}
        )


@contextmanager
def stored(recipients: Recipients, *, job: SendJob, number: int, token: uuid.UUID, by: User) -> Iterator[JobFile]:
    """The file on the disk, not yet a row; gone again where the block fails."""
    given = recipients.file
    digest = hashlib.sha256()
    for chunk in given.chunks():
        digest.update(chunk)
    file_name = PurePath(given.name or "").name
    file = JobFile(
        job=job,
        token=token,
        number=number,
        source=recipients.source,
        file_name=file_name[:FILE_NAME_MAX],
        file_size=given.size,
        digest=digest.hexdigest(),
        saved_list=recipients.saved_list,
        wanted_columns=wanted(job.version, recipients.wanted_columns),
        created_by=by,
    )
    given.seek(0)
    file.file.save(file_name, given, save=False)
    try:
        yield file
    except Exception:
        file.file.delete(save=False)
        raise


def take_in(file: JobFile, *, by: User) -> None:
    """Store the row of `file`, put it on record and ask for its check."""
    file.save()
    if file.saved_list_id:
        RecipientList.objects.filter(pk=file.saved_list_id).update(last_used_at=timezone.now())
    job = file.job
    audit.record(
        by=by,
        verb="job.uploaded" if file.number == 1 else "job.file_added",
        object_id=job.pk,
        enterprise_id=job.enterprise_id,
        label=job.name,
        file=file.file_name,
        bytes=file.file_size,
    )
    after_commit("sending.read_upload", file_id=file.pk)


def _check(*, enterprise: Enterprise, by: User, version: TemplateVersion) -> None:
    """Raises NotAllowed where this upload may not become a job."""
    template = version.template
    if enterprise.state != EnterpriseState.ACTIVE:
        raise NotAllowed(
            _("Your enterprise is “%(state)s” and cannot send. Ask the platform’s administrator.")
            % {"state": EnterpriseState(enterprise.state).label}
        )
    if version.enterprise_id != enterprise.pk or by.enterprise_id != enterprise.pk:
        raise NotAllowed(_("This template belongs to another enterprise. Choose one of yours."))
    if template.application.state != ApplicationState.LAUNCHED:
        raise NotAllowed(
            _("The application “%(name)s” is suspended. Choose a template of another application.")
            % {"name": template.application.name}
        )
    modes.check_region(enterprise, template.application.region)
    if not version.is_sendable or template.removed_at is not None:
        raise NotAllowed(_("This version of the template is not approved. Choose an approved template."))
    if template.type == MessageType.VERIFICATION:
        raise NotAllowed(_("Verification codes are sent one by one through the API, not to a list. Choose another."))


def _check_size(recipients: Recipients) -> None:
    """A saved list was checked when it was uploaded, and may be longer than its file was."""
    size = recipients.file.size
    if size > settings.UPLOAD_MAX_BYTES and recipients.source != Source.LIST:
        raise NotAllowed(
            _("The file has %(size)s; at most %(limit)s are accepted. Delete columns or split it, and upload again.")
            % {"size": filesizeformat(size), "limit": filesizeformat(settings.UPLOAD_MAX_BYTES)}
        )


def _signature(template: MessageTemplate, chosen: Signature | None) -> Signature | None:
    """What the job's messages go out under. Raises NotAllowed where nothing may be."""
    own = template.signature
    if not template.universal and chosen is not None and chosen != own:
        raise NotAllowed(_("This template has its own signature. Choose a universal template to send under another."))
    signature = chosen if template.universal else own
    if not template.application.is_mainland:
        return None
    if signature is None:
        raise NotAllowed(_("Choose the signature to send under: mainland messages need one."))
    if template.universal and not _fits(signature, template):
        raise NotAllowed(
            _("The signature %(signature)s is not one of yours of the template’s application and type. Choose another.")
            % {"signature": signature}
        )
    if signature.removed_at is not None:
        raise NotAllowed(_("The signature %(signature)s was deleted. Choose another one.") % {"signature": signature})
    if fault := signature_fault(signature):
        raise NotAllowed(fault)
    return signature


def _fits(signature: Signature, template: MessageTemplate) -> bool:
    """Whether a universal template may go out under it: one of the enterprise's own, of its application and type."""
    same = (signature.application_id, signature.type) == (template.application_id, template.type)
    return same and not signature.built_in


def wanted(version: TemplateVersion, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, and nothing else, whatever the form has sent. Columns: header, letter, or index from 0."""
    chosen: dict[str, Any] = {}
    for name in ("sheet", "duplicates"):
        if text := str(given.get(name) or "").strip():
            chosen[name] = text
    if isinstance(given.get("header"), bool):
        chosen["header"] = given["header"]
    if (number := _column(given.get("number"))) is not None:
        chosen["number"] = number
    names = {variable.name for variable in version.typed_variables}
    columns = {name: _column(column) for name, column in (given.get("values") or {}).items() if name in names}
    if values := {name: column for name, column in columns.items() if column is not None}:
        chosen["values"] = values
    return chosen


def _column(given: Any) -> int | str | None:
    if isinstance(given, int):
        return given
    return str(given or "").strip() or None
