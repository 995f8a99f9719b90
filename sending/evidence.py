"""What the carrier has said of one message: its parts and the receipts that came for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sending import codes
from sending.models import InboundEvent, Message, MessagePart
from sending.models.inbound import InboundKind
from sending.states import MessageState

MOST = 50  # receipts shown; a carrier that repeats itself may send any number


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    ext_id: str
    state: MessageState
    code: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Receipt:
    at: datetime
    code: str
    meaning: str
    part: int | None  # of which segment, where there are several
    final: bool
    conflicting: bool  # a later final one that says something else; kept, not followed


def of(message: Message) -> dict[str, Any]:
    """{"parts": [Part], "receipts": [Receipt]}, the receipts in the order they came."""
    parts = [
        Part(part.part, part.ext_id, MessageState(part.state), part.code, codes.meaning(part.code))
        for part in MessagePart.objects.filter(message_id=message.pk).order_by("part")
    ]
    return {"parts": parts, "receipts": _receipts(message, parts)}


def _receipts(message: Message, parts: list[Part]) -> list[Receipt]:
    """Found by the carrier's ids within the months since it was sent: the way the index of receipts goes."""
    numbers = {part.ext_id: part.number for part in parts if part.ext_id}
    ids = [*numbers, *([message.ext_id] if message.ext_id else [])]
    if not ids or message.submitted_at is None or message.carrier_id is None:
        return []
    events = InboundEvent.objects.filter(
        kind=InboundKind.RECEIPT,
        month__in=_months(message.submitted_at),
        carrier_id=message.carrier_id,
        ext_id__in=ids,
        message_id=message.pk,
    ).order_by("received_at", "id")[:MOST]
    return [
        Receipt(
            event.received_at,
            event.code,
            codes.meaning(event.code),
            numbers.get(event.ext_id),
            event.state is not None,
            event.conflicting,
        )
        for event in events
    ]


def _months(since: datetime) -> list[date]:
    """First days of the months from `since` on, by UTC, as receipts are filed; at most four: nothing comes later."""
    first = since.astimezone(UTC).date().replace(day=1)
    months = [first]
    for _further in range(3):
        last = months[-1]
        months.append(date(last.year + last.month // 12, last.month % 12 + 1, 1))
    return months
