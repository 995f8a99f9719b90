"""One message of a job: whom it was for, what it said, what became of it and when, and what the carrier reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from sending import codes, evidence, reasons
from sending.intake.labels import label
from sending.models import Carrier, Message, SendJob
from sending.states import NEVER_SENT, MessageState, Repair
from sending.views import rows
from sending.views.job import find
from templates_app.models.template import Variable

# A report may still come.
_WAITING = (MessageState.SUBMITTING, MessageState.ACCEPTED, MessageState.UNKNOWN, MessageState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Value:
    variable: Variable
    value: str


@policy("jobs.view")
@require_safe
def message(request: PersonRequest, pk: int, position: int) -> HttpResponse:
    job = find(request, pk)
    found = _at(job, position)
    file = rows.file_of(list(job.files.counted()), found)
    shows_text = may(request.user, "messages.text")
    context: dict[str, Any] = {
        "job": job,
        "file": file,
        "label": label(found.row, file.number if file else 1),
        "position": position,
        "last": job.total - 1,
        "shows_text": shows_text,
        "masked": not may(request.user, "numbers.full"),
    }
    if shows_text:
        context |= _said(job, found)
        audit.record(
            by=request.user,
            verb="job.message_read",
            object_id=job.pk,
            enterprise_id=job.enterprise_id,
            label=job.name,
            row=context["label"],
        )
    context |= _became(job, found, masked=context["masked"])
    return page(request, "sending/message.html", context)


def _at(job: SendJob, position: int) -> Message:
    found = Message.objects.filter(pk=(job.first_id or 0) + position).first() if position < job.total else None
    if job.first_id is None or found is None:
        raise Http404
    return found


def _said(job: SendJob, found: Message) -> dict[str, Any]:
    """Values and text; what was refused has no text, and perhaps not all its values."""
    variables = job.version.typed_variables
    complete = found.state != MessageState.INVALID and len(found.values) == len(variables)
    return {
        "values": [Value(variable, value) for variable, value in zip(variables, found.values, strict=False)],
        "bubble_values": {v.name: value for v, value in zip(variables, found.values, strict=False)},
        "complete": complete,
    }


def _became(job: SendJob, found: Message, *, masked: bool) -> dict[str, Any]:
    state = MessageState(found.state)
    return {
        "message": found,
        "number": rows.shown_number(found, masked=masked),
        "raw": rows.shown_number(Message(raw=found.raw), masked=masked) if found.repairs else "",
        "repairs": repairs(found.repairs),
        "state": state,
        "known": codes.find(found.code),
        "reason": reasons.of_row(job, state, found.code, found.detail),
        "advice": reasons.advice(state, found.code),
        "segments": 0 if state in NEVER_SENT else found.segments,
        "was_reported": state in rows.REPORTED,
        "waits": state in _WAITING,
        "carrier": Carrier.objects.filter(pk=found.carrier_id or 0).values_list("name", flat=True).first() or "",
        **evidence.of(found),
    }


def repairs(bits: int) -> Sequence[str]:
    return [str(repair.label) for repair in Repair if bits & repair]
