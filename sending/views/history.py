"""What happened to a job and who did it, from the record of deeds; and why rows failed, from the counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry
from console.templatetags.console import JOB_LOOK
from sending import counts as counting
from sending.models import SendJob
from sending.states import JobStatus, MessageState
from sending.views import codes
from sending.views.figures import Counts

VERBS = [f"job.{status}" for status in JobStatus] + ["job.held", "job.refused_exported"]
LONGEST = 30
REASONS = 5

# (by a person, by the system itself)
SENTENCES: dict[str, tuple[Promise, Promise]] = {
    "job.uploaded": (gettext_lazy("Uploaded by %(who)s"), gettext_lazy("Uploaded")),
    "job.unreadable": (gettext_lazy("File could not be read"), gettext_lazy("File could not be read")),
    "job.checked": (gettext_lazy("Checked"), gettext_lazy("Checked")),
    "job.scheduled": (gettext_lazy("Scheduled by %(who)s"), gettext_lazy("Scheduled")),
    "job.sending": (gettext_lazy("Started by %(who)s"), gettext_lazy("Started at its time")),
    "job.resumed": (gettext_lazy("Resumed by %(who)s"), gettext_lazy("Resumed")),
    "job.paused": (gettext_lazy("Paused by %(who)s"), gettext_lazy("Paused")),
    # By the system, at its time; what stands in the way now is said on top of the page.
    "job.held": (gettext_lazy("Held back at its time"), gettext_lazy("Held back at its time")),
    "job.done": (gettext_lazy("Done"), gettext_lazy("Done: everything is handed over")),
    "job.stopped": (gettext_lazy("Stopped by %(who)s"), gettext_lazy("Stopped")),
    "job.cancelled": (gettext_lazy("Cancelled by %(who)s"), gettext_lazy("Cancelled")),
    "job.refused_exported": (
        gettext_lazy("Refused rows downloaded by %(who)s"),
        gettext_lazy("Refused rows downloaded"),
    ),
}


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    look: tuple[str, str]  # shape and tone of its glyph
    sentence: str
    another_day: bool


def of(job: SendJob) -> list[Happening]:
    """Newest first."""
    entries = AuditEntry.objects.filter(verb__in=VERBS, object_id=job.pk, enterprise_id=job.enterprise_id)
    happenings, before = [], ""
    for entry in reversed(entries.select_related("by").order_by("-id")[:LONGEST]):
        verb = entry.verb
        kind = "job.resumed" if verb == "job.sending" and before == "job.paused" else verb
        by_person, by_system = SENTENCES[kind]
        sentence = by_person % {"who": entry.by.name} if entry.by else str(by_system)
        status = verb.removeprefix("job.")
        is_move = status in JobStatus.values
        look = JOB_LOOK[JobStatus(status)] if is_move else ("info", "info")
        another_day = timezone.localdate(entry.at) != timezone.localdate()
        happenings.append(Happening(entry.at, look, sentence, another_day))
        before = verb if is_move else before
    return happenings[::-1]


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
