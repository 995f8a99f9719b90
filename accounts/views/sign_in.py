"""Signing in and out, and one's own language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts import audit
from accounts.forms.sign_in import SignInForm
from accounts.permissions import PersonRequest, open_to_all, policy
from console.lib.pages import page


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
