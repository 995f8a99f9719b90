"""Saved lists: the good rows of a checked job under a name, to send to again.

A list is a csv of its own: jobs made from it copy what it holds, and go on when it is deleted. Its numbers are checked
anew at every use, and the blocklist is looked at at every send.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, notices
from accounts.models import NoticeKind, User
from console.figures import num
from console.lib import phone
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from sending import counts, making
from sending.export_rows import CHUNK, snapshot
from sending.intake import samples
from sending.models import FileState, JobStatus, MakingState, Message, MessageState, RecipientList, SendJob
from sending.models.message import MessageQuerySet

TASK = "sending.make_list"
log = structlog.get_logger(__name__)


class NameTaken(NotAllowed):
    """Another list of the enterprise is called so."""


def recipients(job: SendJob) -> MessageQuerySet:
    """The rows of `job` that its lists hold: all that were found good or could be repaired.

    Not those of a file that was left out, unless the whole job was given up.
    """
    rows = Message.objects.of_job(job).exclude(state=MessageState.INVALID)
    if job.status != JobStatus.CANCELLED:
        for file in job.files.filter(state=FileState.LEFT_OUT, total__gt=0):
            rows = rows.exclude(Q(id__gte=file.first_id) & Q(id__lt=file.end_id))
    return rows


def how_many(job: SendJob) -> int:
    """Rows of `recipients`: from the counts, where no file was left out."""
    if job.status != JobStatus.CANCELLED and job.files.filter(state=FileState.LEFT_OUT, total__gt=0).exists():
        return recipients(job).count()
    return sum(n for state, n in counts.of_job(job).items() if state != MessageState.INVALID)


def obstacle(job: SendJob) -> str:
    """Why no list can be made of `job` now; empty where one can."""
    if job.status in {JobStatus.UPLOADED, JobStatus.UNREADABLE}:
        return _("The file of this job is not checked yet. Save the list once it is.")
    if not recipients(job).exists():
        return _("No row of this job has a number that can be sent to. Choose another job.")
    return ""


def save(job: SendJob, *, by: User, name: str) -> RecipientList:
    """A list of the recipients of `job`, its making under way. Raises NameTaken; NotAllowed where there are none."""
    if why := obstacle(job):
        raise NotAllowed(why)
    made = RecipientList(
        enterprise_id=job.enterprise_id,
        name=name,
        columns=[_("Mobile number"), *samples.headers(job.version.typed_variables)],
        job=job,
        created_by=by,
        rows_expected=how_many(job),
    )
    try:
        with transaction.atomic():
            made.save()
            _record(made, "recipientlist.saved", by=by, job=job.pk, rows=made.rows_expected)
            after_commit(TASK, pk=made.pk)
    except IntegrityError as error:
        raise NameTaken(_("A list is called “%(name)s” already. Choose another name.") % {"name": name}) from error
    return made


@transaction.atomic
def remove(held: RecipientList, *, by: User) -> None:
    """Delete a list and its file. Who makes it in this moment finds its lease lost. Once more does nothing."""
    there = RecipientList.objects.filter(pk=held.pk, removed_at__isnull=True)
    if there.update(removed_at=timezone.now(), maker=None, maker_until=None):
        _record(held, "recipientlist.removed", by=by)
        transaction.on_commit(lambda: _delete_file(held))


def forget_removed() -> None:
    """Files that outlived their list because a process died in between."""
    for held in RecipientList.objects.filter(removed_at__isnull=False, state=MakingState.READY):
        _delete_file(held)


def _delete_file(held: RecipientList) -> None:
    if held.file.name and held.file.storage.exists(held.file.name):
        held.file.storage.delete(held.file.name)


def make(pk: int) -> None:
    """Make the file of a list. Harmless to call at any time."""
    there = RecipientList.objects.filter(removed_at__isnull=True)
    making.make(there.select_related("job", "enterprise"), pk, write=_write, told=_tell)


def _write(held: RecipientList, file: BinaryIO, keeper: making.Keeper) -> None:
    """Exactly as the ledger has it: our own check reads it, and nobody opens it in a spreadsheet."""
    out = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(out)
    writer.writerow(held.columns)
    with snapshot():
        for rows in _chunks(recipients(held.job)):
            writer.writerows([phone.plain(number), *values] for number, values in rows)
            keeper.rows += len(rows)
            keeper.check()
    out.detach()


def _chunks(rows: MessageQuerySet) -> Iterator[list[tuple[str, list[str]]]]:
    statement, asked = rows.order_by("id").values_list("number", "values").query.sql_with_params()
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, asked)
        while found := cursor.fetchmany(CHUNK):
            yield found


def first_rows(held: RecipientList, *, most: int) -> list[list[str]]:
    """The first rows of a list that is ready: number, then the values."""
    try:
        with held.file.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
            lines = csv.reader(text)
            next(lines, None)
            return [row for _place, row in zip(range(most), lines, strict=False)]
    except FileNotFoundError:
        log.error("list_without_file", list=held.pk)
        return []


def _tell(held: RecipientList) -> None:
    ready = held.state == MakingState.READY
    notices.tell(
        held.enterprise,
        NoticeKind.ACCOUNT,
        "recipientlist.ready" if ready else "recipientlist.failed",
        path=reverse("list", args=[held.pk]),
        inbox_only=True,
        name=held.name,
        rows=num(held.rows),
    )


def _record(held: RecipientList, verb: str, *, by: User, **facts: Any) -> None:
    audit.record(by=by, verb=verb, object_id=held.pk, enterprise_id=held.enterprise_id, label=held.name, **facts)
