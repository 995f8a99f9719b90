"""Exports: rows of a job as a file, asked for by a person, made in the background, kept for some days.

What an export shows is settled by what whoever asks for it may see then; who fetches it needs the same rights, then.
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit, notices
from accounts.models import NoticeKind, User
from accounts.permissions import may
from console.figures import num
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from console.lib.sheets.plain import csv_lines
from console.lib.sheets.tables import write_xlsx
from sending import counts, export_rows, making
from sending.models import ExportFormat, ExportRows, JobExport, MakingState, SendJob

TASK = "sending.make_export"
KEPT = timedelta(days=7)
# Of one enterprise at the same time: they stand in one queue with the uploads.
WAITING_MOST = 5
# What a name of a file may not have on one system or another, and what would write a header of its own.
_UNFIT = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]')


def ask(
    job: SendJob,
    *,
    by: User,
    token: uuid.UUID,
    which: ExportRows,
    made_as: ExportFormat,
    with_text: bool = False,
) -> JobExport:
    """The export, its making under way; the same `token` again gives the same one. Raises NotAllowed."""
    mine = JobExport.objects.filter(enterprise_id=job.enterprise_id)
    if known := mine.filter(token=token).first():
        return known
    if with_text and not may(by, "messages.text"):
        raise NotAllowed(_("Your role does not see the texts of messages. Export the rows without them."))
    if mine.filter(state=MakingState.WAITING).count() >= WAITING_MOST:
        raise NotAllowed(
            _("%(n)s exports of your enterprise are being made. Wait until one is ready.") % {"n": WAITING_MOST}
        )
    export = JobExport(
        enterprise_id=job.enterprise_id,
        token=token,
        job=job,
        which=which,
        format=made_as,
        full_numbers=may(by, "numbers.full"),
        with_text=with_text,
        language=translation.get_language() or by.language,
        created_by=by,
        rows_expected=_expected(job, which),
    )
    try:
        with transaction.atomic():
            export.save()
            _record(export, "job.exported", by=by)
            after_commit(TASK, pk=export.pk)
    except IntegrityError as error:
        # The form's other post was faster.
        if known := mine.filter(token=token).first():
            return known
        raise NotAllowed(_("This form was used before. Load the page again.")) from error
    return export


def _expected(job: SendJob, which: str) -> int:
    counted = counts.of_job(job)
    return sum(counted[state] for state in export_rows.STATES[which])


def may_fetch(export: JobExport, user: User) -> bool:
    """Whether `user` may see now what stands in it."""
    return (not export.full_numbers or may(user, "numbers.full")) and (
        not export.with_text or may(user, "messages.text")
    )


def fetched(export: JobExport, *, by: User) -> None:
    _record(export, "job.export_downloaded", by=by)


def file_name(export: JobExport) -> str:
    """As it is saved: "Autumn sale, failed, 22.xlsx"; the number tells two exports apart."""
    which = ExportRows(export.which).label
    return _UNFIT.sub("-", f"{export.job.name}, {which}, {export.pk}.{export.format}")


def make(pk: int) -> None:
    """Make the file of an export. Harmless to call at any time."""
    related = ("job__version__template", "job__signature", "job__enterprise", "enterprise", "created_by")
    making.make(JobExport.objects.select_related(*related), pk, write=_write, told=_tell)


def _write(export: JobExport, file: BinaryIO, keeper: making.Keeper) -> None:
    def counted(rows: int) -> None:
        keeper.rows = rows
        keeper.check()

    with translation.override(export.language), export_rows.snapshot():
        headers, lines = export_rows.headers(export), export_rows.lines(export, counted=counted)
        if export.format == ExportFormat.XLSX:
            write_xlsx(file, _("Rows"), headers, lines)
            return
        for piece in csv_lines(headers, lines):
            file.write(piece)


def _tell(export: JobExport) -> None:
    ready = export.state == MakingState.READY
    notices.tell(
        export.enterprise,
        NoticeKind.ACCOUNT,
        "export.ready" if ready else "export.failed",
        path=reverse("job-exports", args=[export.job_id]),
        inbox_only=True,
        job=export.job.name,
        rows=num(export.rows),
        days=KEPT.days,
    )


def forget_old() -> int:
    """What was kept long enough goes, file and row; how many."""
    old = JobExport.objects.exclude(state=MakingState.WAITING).filter(created_at__lt=timezone.now() - KEPT)
    gone = 0
    for export in old:
        # The file first: a row without it is asked for again in an hour, a file without its row never.
        export.file.delete(save=False)
        export.delete()
        gone += 1
    return gone


def _record(export: JobExport, verb: str, *, by: User) -> None:
    audit.record(
        by=by,
        verb=verb,
        object_id=export.job_id,
        enterprise_id=export.enterprise_id,
        label=export.job.name,
        export=export.pk,
        which=export.which,
        format=export.format,
        whole_numbers=export.full_numbers,
        texts=export.with_text,
    )
