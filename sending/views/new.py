"""Beginning a job: its name, and it is a draft that can be left; and beginning one from another."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import PersonRequest, policy
from sending import drafts
from sending.forms import NameForm
from sending.models import JobDraft
from sending.views.drafts import answer
from sending.views.job import find


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_new(request: PersonRequest) -> HttpResponse:
    """The first step; `?template=` begins with that message."""
    posted = request.method == "POST"
    initial = {"token": NameForm.fresh_token(), "template": request.GET.get("template")}
    form = NameForm(request.POST if posted else None, by=request.user, initial=initial)
    if posted and form.is_valid():
        made = drafts.start(by=request.user, **form.cleaned_data)
        return redirect("job-draft", made.pk)
    return answer(request, JobDraft(), form=form, status=422 if posted else 200)


@policy("jobs.send")
@require_POST
def job_duplicate(request: PersonRequest, pk: int) -> HttpResponse:
    """A draft with the message of a job; what cannot be sent any more is left out and said."""
    made, left_out = drafts.duplicate(find(request, pk), by=request.user)
    if left_out:
        messages.warning(request, _("Left out, because it cannot be sent now: %(what)s") % {"what": " ".join(left_out)})
    return redirect("job-draft", made.pk)
