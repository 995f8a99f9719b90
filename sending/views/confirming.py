"""Deciding about what was checked: confirming it, testing its text, or having the file read by other columns."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import OwnNumber
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from sending import job_files, jobs, previews, proofs
from sending.forms import ConfirmForm
from sending.models import JobStatus, SendJob
from sending.views.checked import columns_form
from sending.views.job import answer, find
from sending.views.preview import whole


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_confirm(request: PersonRequest, pk: int) -> HttpResponse:
    job = find(request, pk)
    if request.method != "POST":  # a page with errors, loaded again or in the other language
        return redirect("job", pk)
    form = ConfirmForm(request.POST, job=job)
    if form.is_valid():
        try:
            # A form without a token is not of this page.
            jobs.confirm(job, by=request.user, plan=form.plan, token=request.POST.get("token") or "-")
        except NotAllowed as problem:
            job = find(request, pk)
            if job.status != JobStatus.CHECKED:
                messages.error(request, str(problem))
                return redirect("job", pk)
            # A time that does not fit belongs to its field; anything else to the form.
            form.add_error(problem.field if isinstance(problem, jobs.BadTime) else None, str(problem))
        else:
            return redirect("job", pk)
    return answer(request, job, status=422, form=form)


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_columns(request: PersonRequest, pk: int) -> HttpResponse:
    """A file again, read by other columns."""
    job = find(request, pk)
    if request.method != "POST":
        return redirect("job", pk)
    file = job.files.filter(pk=whole(request.POST.get("file"))).first()
    form = columns_form(request, job, file, request.POST)
    if file is None or form is None:
        messages.error(request, _("This file cannot be read by other columns any more. This is what it is now."))
        return redirect("job", pk)
    if not form.is_valid():
        return answer(request, job, status=422, columns_form=form)
    try:
        job_files.reread(file, by=request.user, wanted=form.wanted)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("job", pk)


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_test(request: PersonRequest, pk: int) -> HttpResponse:
    """The text of the row that was shown, to the chosen own numbers."""
    job = find(request, pk)
    if request.method != "POST":
        return redirect("job", pk)
    row = whole(request.POST.get("row"))
    try:
        sent = _test(request, job, row)
    except NotAllowed as problem:
        return answer(request, job, status=422, test_fault=str(problem), test_chosen=_chosen(request))
    words = ngettext("%(n)s test message is on its way.", "%(n)s test messages are on their way.", sent)
    messages.success(request, words % {"n": sent})
    return redirect(f"{reverse('job', args=[pk])}?row={row}#preview")


def _test(request: PersonRequest, job: SendJob, position: int) -> int:
    message = previews.message_at(job, position)
    if message is None:
        raise NotAllowed(_("No row of this job can be sent. Correct the refused rows and add them to this job."))
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError as error:
        raise NotAllowed(_("This page is too old. Load it again.")) from error
    to = OwnNumber.objects.visible_to(request.user).verified().filter(pk__in=_chosen(request))
    return proofs.send(job, message, to=list(to), by=request.user, token=token).total


def _chosen(request: PersonRequest) -> list[int]:
    return [whole(pk) for pk in request.POST.getlist("number")]
