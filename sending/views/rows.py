"""The rows of a job, a page at a time, newest first: by state, code, number or row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.functional import Promise

from accounts.permissions import PersonRequest, may
from console.lib import phone
from sending import codes, reasons, row_search
from sending import counts as counting
from sending.forms import RowSearch
from sending.models import Carrier, JobFile, Message, SendJob
from sending.models.message import MessageQuerySet
from sending.states import COUNTED_BY_CODE, NEVER_SENT, MessageState
from sending.views.figures import TABS, Counts, total

SIZE = 50
REPORTED = frozenset({MessageState.DELIVERED, MessageState.FAILED})  # all others settle without a report
_WITHOUT_CODE = frozenset(NEVER_SENT) | {MessageState.QUEUED}


@dataclass(frozen=True, slots=True)
class Row:
    position: int  # among the job's rows
    row: int
    file: JobFile | None  # where the job has several
    number: str
    state: MessageState
    reason: str
    segments: int
    sent: datetime | None
    reported: datetime | None
    carrier: str
    code: str
    explained: bool  # whether the page of codes has the code


@dataclass(frozen=True, slots=True)
class Tab:
    title: Promise | str
    n: int
    query: str
    current: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the rows are narrowed to besides the state; `rows` with the code, where these are counted."""

    search: RowSearch
    code: str = ""
    meaning: str = ""
    rows: int | None = None

    @property
    def any(self) -> bool:
        return bool(self.code or self.search.chosen)

    @property
    def query(self) -> dict[str, str]:
        return ({"code": self.code} if self.code else {}) | self.search.chosen


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    tabs: list[Tab]
    state: str
    chosen: Chosen
    files: Sequence[JobFile]
    first: str  # query of the first page
    older: str  # query of the next page, empty at the end
    newest: bool
    masked: bool


def find(request: PersonRequest, job: SendJob, counts: Counts) -> Rows:
    """The page of rows the address asks for; what it does not understand it ignores."""
    named = {key: states for key, _title, states in TABS} | {state.key: (state,) for state in MessageState}
    state = request.GET.get("state", "")
    state = state if state in named else ""
    files = list(job.files.counted())
    chosen = _chosen(request, job, named[state] if state else ())
    before = request.GET.get("before", "")
    newest = not (before.isdecimal() and job.first_id is not None and len(before) < 9)
    found = Message.objects.of_job(job)
    if not newest:
        found = found.filter(id__lt=(job.first_id or 0) + int(before))
    messages = _newest(_narrowed(found, job, files, chosen), named[state] if state else ())
    masked = not may(request.user, "numbers.full")
    more = len(messages) > SIZE  # one row more than shown tells whether there is a next page
    query = ({"state": state} if state else {}) | chosen.query
    last = messages[SIZE - 1].pk - (job.first_id or 0) if more else 0
    return Rows(
        rows=_shown(job, files, messages[:SIZE], masked=masked),
        tabs=_tabs(counts, state),
        state=state,
        chosen=chosen,
        files=files,
        first=urlencode(query),
        older=urlencode({**query, "before": last}) if more else "",
        newest=newest,
        masked=masked,
    )


def _chosen(request: PersonRequest, job: SendJob, states: tuple[MessageState, ...]) -> Chosen:
    search = RowSearch(request.GET, mainland=job.application.is_mainland)
    code = request.GET.get("code", "").replace("\0", "")[:60]
    n = None
    if code and len(states) == 1 and states[0] in COUNTED_BY_CODE:
        n = dict(counting.codes_of_job(job, states[0])).get(code, 0)
    return Chosen(search, code, codes.meaning(code), n)


def _narrowed(found: MessageQuerySet, job: SendJob, files: Sequence[JobFile], chosen: Chosen) -> MessageQuerySet:
    if chosen.code:
        found = found.filter(code=chosen.code)
    if chosen.search.start:
        found = row_search.with_number(found, job, chosen.search.start)
    if row := chosen.search.chosen.get("row"):
        found = found.filter(id__in=row_search.at_row(files, row))
    return found.none() if chosen.search.impossible else found


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


def _shown(job: SendJob, files: Sequence[JobFile], messages: Sequence[Message], *, masked: bool) -> list[Row]:
    carriers = dict(Carrier.objects.values_list("pk", "name"))
    several = len(files) > 1
    return [
        _row(job, file_of(files, message) if several else None, message, carriers, masked=masked)
        for message in messages
    ]


def file_of(files: Sequence[JobFile], message: Message) -> JobFile | None:
    """Which of `files`, in their order, the row came in."""
    place = bisect_right([file.first_id for file in files], message.pk)
    return files[place - 1] if place else None


def shown_number(message: Message, *, masked: bool) -> str:
    """What can be said of whom it is to: the number, or what stood in its cell."""
    number = message.number or message.raw
    return phone.mask(number) if masked and number else number


def _row(job: SendJob, file: JobFile | None, message: Message, carriers: Mapping[int, str], *, masked: bool) -> Row:
    state = MessageState(message.state)
    code = "" if state in _WITHOUT_CODE else message.code
    return Row(
        position=message.pk - (job.first_id or 0),
        row=message.row,
        file=file,
        number=shown_number(message, masked=masked),
        state=state,
        reason=reasons.of_row(job, state, message.code, message.detail) if state != MessageState.QUEUED else "",
        segments=0 if state in NEVER_SENT else message.segments,
        sent=message.submitted_at,
        reported=message.settled_at if state in REPORTED else None,
        carrier=carriers.get(message.carrier_id or 0, ""),
        code=code,
        explained=codes.find(code) is not None,
    )
