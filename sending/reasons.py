"""Why a row stands where it does, in words: for its page, lists and exports."""

from __future__ import annotations

from django.utils.translation import gettext as _

from sending import codes
from sending.intake import problems
from sending.models import SendJob
from sending.states import JobStatus, MessageState, SkipReason

# Where a code says nothing about how it ended: what was said of an earlier try, or a report that all is well.
_WITHOUT_REASON = frozenset({MessageState.SUBMITTING, MessageState.ACCEPTED, MessageState.DELIVERED})


def of_row(job: SendJob, state: MessageState, code: str, detail: str) -> str:
    """In a few words, with the row's own figures; empty where nothing need be said or nobody knows."""
    if not code or state in _WITHOUT_REASON:
        return ""
    if state == MessageState.INVALID:
        version = job.version
        return problems.describe_problem(code, detail, version.typed_variables, version.template.countries)
    if state == MessageState.SKIPPED and code == SkipReason.STOPPED and job.status == JobStatus.CANCELLED:
        return _("The job was cancelled")
    if state == MessageState.QUEUED:
        return _("tried before: %(why)s") % {"why": codes.meaning(code) or code}
    return codes.meaning(code) or (code if state == MessageState.SKIPPED else "")


def advice(state: MessageState, code: str) -> str:
    """What to do about it; empty for what is well."""
    return "" if state in _WITHOUT_REASON or state == MessageState.QUEUED else codes.advice(code)
