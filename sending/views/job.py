"""The page of one job: one view and one template for every state it can be in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from sending import counts as counting
from sending import previews, trial
from sending.forms import ColumnsForm, ConfirmForm
from sending.models import SendJob
from sending.sendable import obstacle
from sending.states import JOB_MOVES, WITHHELD, JobStatus, MessageState
from sending.views import checked, figures, history, rows

OVER = frozenset(status for status, after in JOB_MOVES.items() if not after)


def find(request: PersonRequest, pk: int) -> SendJob:
    """The job, if it is of the person's own enterprise; else there is none."""
    related = ("application", "signature", "version__template", "created_by", "confirmed_by", "enterprise")
    return get_object_or_404(SendJob.objects.visible_to(request.user).select_related(*related), pk=pk)


@policy("jobs.view")
@require_safe
def job(request: PersonRequest, pk: int) -> HttpResponse:
    return answer(request, find(request, pk))


def answer(
    request: PersonRequest,
    job: SendJob,
    *,
    form: ConfirmForm | None = None,
    columns_form: ColumnsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of `job` as it is now; the forms say what was just refused."""
    context: dict[str, Any] = {
        "job": job,
        "can_send": may(request.user, "jobs.send"),
        "now": timezone.now(),
        "over": OVER,
        "address": _address(request, job),
    }
    if job.status == JobStatus.UNREADABLE:
        context |= {"fault": checked.fault(job), "columns_form": columns_form or checked.columns_form(job)}
    elif job.status == JobStatus.CHECKED:
        context |= _to_confirm(request, job, form)
        context["columns_form"] = columns_form or checked.columns_form(job)
    elif job.status != JobStatus.UPLOADED:
        context |= _ledger(request, job)
    counts = context.get("counts", {})
    context["every"] = figures.polls_every(job, counts, context["now"])
    return page(request, "sending/job.html", context, part="live", status=status)


def _to_confirm(request: HttpRequest, job: SendJob, form: ConfirmForm | None) -> dict[str, Any]:
    found = checked.findings(job)
    way = figures.way(job.application.region)
    return {
        "found": found,
        "preview": previews.at(job, _whole(request.GET.get("row"))),
        "trial": trial.of(job) if found.sendable else None,
        "way": way,
        "end": figures.End.after(found.segments_total / way.rate) if way.rate else None,
        "form": form or ConfirmForm(),
        "to_withhold": found.sendable,
    }


def _ledger(request: PersonRequest, job: SendJob) -> dict[str, Any]:
    counts, now = counting.of_job(job), timezone.now()
    way = figures.way(job.application.region)
    speed = counting.rate_now(job) if job.status == JobStatus.SENDING else 0.0
    rates = counting.rate_of_job(job) if figures.is_recent(job, now) else []
    return {
        "counts": counts,
        "ledger": figures.ledger(job, counts),
        # People may distrust the running figures: then the ledger itself is counted.
        "differs": counting.verify(job) if "recount" in request.GET else None,
        "way": way,
        "pace": figures.pace(job, counts, speed_now=speed, allowed=way.rate, now=now),
        "rates": figures.Rates.of(rates),
        "failures": history.reasons(job, counts),
        "rows": rows.find(request, job, counts),
        "log": history.of(job),
        "unknown": counts[MessageState.UNKNOWN],
        "to_withhold": counts[MessageState.QUEUED],
        "withholding": counts[MessageState.QUEUED] if job.status in WITHHELD else 0,
        "refused": counts[MessageState.INVALID],
        "obstacle": obstacle(job) if job.status in {JobStatus.SENDING, JobStatus.PAUSED} else "",
        "still_leave": figures.still_leave(job, counts, way),
    }


def _address(request: HttpRequest, job: SendJob) -> str:
    """Where a polling page asks again: with its filter, but without counting the ledger each time."""
    query = request.GET.copy()
    query.pop("recount", None)
    return reverse("job", args=[job.pk]) + (f"?{query.urlencode()}" if query else "")


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0
