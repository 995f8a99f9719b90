"""Messages of a checked job as people will read them: any row, the next and the previous, and those searched for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.db.models import Func, Min, Q, TextField, Value

from console.lib.text import alphabet, length, segments
from sending import row_search
from sending.models import FileState, Message, SendJob
from sending.models.message import MessageQuerySet
from sending.places import Places
from sending.states import MessageState

SEARCH_MS = 1500


class TooSlow(Exception):
    """A search took longer than a page may."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One rendered message. Positions count the rows of the job from 0; `row` is what the spreadsheet calls it, `file`
    the number of its file.
    """

    position: int
    row: int
    file: int
    number: str
    values: dict[str, str]
    text: str
    characters: int
    segments: int
    previous: int | None
    next: int | None


def at(job: SendJob, position: int = 0) -> Preview | None:
    """The first row from `position` on that will be sent, else the last before it; None where none will be."""
    message = message_at(job, position)
    return None if message is None else of(job, message)


def message_at(job: SendJob, position: int) -> Message | None:
    """As `at`, the row itself."""
    sendable = _sendable(job)
    place = (job.first_id or 0) + max(0, min(position, job.total))
    return sendable.filter(id__gte=place).order_by("id").first() or sendable.order_by("-id").first()


def of(job: SendJob, message: Message) -> Preview:
    """`message` of `job` as it will be read, with its neighbours."""
    first = job.first_id or 0
    sendable = _sendable(job)
    before = sendable.filter(id__lt=message.pk).order_by("-id").values_list("id", flat=True).first()
    after = sendable.filter(id__gt=message.pk).order_by("id").values_list("id", flat=True).first()
    mainland = job.application.is_mainland
    text = job.version.render(message.values, job.signature.name if job.signature else "")
    return Preview(
        position=message.pk - first,
        row=message.row,
        file=Places.of(job).number_of(message.pk),
        number=message.number,
        values={
            variable.name: value for variable, value in zip(job.version.typed_variables, message.values, strict=True)
        },
        text=text,
        characters=length(text, alphabet(text, mainland=mainland)),
        segments=segments(text, mainland=mainland),
        previous=None if before is None else before - first,
        next=None if after is None else after - first,
    )


def search(job: SendJob, words: str, *, after: int = -1) -> int | None:
    """Position of the next row behind `after`, all around, whose number is or begins with `words`, however it is
    written, or a value of which contains them; None where there is none. Raises TooSlow.
    """
    first = job.first_id or 0
    found = None
    if start := _number(job, words):
        found = _by_number(job, start, first + after)
    if found is None and job.version.typed_variables:
        with _hurried():
            found = _by_word(job, words.strip(), first + after)
    return None if found is None else found - first


def refused(job: SendJob, words: str) -> Message | None:
    """The first refused row with the number that `words` are or begin; None where there is none."""
    start = _number(job, words)
    found = row_search.with_number(_counted(job), job, start).filter(state=MessageState.INVALID)
    # As a sum, for which the index of numbers is used: in order of id one would walk past a million rows.
    place = found.aggregate(first=Min("id", filter=Q(number__startswith=start)))["first"] if start else None
    return None if place is None else Message.objects.get(pk=place)


def _number(job: SendJob, words: str) -> str:
    return row_search.beginning(words, mainland=job.application.is_mainland)


def _by_number(job: SendJob, start: str, after: int) -> int | None:
    found = row_search.with_number(_sendable(job), job, start)
    places = found.aggregate(
        next=Min("id", filter=Q(id__gt=after)), any=Min("id", filter=Q(number__startswith=start))
    )  # with filters, so that they are sums; see `refused`
    return places["next"] if places["next"] is not None else places["any"]


def _by_word(job: SendJob, words: str, after: int) -> int | None:
    text = Func("values", Value("\n"), function="array_to_string", output_field=TextField())
    found = _sendable(job).annotate(text=text).filter(text__icontains=words).order_by("id").values_list("id", flat=True)
    behind = found.filter(id__gt=after).first()
    return behind if behind is not None else found.filter(id__lte=after).first()


@contextmanager
def _hurried() -> Iterator[None]:
    """What takes longer is ended by the database. Raises TooSlow."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(SEARCH_MS)])
            yield
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        raise TooSlow from error


def _sendable(job: SendJob) -> MessageQuerySet:
    return _counted(job).filter(state=MessageState.QUEUED)


def _counted(job: SendJob) -> MessageQuerySet:
    """Rows of the job, but for those of files that were left out."""
    found = Message.objects.of_job(job)
    for file in job.files.filter(state=FileState.LEFT_OUT, total__gt=0):
        found = found.exclude(id__gte=file.first_id, id__lt=file.end_id)
    return found
