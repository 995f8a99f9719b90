"""What the carriers' answers come to: a message's parts taken together, and all of it committed at once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sending import dispatch, ledger, receipts
from sending.carriers.port import Accepted, Answer, Delivery, Link, NoAnswer, ReceiptState, Refused
from sending.dispatch import Settled
from sending.lines import Line
from sending.models.inbound import InboundKind
from sending.receipts import Event
from sending.states import MessageState

S = MessageState


@dataclass(slots=True)
class Flight:
    """A message between its intent and the commit of its answer."""

    owner: uuid.UUID
    attempt: int
    refusals: int
    line: Line
    answers: list[Answer | None] = field(default_factory=list)
    missing: int = 0


def settled(key: int, flight: Flight) -> Settled:
    """All parts' answers as one: neither wholly accepted nor wholly refused is unknown, and never resent in part."""
    answers = flight.answers
    accepted = [a for a in answers if isinstance(a, Accepted)]
    silent = [a for a in answers if isinstance(a, NoAnswer)]
    refused = [a for a in answers if isinstance(a, Refused)]
    ids = tuple(a.ext_id if isinstance(a, Accepted) else "" for a in answers)
    if len(accepted) == len(answers):
        return Settled(key, flight.attempt, S.ACCEPTED, "", ids, len(answers))
    if silent:
        # Two words that can be counted and translated; the sentence itself is in the gateway's log.
        code = "no_answer" if silent[0].why.startswith("no answer") else "connection_lost"
        return Settled(key, flight.attempt, S.UNKNOWN, code, ids, len(answers))
    if accepted:
        return Settled(key, flight.attempt, S.UNKNOWN, "partial", ids, len(answers))
    final = [a for a in refused if not a.again]
    if final:
        return Settled(key, flight.attempt, S.REJECTED, final[0].code)
    return Settled(key, flight.attempt, S.QUEUED, refused[0].code, refusals=flight.refusals)


def event_of(link: Link, delivery: Delivery) -> Event:
    receipt = delivery.receipt
    if receipt is None:
        return Event(link.carrier_id, InboundKind.REPLY, "", None, "", plus(delivery.source), None, delivery.raw)
    state = {ReceiptState.DELIVERED: S.DELIVERED, ReceiptState.FAILED: S.FAILED}.get(receipt.state)
    return Event(
        link.carrier_id,
        InboundKind.RECEIPT,
        receipt.ext_id,
        state,
        receipt.code,
        plus(receipt.number),
        receipt.reference,
        delivery.raw,
    )


def plus(number: str) -> str:
    """E.164 with plus, as the ledger writes it; carriers give the digits only."""
    return f"+{number}" if number and not number.startswith("+") else number


def commit(results: Sequence[tuple[uuid.UUID, Settled]], events: Sequence[Event]) -> None:
    """Answers first, then receipts, in one transaction, so that a receipt finds an answer that came with it."""
    by_owner: dict[uuid.UUID, list[Settled]] = defaultdict(list)
    for owner, result in results:
        by_owner[owner].append(result)
    with ledger.keyed_plans():
        new_ids: list[str] = []
        for owner, some in by_owner.items():
            new_ids += dispatch.settle(owner, some)
        receipts.store(events)
        receipts.join(new_ids)
