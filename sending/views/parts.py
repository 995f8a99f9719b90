"""Parts of a checked job's page that htmx asks for by themselves. Without it the page has them all."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from sending.forms import ConfirmForm
from sending.models import JobStatus, SendJob
from sending.views import preview, takes, tested
from sending.views.findings import findings, to_confirm
from sending.views.job import find


@policy("jobs.view")
@require_safe
def job_preview(request: PersonRequest, pk: int) -> HttpResponse:
    """The message of another row; the address bar keeps the row that is shown."""
    job = find(request, pk)
    shown = preview.context(request, job)
    answer = _part(request, job, "sending/job/preview.html", shown)
    if shown["preview"] and answer.status_code == 200:
        answer["HX-Push-Url"] = f"{reverse('job', args=[pk])}?row={shown['preview'].position}"
    return answer


@policy("jobs.view")
@require_safe
def job_takes(request: PersonRequest, pk: int) -> HttpResponse:
    """The figures for what stands in the form at present."""
    job = find(request, pk)
    form = ConfirmForm(request.GET, job=job)
    form.is_valid()
    shown = takes.takes(job, findings(job, to_confirm(job)), form)
    return _part(request, job, "sending/job/takes.html", {"takes": shown})


@policy("jobs.view")
@require_safe
def job_tests(request: PersonRequest, pk: int) -> HttpResponse:
    """What came of the test messages."""
    job = find(request, pk)
    return _part(request, job, "sending/job/tests.html", tested.came(job))


def _part(request: PersonRequest, job: SendJob, template: str, context: dict[str, Any]) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(f"{reverse('job', args=[job.pk])}{query}#preview")
    if job.status != JobStatus.CHECKED:  # somebody has confirmed it: the page as it is now
        return HttpResponse(headers={"HX-Refresh": "true"})
    return page(request, template, context | {"job": job, "can_send": may(request.user, "jobs.send")})
