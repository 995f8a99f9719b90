"""What happened to a job and who did it, from the record of deeds; and why rows failed, from the counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry
from console.figures import num, when
from console.templatetags.console import JOB_LOOK
from sending import codes
from sending import counts as counting
from sending.models import SendJob
from sending.states import JobStatus, MessageState
from sending.views.figures import Counts

LONGEST = 30
REASONS = 5

# (by a person, by the system itself)
SENTENCES: dict[str, tuple[Promise, Promise]] = {
    "job.uploaded": (gettext_lazy("Uploaded by %(who)s"), gettext_lazy("Uploaded")),
    "job.unreadable": (gettext_lazy("File could not be read"), gettext_lazy("File could not be read")),
    "job.checked": (gettext_lazy("Checked"), gettext_lazy("Checked")),
    "job.file_added": (gettext_lazy("File %(file)s added by %(who)s"), gettext_lazy("File %(file)s added")),
    "job.file_checked": (gettext_lazy("File %(file)s checked"), gettext_lazy("File %(file)s checked")),
    "job.file_left_out": (gettext_lazy("File %(file)s left out by %(who)s"), gettext_lazy("File %(file)s left out")),
    "job.columns_changed": (
        gettext_lazy("Columns of %(file)s changed by %(who)s"),
        gettext_lazy("Columns of %(file)s changed"),
    ),
    "job.tested": (gettext_lazy("Test message sent by %(who)s"), gettext_lazy("Test message sent")),
    "job.scheduled": (gettext_lazy("Scheduled by %(who)s"), gettext_lazy("Scheduled")),
    "job.rescheduled": (gettext_lazy("Moved to %(time)s by %(who)s"), gettext_lazy("Moved to %(time)s")),
    "job.sending": (gettext_lazy("Started by %(who)s"), gettext_lazy("Started at its time")),
    "job.more_confirmed": (
        gettext_lazy("Further rows confirmed by %(who)s: %(rows)s"),
        gettext_lazy("Further rows confirmed: %(rows)s"),
    ),
    "job.speed_limited": (
        gettext_lazy("Limited to %(speed)s segments a second by %(who)s"),
        gettext_lazy("Limited to %(speed)s segments a second"),
    ),
    "job.speed_freed": (gettext_lazy("Speed limit lifted by %(who)s"), gettext_lazy("Speed limit lifted")),
    "job.resumed": (gettext_lazy("Resumed by %(who)s"), gettext_lazy("Resumed")),
    "job.paused": (gettext_lazy("Paused by %(who)s"), gettext_lazy("Paused")),
    # By the system, at its time; what stands in the way now is said on top of the page.
    "job.held": (gettext_lazy("Held back at its time"), gettext_lazy("Held back at its time")),
    "job.held_late": (
        gettext_lazy("Held back: %(late)s min late"),
        gettext_lazy("Held back: %(late)s min late"),
    ),
    "job.done": (gettext_lazy("Done"), gettext_lazy("Done: everything is handed over")),
    "job.stopped": (gettext_lazy("Stopped by %(who)s"), gettext_lazy("Stopped")),
    "job.cancelled": (gettext_lazy("Cancelled by %(who)s"), gettext_lazy("Cancelled")),
    "job.dropped": (gettext_lazy("Not sent: %(late)s min late"), gettext_lazy("Not sent: %(late)s min late")),
    "job.ended": (gettext_lazy("Ended: its time was over"), gettext_lazy("Ended: its time was over")),
    "job.exported": (gettext_lazy("Rows exported by %(who)s"), gettext_lazy("Rows exported")),
    "job.refused_exported": (
        gettext_lazy("Refused rows downloaded by %(who)s"),
        gettext_lazy("Refused rows downloaded"),
    ),
}
# The verbs that are recorded; the other sentences are finer than these.
VERBS = sorted(SENTENCES.keys() - {"job.resumed", "job.speed_freed", "job.held_late", "job.dropped", "job.ended"})


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    look: tuple[str, str]  # shape and tone of its glyph
    sentence: str
    another_day: bool


def of(job: SendJob) -> list[Happening]:
    """Newest first."""
    happenings, before = [], ""
    for entry in reversed(_entries(job)):
        verb = entry.verb
        by_person, by_system = SENTENCES[_kind(entry, before)]
        sentence = str(by_person if entry.by else by_system) % _facts(entry)
        status = verb.removeprefix("job.")
        is_move = status in JobStatus.values
        look = JOB_LOOK[JobStatus(status)] if is_move else ("info", "info")
        another_day = timezone.localdate(entry.at) != timezone.localdate()
        happenings.append(Happening(entry.at, look, sentence, another_day))
        before = verb if is_move else before
    return happenings[::-1]


def _entries(job: SendJob) -> list[AuditEntry]:
    """The newest. That a job is being checked again goes without saying beside the file that is."""
    entries = AuditEntry.objects.filter(verb__in=VERBS, object_id=job.pk, enterprise_id=job.enterprise_id)
    entries = entries.exclude(verb="job.uploaded", detail__file__isnull=True)
    return list(entries.select_related("by").order_by("-id")[:LONGEST])


def _kind(entry: AuditEntry, before: str) -> str:
    """Which sentence it is; `before` is the verb of the move before it."""
    if entry.verb == "job.sending" and before == "job.paused":
        return "job.resumed"
    if entry.verb == "job.speed_limited" and not entry.after.get("speed"):
        return "job.speed_freed"
    if "late" in entry.detail:
        return {"job.held": "job.held_late", "job.cancelled": "job.dropped"}.get(entry.verb, entry.verb)
    return "job.ended" if entry.by is None and "until" in entry.detail else entry.verb


def _facts(entry: AuditEntry) -> dict[str, str]:
    at = parse_datetime(str(entry.after.get("scheduled_at", "")))
    return {
        "who": entry.by.name if entry.by else "",
        "file": str(entry.detail.get("file", "")),
        "late": num(entry.detail.get("late")),
        "rows": num(entry.detail.get("rows")),
        "speed": num(entry.after.get("speed")),
        "time": strip_tags(when(at)),
    }


def held_for(job: SendJob) -> int | None:
    """Minutes that a paused job was late when the system held it back as its plan asks for; None for other reasons."""
    if job.status != JobStatus.PAUSED:
        return None
    moves = AuditEntry.objects.filter(verb__in=["job.held", "job.paused"], object_id=job.pk)
    newest = moves.filter(enterprise_id=job.enterprise_id).order_by("-id").first()
    return newest.detail.get("late") if newest else None


@dataclass(frozen=True, slots=True)
class Reason:
    words: str
    code: str
    n: int


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why rows of one state ended there; the figures sum to `n`."""

    state: MessageState
    n: int
    reasons: list[Reason]


def reasons(job: SendJob, counts: Counts) -> list[Reasons]:
    """For failed and rejected rows, most frequent first, the rest as one line."""
    found = []
    for state in (MessageState.FAILED, MessageState.REJECTED):
        if not counts.get(state):
            continue
        by_code = counting.codes_of_job(job, state)
        shown = [Reason(codes.meaning(code), code, n) for code, n in by_code[:REASONS]]
        if rest := sum(n for _code, n in by_code[REASONS:]):
            shown.append(Reason(_("Other"), "", rest))
        found.append(Reasons(state, sum(reason.n for reason in shown), shown))
    return found
