"""The enterprise's applications: list, one of them, changing it, and suspending it for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import applications as deeds
from accounts import modes
from accounts.forms.application import ChangeForm, SuspendForm
from accounts.models import Application
from accounts.models.application import Region
from accounts.permissions import PersonRequest, may, policy
from console.lib import networks
from console.lib.errors import NotAllowed
from console.lib.pages import page


def find(request: PersonRequest, region: str, pk: int) -> Application:
    found = Application.objects.visible_to(request.user).select_related("created_by", "enterprise")
    return get_object_or_404(found, pk=pk, region=region)


@policy("applications.view")
def applications(request: PersonRequest, region: str) -> HttpResponse:
    enterprise = request.user.enterprise
    assert enterprise is not None  # the policy lets nobody else in
    context = {
        "applications": Application.objects.visible_to(request.user).filter(region=region).order_by("-pk"),
        "region": Region(region),
        "quota": deeds.quota(enterprise, region),
        "covered": modes.covers(enterprise, region),
        "may_edit": may(request.user, "applications.edit"),
        "may_ask": may(request.user, "requests.edit"),
    }
    return page(request, "accounts/applications.html", context)


@policy("applications.view")
@never_cache
def application(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    return _show(request, find(request, region, pk))


def _show(request: PersonRequest, shown: Application, *, suspending: SuspendForm | None = None) -> HttpResponse:
    """`suspending`: the form of the suspension when it was refused; it stands open with its error."""
    context = {
        "application": shown,
        "region": Region(shown.region),
        "access_address": settings.SITE_URL,
        "overlaps": networks.overlaps(shown.allowed_networks),
        "suspending": suspending or SuspendForm(),
        "may_edit": may(request.user, "applications.edit"),
        "may_manage": may(request.user, "applications.secret"),
    }
    return page(request, "accounts/application.html", context, status=422 if suspending else 200)


@policy("applications.edit")
def application_edit(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    shown = find(request, region, pk)
    form = ChangeForm(request.POST or None, application=shown)
    if request.method == "POST" and form.is_valid():
        try:
            deeds.change(shown.pk, form.values, by=request.user, seen=form.cleaned_data["seen"])
        except deeds.ChangedMeanwhile as problem:
            form = form.after(problem)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("application", region=region, pk=pk)
    context = {"form": form, "application": shown, "region": Region(region)}
    return page(request, "accounts/application_edit.html", context, status=422 if form.is_bound else 200)


@policy("applications.secret")
@require_POST
def application_suspend(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    shown = find(request, region, pk)
    form = SuspendForm(request.POST)
    if not form.is_valid():
        return _show(request, shown, suspending=form)
    return back_after(request, shown, deeds.suspend, reason=form.cleaned_data["reason"])


@policy("applications.secret")
@require_POST
def application_resume(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    return back_after(request, find(request, region, pk), deeds.resume)


def back_after(request: PersonRequest, shown: Application, do: Callable[..., None], **how: Any) -> HttpResponse:
    """Do something to an application and go back to its page; what is not possible is said there."""
    try:
        do(shown, by=request.user, **how)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("application", region=shown.region, pk=shown.pk)
