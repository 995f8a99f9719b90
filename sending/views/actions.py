"""Deeds on a job. Each is a POST that ends at the job's page, which shows what came of it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import PersonRequest, policy
from console.figures import num
from console.lib.errors import NotAllowed
from sending import counts, jobs
from sending.forms import ConfirmForm
from sending.models import SendJob
from sending.states import MessageState
from sending.views.checked import columns_form
from sending.views.job import answer, find


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_confirm(request: PersonRequest, pk: int) -> HttpResponse:
    job = find(request, pk)
    if request.method != "POST":  # a page with errors, loaded again or in the other language
        return redirect("job", pk)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return answer(request, job, form=form, status=422)
    try:
        jobs.confirm(job, by=request.user, at=form.cleaned_data["at"])
    except NotAllowed as problem:
        # A time that does not fit belongs to its field; anything else to the page.
        if isinstance(problem, jobs.BadTime):
            form.add_error("at", str(problem))
            return answer(request, job, form=form, status=422)
        messages.error(request, str(problem))
    return redirect("job", pk)


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_columns(request: PersonRequest, pk: int) -> HttpResponse:
    """The file again, read by other columns."""
    job = find(request, pk)
    if request.method != "POST":
        return redirect("job", pk)
    form = columns_form(job, request.POST)
    if form is None or not form.is_valid():
        return answer(request, job, columns_form=form, status=422)
    try:
        job = jobs.recheck(job, by=request.user, token=form.cleaned_data["token"], columns=form.columns)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("job", job.pk)


def _deed(what: Callable[..., None], done: Callable[[SendJob], str] | None = None) -> Callable[..., HttpResponse]:
    @policy("jobs.send")
    @require_POST
    def view(request: PersonRequest, pk: int) -> HttpResponse:
        job: SendJob = find(request, pk)
        try:
            what(job, by=request.user)
        except NotAllowed as problem:
            messages.error(request, str(problem))
        else:
            if done:
                messages.success(request, done(job))
        return redirect("job", pk)

    view.__name__ = f"job_{what.__name__}"
    return view


def _paused(job: SendJob) -> str:
    waiting = counts.of_job(job)[MessageState.QUEUED]
    return ngettext("Paused. %(n)s message waits.", "Paused. %(n)s messages wait.", waiting) % {"n": num(waiting)}


job_pause = _deed(jobs.pause, _paused)
job_resume = _deed(jobs.resume, lambda _job: _("Sending again."))
job_stop = _deed(jobs.stop)
job_cancel = _deed(jobs.cancel)
