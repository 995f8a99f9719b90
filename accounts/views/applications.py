"""The enterprise's applications."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache

from accounts import applications as deeds
from accounts.forms.application import ApplicationForm
from accounts.models import Application
from accounts.models.application import Region
from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page

SECRET_ONCE = "secret-of-application"


@policy("applications.view")
def applications(request: PersonRequest, region: str) -> HttpResponse:
    found = Application.objects.visible_to(request.user).filter(region=region).order_by("-pk")
    context = {"applications": found, "region": Region(region), "may_edit": may(request.user, "applications.edit")}
    return page(request, "accounts/applications.html", context)


@policy("applications.edit")
def application_new(request: PersonRequest, region: str) -> HttpResponse:
    form = ApplicationForm(request.POST or None, by=request.user, region=region)
    if request.method == "POST" and form.is_valid():
        application = form.save(commit=False)
        request.session[SECRET_ONCE] = [application.name, deeds.create(application, by=request.user)]
        return redirect("application", region=region, pk=application.pk)
    context = {"form": form, "region": Region(region)}
    return page(request, "accounts/application_new.html", context, status=422 if form.is_bound else 200)


@policy("applications.view")
@never_cache
def application(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = Application.objects.visible_to(request.user).select_related("created_by")
    shown = get_object_or_404(found, pk=pk, region=region)
    name, secret = request.session.pop(SECRET_ONCE, ["", ""])
    context = {"application": shown, "region": Region(region), "secret": secret if name == shown.name else ""}
    return page(request, "accounts/application.html", context)
