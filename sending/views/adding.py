"""Adding rows to a job, leaving a file of them out, and confirming those that came later."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import PersonRequest, policy
from console.figures import num
from console.lib.errors import NotAllowed
from sending import job_files, jobs
from sending.forms import AdditionForm
from sending.intake import upload
from sending.views.findings import findings, to_confirm
from sending.views.job import answer, find
from sending.views.preview import whole


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_add(request: PersonRequest, pk: int) -> HttpResponse:
    """A further file, or typed numbers."""
    job = find(request, pk)
    if request.method != "POST":  # a page with errors, loaded again or in the other language
        return redirect("job", pk)
    form = AdditionForm(request.POST, request.FILES, job=job)
    if form.is_valid():
        data = form.cleaned_data
        try:
            upload.add(job, by=request.user, token=data["token"], recipients=data["recipients"])
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return _go(request, reverse("job", args=[pk]))
    return answer(request, job, status=422, add_form=form)


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Where the upload was sent by our script, it follows the address itself: a redirect would load the page twice."""
    if request.headers.get("X-Requested-With") == "upload":
        return JsonResponse({"location": address})
    return redirect(address)


@policy("jobs.send")
@require_POST
def job_leave_out(request: PersonRequest, pk: int) -> HttpResponse:
    """Send nothing of a file that waits."""
    job = find(request, pk)
    file = get_object_or_404(job.files, pk=whole(request.POST.get("file")))
    try:
        job_files.leave_out(file, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("job", pk)


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_confirm_more(request: PersonRequest, pk: int) -> HttpResponse:
    """The rows of further files may go too."""
    job = find(request, pk)
    if request.method != "POST":
        return redirect("job", pk)
    token, consent = request.POST.get("token", ""), "consent" in request.POST
    waiting = findings(job, to_confirm(job))
    try:
        jobs.confirm_more(job, by=request.user, token=token or "-", consent=consent)
    except NotAllowed as problem:
        if to_confirm(job):
            return answer(request, find(request, pk), status=422, more_fault=str(problem), agreed=consent)
        messages.error(request, str(problem))  # somebody else did, and there is no form any more
        return redirect("job", pk)
    words = ngettext("%(n)s more message confirmed.", "%(n)s more messages confirmed.", waiting.sendable)
    messages.success(request, words % {"n": num(waiting.sendable)})
    return redirect("job", pk)
