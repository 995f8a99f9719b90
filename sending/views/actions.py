"""Deeds on a job that was confirmed. Each is a POST that ends at a job's page, which shows what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import PersonRequest, policy
from console.figures import num, when
from console.lib.errors import NotAllowed
from sending import counts, job_files, jobs
from sending.forms import RescheduleForm, SpeedForm
from sending.models import SendJob
from sending.states import MessageState
from sending.views.job import answer, find


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


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_reschedule(request: PersonRequest, pk: int) -> HttpResponse:
    """Another time for a job that has not begun."""
    job = find(request, pk)
    if request.method != "POST":  # a page with errors, loaded again or in the other language
        return redirect("job", pk)
    form = RescheduleForm(request.POST, job=job)
    if form.is_valid():
        try:
            jobs.reschedule(job, by=request.user, at=form.cleaned_data["at"])
        except jobs.BadTime as problem:
            form.add_error("at", str(problem))
        except NotAllowed as problem:
            messages.error(request, str(problem))
            return redirect("job", pk)
        else:
            job.refresh_from_db()
            messages.success(request, _("It begins at %(time)s now.") % {"time": strip_tags(when(job.scheduled_at))})
            return redirect("job", pk)
    return answer(request, job, status=422, reschedule_form=form)


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_speed(request: PersonRequest, pk: int) -> HttpResponse:
    """At most so many segments a second, or as fast as the carriers take them."""
    job = find(request, pk)
    if request.method != "POST":
        return redirect("job", pk)
    form = SpeedForm(request.POST, job=job)
    if not form.is_valid():
        return answer(request, job, status=422, speed_form=form)
    speed = form.cleaned_data["speed"]
    try:
        jobs.limit_speed(job, by=request.user, segments=speed)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        words = _("At most %(n)s segments a second from now on.") if speed else _("The speed limit is lifted.")
        messages.success(request, words % {"n": num(speed)})
    return redirect("job", pk)


@policy("jobs.send")
@require_POST
def job_resend(request: PersonRequest, pk: int) -> HttpResponse:
    """Rows that failed, or whose outcome is unknown, as a new job; once for a page's token."""
    job = find(request, pk)
    try:
        token = uuid.UUID(request.POST.get("token", ""))
        new = job_files.resend(job, by=request.user, token=token, which=request.POST.get("which", ""))
    except ValueError:
        messages.error(request, _("This page is too old. Load it again."))
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        return redirect("job", new.pk)
    return redirect("job", pk)
