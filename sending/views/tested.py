"""Test messages of a job: to whom they can go, and what came of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from sending import proofs, reasons
from sending.models import Message, SendJob
from sending.states import MessageState

SHOWN = 5
WATCHED = timedelta(minutes=10)  # as long as somebody may wait for a test message


@dataclass(frozen=True, slots=True)
class Tested:
    """A test message: whom it went to, what came of it, and when."""

    number: str
    state: MessageState
    reason: str
    at: datetime


def context(job: SendJob) -> dict[str, Any]:
    return {
        "own_numbers": proofs.numbers_for(job),
        "tests_left": proofs.left(job),
        "tests_most": proofs.MOST,
        "test_token": uuid.uuid4(),
        **came(job),
    }


def came(job: SendJob) -> dict[str, Any]:
    """Of the latest ones."""
    held = proofs.of(job)[:SHOWN]
    young = timezone.now() - WATCHED
    under_way = {MessageState.QUEUED, MessageState.SUBMITTING, MessageState.ACCEPTED}
    return {
        "tests": [_tested(job, message) for message in held],
        "tests_move": any(message.state in under_way and message.created_at > young for message in held),
    }


def _tested(job: SendJob, message: Message) -> Tested:
    state = MessageState(message.state)
    return Tested(
        number=message.number,
        state=state,
        reason=reasons.of_row(job, state, message.code, message.detail),
        at=message.settled_at or message.submitted_at or message.created_at,
    )
