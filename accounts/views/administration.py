"""The administrators' list of enterprises, and what they do to one of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts import administration as deeds
from accounts import applications
from accounts.forms.administration import EnterpriseFilter, ReasonForm
from accounts.models import Application, Enterprise, ReviewState, User, Verification
from accounts.models.enterprise import EnterpriseState
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset


@policy("enterprises.view")
@require_safe
def enterprises(request: PersonRequest) -> HttpResponse:
    form = EnterpriseFilter(request.GET)
    form.is_valid()
    chosen = {key: value for key, value in form.cleaned_data.items() if value}
    found = _filtered(Enterprise.objects.customers(), chosen).annotate(
        people_count=Count("people", filter=Q(people__removed_at__isnull=True), distinct=True),
        applications_count=Count("applications", distinct=True),
        in_review=Exists(Verification.objects.filter(enterprise=OuterRef("pk"), review_state=ReviewState.IN_REVIEW)),
    )
    query = request.GET.copy()
    if len(query.get("after", "")) > 18:
        del query["after"]
    rows, older = keyset(found, query, {"created": "pk"}, "-created")
    context = {"form": form, "rows": rows, "older": older, "filtered": bool(chosen), "sort": "-created"}
    return page(request, "accounts/enterprises.html", context)


def _filtered(found: QuerySet[Enterprise], chosen: dict[str, Any]) -> QuerySet[Enterprise]:
    if words := chosen.get("q", "").replace("\0", "").strip():
        of_person = User.objects.filter(enterprise=OuterRef("pk"), email__icontains=words)
        found = found.filter(Q(name__icontains=words) | Q(credit_code__iexact=words) | Exists(of_person))
    if state := chosen.get("state"):
        found = found.filter(state=state)
    if verified := chosen.get("verified"):
        found = found.filter(verified_at__isnull=verified == "no")
    return found


def _reason(request: PersonRequest) -> str:
    """What the dialog was given; NotAllowed says what is wrong with it."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise NotAllowed(str(form.errors["reason"][0]))
    return str(form.cleaned_data["reason"])


def _deed(request: PersonRequest, pk: int, to: EnterpriseState) -> HttpResponse:
    enterprise = get_object_or_404(Enterprise.objects.customers(), pk=pk)
    deed = deeds.suspend if to == EnterpriseState.SUSPENDED else deeds.restore
    try:
        deed(enterprise, by=request.user, reason=_reason(request))
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("enterprise-record", pk=pk)


@policy("enterprises.edit")
@require_POST
def enterprise_suspend(request: PersonRequest, pk: int) -> HttpResponse:
    return _deed(request, pk, EnterpriseState.SUSPENDED)


@policy("enterprises.edit")
@require_POST
def enterprise_restore(request: PersonRequest, pk: int) -> HttpResponse:
    return _deed(request, pk, EnterpriseState.ACTIVE)


def _application(enterprise: int, pk: int) -> Application:
    """One of a customer's; without the platform's own nobody would get a code any more."""
    return get_object_or_404(Application.objects.filter(enterprise__is_platform=False), enterprise=enterprise, pk=pk)


@policy("enterprises.edit")
@require_POST
def platform_suspend(request: PersonRequest, pk: int, application: int) -> HttpResponse:
    """The platform's suspension of one application; the enterprise cannot end it."""
    found = _application(pk, application)
    try:
        applications.suspend(found, by=request.user, reason=_reason(request))
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("enterprise-record", pk=pk)


@policy("enterprises.edit")
@require_POST
def platform_resume(request: PersonRequest, pk: int, application: int) -> HttpResponse:
    found = _application(pk, application)
    try:
        applications.resume(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("enterprise-record", pk=pk)
