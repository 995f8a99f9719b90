"""Writing a qualification and sending it in. What was typed and uploaded stays, whatever is wrong with the rest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import clock
from accounts.models.review import ReviewClock
from accounts.permissions import PersonRequest, policy
from accounts.views.enterprise import own
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import manager_numbers, qualification_papers
from templates_app import qualifications as deeds
from templates_app.forms.qualification import QualificationForm, form_of
from templates_app.models import Qualification

KEY_MAX = 18  # digits


@policy("qualifications.edit")
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("id_number", "code")
def qualification_new(request: PersonRequest) -> HttpResponse:
    token = form_of(request.POST.get("form"))
    if made := deeds.made_with(token, own(request)):  # a moment ago, by the same form posted twice
        return redirect(made)
    form = _form(request, token)
    if request.method != "POST":
        return _answer(request, form)
    form.full_clean()
    if request.POST.get("deed") == "code":
        return _send_code(request, form, token)
    _prove(request, form)
    if not form.errors:
        try:
            return redirect(deeds.submit(form.claim, enterprise=own(request), by=request.user, before=form.before))
        except NotAllowed as problem:
            form.add_error(None, str(problem))
    _keep(request, form, token)
    return _answer(request, form, status=422)


def _form(request: PersonRequest, token: UUID) -> QualificationForm:
    posted: tuple[Any, ...] = ()
    if request.method == "POST":
        typed = request.POST.copy()
        typed["form"] = str(token)
        posted = (typed, request.FILES)
    kept = qualification_papers.kept(token, by=request.user)
    return QualificationForm(*posted, enterprise=own(request), before=_before(request), kept=kept)


def _before(request: PersonRequest) -> Qualification | None:
    """The rejected or withdrawn one that is to be changed and sent in again."""
    again = request.GET.get("again", "")
    if not again.isdecimal() or len(again) > KEY_MAX:
        return None
    rows = Qualification.objects.visible_to(request.user).select_related(*Qualification.DOCUMENTS)
    return get_object_or_404(rows, pk=again, review_state__in=deeds.AGAIN)


def _send_code(request: PersonRequest, form: QualificationForm, token: UUID) -> HttpResponse:
    """Only the number is asked for; what else is missing is said when the form is sent in."""
    for name in set(form.errors) - {"manager_number", *request.FILES}:
        del form.errors[name]
    if number := form.cleaned_data.get("manager_number"):
        try:
            manager_numbers.send_code(own(request), number, by=request.user)
        except NotAllowed as problem:
            form.add_error("manager_number", str(problem))
    _keep(request, form, token)
    return _answer(request, form, status=422 if form.errors else 200)


def _prove(request: PersonRequest, form: QualificationForm) -> None:
    number, code = form.cleaned_data.get("manager_number"), form.cleaned_data.get("code")
    if not number or "code" in form.errors or manager_numbers.proved_at(own(request), number):
        return
    if not code:
        form.add_error("code", deeds.NOT_PROVED)
    elif fault := manager_numbers.prove(own(request), number, code, by=request.user):
        form.add_error("code", fault)


def _keep(request: PersonRequest, form: QualificationForm, token: UUID) -> None:
    try:
        qualification_papers.keep(token, form.uploads, enterprise=own(request), by=request.user)
    except NotAllowed as problem:
        form.add_error(None, str(problem))
    form.kept |= qualification_papers.kept(token, by=request.user)


def _answer(request: PersonRequest, form: QualificationForm, *, status: int = 200) -> HttpResponse:
    enterprise = own(request)
    for name in ("code", "id_number", *qualification_papers.PURPOSE):
        form.fields[name].required = True  # as people read it: none is optional, but some are known already
    values = form.cleaned_data if form.is_bound else form.initial
    number = values.get("manager_number") or ""
    context = {
        "form": form,
        "before": form.before,
        "enterprise": enterprise,
        "number": number,
        "proved": bool(number) and manager_numbers.proved_at(enterprise, number) is not None,
        "awaited": manager_numbers.awaited(enterprise, number) if number else None,
        "expected": clock.expected(ReviewClock.THREE_WORKDAYS),
    }
    return page(request, "templates_app/qualification_new.html", context, part="number", status=status)
