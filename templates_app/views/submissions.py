"""What applicants do about something in review: answer the reviewer's question, and urge what is late."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import reviewing
from accounts.models import ReviewState
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import reviews, submissions
from templates_app.forms.submission import AnswerForm, UrgeForm


def _mine(request: PersonRequest, kind: str, pk: int) -> Any:
    """One of the person's enterprise, of a kind that they may send in."""
    if kind not in reviews.KINDS:
        raise Http404
    if not submissions.may_edit(request.user, kind):
        raise PermissionDenied
    return get_object_or_404(submissions.visible(kind, request.user), pk=pk)


@policy("submissions.answer")
@require_http_methods(["GET", "HEAD", "POST"])
def submission_answer(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    item = _mine(request, kind, pk)
    back = submissions.address(item)
    if request.method != "POST" and item.review_state != ReviewState.RETURNED:
        return redirect(back)
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = AnswerForm(*posted)
    if posted and form.is_valid():
        try:
            reviewing.answer(item, form.cleaned_data["words"], by=request.user, document=form.cleaned_data["document"])
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("Your answer is with the reviewers. The clock goes on."))
            return redirect(back)
    about = reviews.KINDS[kind]
    context = {"form": form, "item": item, "about": about, "title": about.title(item), "back": back}
    return page(request, "templates_app/submission_answer.html", context, status=422 if posted else 200)


@policy("submissions.answer")
@require_POST
def submission_urge(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    item = _mine(request, kind, pk)
    form = UrgeForm(request.POST)
    try:
        if not form.is_valid():
            raise NotAllowed(" ".join(map(str, form.errors["words"])))
        reviewing.urge(item, form.cleaned_data["words"], by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect(submissions.address(item))
