"""Messages of a checked job as people will read them: any row, the next and the previous."""

from __future__ import annotations

from dataclasses import dataclass

from console.lib.text import alphabet, length, segments
from sending.models import Message, SendJob
from sending.models.message import MessageQuerySet
from sending.states import MessageState


@dataclass(frozen=True, slots=True)
class Preview:
    """One rendered message. Positions count the rows of the file from 0; `row` is what the spreadsheet calls it."""

    position: int
    row: int
    number: str
    values: dict[str, str]
    text: str
    characters: int
    segments: int
    previous: int | None
    next: int | None


def at(job: SendJob, position: int = 0) -> Preview | None:
    """The first row from `position` on that will be sent, else the last before it; None where none will be."""
    if job.first_id is None:
        return None
    sendable = _sendable(job)
    place = job.first_id + max(0, min(position, job.total))
    message = sendable.filter(id__gte=place).order_by("id").first() or sendable.order_by("-id").first()
    return None if message is None else of(job, message)


def of(job: SendJob, message: Message) -> Preview:
    """`message` of `job` as it will be read, with its neighbours."""
    assert job.first_id is not None
    before = _sendable(job).filter(id__lt=message.pk).order_by("-id").values_list("id", flat=True).first()
    after = _sendable(job).filter(id__gt=message.pk).order_by("id").values_list("id", flat=True).first()
    mainland = job.application.is_mainland
    text = job.version.render(message.values, job.signature.name if job.signature else "")
    return Preview(
        position=message.pk - job.first_id,
        row=message.row,
        number=message.number,
        values={
            variable.name: value for variable, value in zip(job.version.typed_variables, message.values, strict=True)
        },
        text=text,
        characters=length(text, alphabet(text, mainland=mainland)),
        segments=segments(text, mainland=mainland),
        previous=None if before is None else before - job.first_id,
        next=None if after is None else after - job.first_id,
    )


def _sendable(job: SendJob) -> MessageQuerySet:
    return Message.objects.of_job(job).filter(state=MessageState.QUEUED)
