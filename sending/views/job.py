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
from sending.forms import ConfirmForm
from sending.models import SendJob
from sending.states import UNCONFIRMED, WITHHELD, JobStatus, MessageState
from sending.views import additions, checked, figures, history, rows, running

OVER = frozenset({JobStatus.DONE}) | WITHHELD
READING_EVERY = 2  # seconds, while a further file is read


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
    status: int = 200,
    form: ConfirmForm | None = None,
    **shown: Any,
) -> HttpResponse:
    """The page of `job` as it is now; `form` and `shown` (forms by their names) say what was just refused."""
    context: dict[str, Any] = {
        "job": job,
        "can_send": may(request.user, "jobs.send"),
        "now": timezone.now(),
        "over": OVER,
        "address": _address(request, job),
    }
    if job.status in UNCONFIRMED:
        context |= checked.context(request, job, form=form)
    else:
        context |= {"file": job.files.last()} | _ledger(request, job) | additions.additions(request, job)
    every = figures.polls_every(job, context.get("counts", {}), context["now"])
    context["every"] = min(every or READING_EVERY, READING_EVERY) if context.get("reading") else every
    context |= shown
    return page(request, "sending/job.html", context, part="live", status=status)


def _ledger(request: PersonRequest, job: SendJob) -> dict[str, Any]:
    counts, now = counting.of_job(job), timezone.now()
    rates = counting.rate_of_job(job) if figures.is_recent(job, now) else []
    return running.context(job, counts) | {
        "counts": counts,
        "ledger": figures.ledger(job, counts),
        # People may distrust the running figures: then the ledger itself is counted.
        "differs": counting.verify(job) if "recount" in request.GET else None,
        "rates": figures.Rates.of(rates),
        "failures": history.reasons(job, counts),
        "rows": rows.find(request, job, counts),
        "log": history.of(job),
        "unknown": counts[MessageState.UNKNOWN],
        "to_withhold": counts[MessageState.QUEUED],
        "withholding": counts[MessageState.QUEUED] if job.status in WITHHELD else 0,
        "refused": counts[MessageState.INVALID],
    }


def _address(request: HttpRequest, job: SendJob) -> str:
    """Where a polling page asks again: with its filter, but without counting the ledger each time."""
    query = request.GET.copy()
    query.pop("recount", None)
    return reverse("job", args=[job.pk]) + (f"?{query.urlencode()}" if query else "")
