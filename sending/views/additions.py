"""Further rows for a job that was confirmed: corrected ones above all, with a confirmation of their own."""

from __future__ import annotations

from typing import Any

from accounts.permissions import PersonRequest
from sending.models import SendJob
from sending.states import CONFIRMED
from sending.views import checked, findings


def additions(request: PersonRequest, job: SendJob) -> dict[str, Any]:
    """Of a job that was confirmed: its files, those that wait with their figures, and the form for more.

    For `sending/job/additions.html`, which the page of the job includes.
    """
    if job.status not in CONFIRMED or job.test_of_id:
        return {}
    files = list(job.files.select_related("created_by", "settled_by"))
    if not files:
        return {}
    waiting = findings.to_confirm(job)
    return checked.of_files(request, job, files) | {
        "takes_more": True,
        "waiting": findings.findings(job, waiting) if waiting else None,
    }
