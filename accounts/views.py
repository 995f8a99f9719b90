"""Signing in and out, one's own language, and the enterprise's applications."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts import applications as deeds
from accounts import audit
from accounts.forms import ApplicationForm, SignInForm
from accounts.models import Application
from accounts.models.application import Region
from accounts.permissions import PersonRequest, may, open_to_all, policy
from console.lib.pages import page

SECRET_ONCE = "secret-of-application"


def _safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where the request asks to go on to, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url(otherwise)


@open_to_all
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", None):  # the session ended under a page: leave the page, do not fill its part
        return HttpResponseClientRedirect(reverse("sign-in"))
    if request.user.is_authenticated:
        return redirect(_safe_next(request, settings.LOGIN_REDIRECT_URL))
    form = SignInForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = form.get_user()
        login(request, person)
        audit.record(by=person, verb="user.signed_in", object_id=person.pk, enterprise_id=person.enterprise_id)
        return redirect(_safe_next(request, settings.LOGIN_REDIRECT_URL))
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    return page(request, "accounts/sign_in.html", context, status=422 if form.is_bound else 200)


@policy("account.own")
@require_POST
def sign_out(request: PersonRequest) -> HttpResponse:
    logout(request)
    return redirect("sign-in")


@open_to_all
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Kept with the person, and in a cookie for the sign-in page."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest(_("There is no such language."))
    if request.user.is_authenticated:
        request.user.language = language
        request.user.save(update_fields=["language"])
    response = redirect(_safe_next(request, settings.LOGIN_REDIRECT_URL))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


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
