"""The rows of a job, a page at a time, newest first, by state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.permissions import PersonRequest, may
from console.lib import phone
from sending.intake import problems
from sending.models import Message, SendJob
from sending.models.message import MessageQuerySet
from sending.states import JobStatus, MessageState, SkipReason
from sending.views import codes
from sending.views.figures import TABS, Counts, total

SIZE = 50
REPORTED = frozenset({MessageState.DELIVERED, MessageState.FAILED})  # all others settle without a report


@dataclass(frozen=True, slots=True)
class Row:
    row: int
    number: str
    state: MessageState
    reason: str
    segments: int
    sent: datetime | None
    reported: datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class Tab:
    title: Promise | str
    n: int
    query: str
    current: bool


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    tabs: list[Tab]
    chosen: str
    older: str  # query of the next page, empty at the end
    newest: bool
    masked: bool


def find(request: PersonRequest, job: SendJob, counts: Counts) -> Rows:
    """The page of rows the address asks for; what it does not understand it ignores."""
    chosen = request.GET.get("state", "")
    states = {key: states for key, _title, states in TABS} | {state.key: (state,) for state in MessageState}
    chosen = chosen if chosen in states else ""
    found = Message.objects.of_job(job)
    before = request.GET.get("before", "")
    newest = not (before.isdecimal() and job.first_id is not None and len(before) < 9)
    if not newest:
        found = found.filter(id__lt=(job.first_id or 0) + int(before))
    # One row more than shown tells whether there is a next page.
    messages = _newest(found, states.get(chosen, ()))
    masked = not may(request.user, "numbers.full")
    more = len(messages) > SIZE
    last = messages[SIZE - 1].pk - (job.first_id or 0) if more else 0
    return Rows(
        rows=[_row(job, message, masked=masked) for message in messages[:SIZE]],
        tabs=_tabs(counts, chosen),
        chosen=chosen,
        older=urlencode({**({"state": chosen} if chosen else {}), "before": last}) if more else "",
        newest=newest,
        masked=masked,
    )


def _newest(found: MessageQuerySet, states: tuple[MessageState, ...]) -> list[Message]:
    """The newest of `states` (all when empty), one more than a page. Each state by itself goes along the index; all in
    one WHERE would walk past the rows of every other state.
    """
    if not states:
        return list(found.order_by("-id")[: SIZE + 1])
    pages = [found.filter(state=state).order_by("-id")[: SIZE + 1] for state in states]
    if len(pages) == 1:
        return list(pages[0])
    return list(pages[0].union(*pages[1:], all=True).order_by("-id")[: SIZE + 1])


def _tabs(counts: Counts, chosen: str) -> list[Tab]:
    tabs = [
        Tab(title, total(counts, states), urlencode({"state": key}) if key else "", current=key == chosen)
        for key, title, states in TABS
    ]
    if not any(tab.current for tab in tabs):  # a single state, chosen in the ledger
        state = next(state for state in MessageState if state.key == chosen)
        tabs.append(Tab(state.label, counts.get(state, 0), urlencode({"state": chosen}), current=True))
    return tabs


def _row(job: SendJob, message: Message, *, masked: bool) -> Row:
    state = MessageState(message.state)
    number = message.number or message.raw
    return Row(
        row=message.row,
        number=phone.mask(number) if masked and number else number,
        state=state,
        reason=_reason(job, message, state),
        segments=message.segments if state not in {MessageState.INVALID, MessageState.SKIPPED} else 0,
        sent=message.submitted_at,
        reported=message.settled_at if state in REPORTED else None,
        code=message.code if state not in {MessageState.INVALID, MessageState.SKIPPED, MessageState.QUEUED} else "",
    )


def _reason(job: SendJob, message: Message, state: MessageState) -> str:
    if state == MessageState.INVALID:
        version = job.version
        return problems.describe_problem(
            message.code, message.detail, version.typed_variables, version.template.countries
        )
    if state == MessageState.SKIPPED and message.code == SkipReason.STOPPED and job.status == JobStatus.CANCELLED:
        return _("The job was cancelled")
    if state == MessageState.SKIPPED:
        return str(SkipReason(message.code).label) if message.code in SkipReason.values else message.code
    if state in {MessageState.FAILED, MessageState.REJECTED, MessageState.UNKNOWN, MessageState.EXPIRED}:
        return codes.meaning(message.code)
    return ""
