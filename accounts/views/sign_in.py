"""Signing in and out, proving it once more, and one's own language."""

from __future__ import annotations

import json
from typing import Any

from allauth.account.internal.flows.logout import logout
from allauth.account.internal.stagekit import clear_login
from allauth.account.views import LoginView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateByCodeView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts import audit
from accounts.forms.sign_in import CodeAgainForm, CodeForm, PasswordAgainForm, SignInForm
from accounts.identity.adapter import note_failure
from accounts.identity.middleware import ENDED
from accounts.identity.second_factor import factors
from accounts.models import Agreement
from accounts.permissions import PersonRequest, open_to_all, policy


class FaultyIs422:
    """A form that is not valid answers 422, as everywhere in the console."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        if response.status_code == 200:
            response.status_code = 422
        return response


class SignInView(FaultyIs422, LoginView):
    form_class = SignInForm
    template_name = "accounts/sign_in.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if getattr(request, "htmx", None):  # the session ended under a page: leave the page, do not fill its part
            return HttpResponseClientRedirect(reverse("account_login"))
        return super().dispatch(request, *args, **kwargs)

    def _redirect_to_pending_stage(self, request: HttpRequest, stage: Any) -> None:
        clear_login(request)  # whoever comes back here from the second factor begins anew

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ended = self.request.session.pop(ENDED, "")
        is_open = Agreement.objects.published().exists()
        return super().get_context_data(**kwargs) | {"ended": ended, "sign_up_is_open": is_open}


class SecondFactorView(AuthenticateView):
    form_class = CodeForm
    template_name = "mfa/authenticate.html"

    def form_valid(self, form: Any) -> HttpResponse:
        if not self.stage.password_still_counts():
            return self.stage.abort()
        return super().form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        note_failure(self.stage.login.user, step="second_factor")
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        held = {factor.type for factor in factors(self.stage.login.user)}
        context["options"] = json.dumps(context["js_data"]["request_options"])
        context["by_key"], context["by_app"] = Authenticator.Type.WEBAUTHN in held, Authenticator.Type.TOTP in held
        return context


class PasswordAgainView(FaultyIs422, ReauthenticateView):
    form_class = PasswordAgainForm
    template_name = "account/reauthenticate.html"


class CodeAgainView(FaultyIs422, ReauthenticateByCodeView):
    form_class = CodeAgainForm
    template_name = "mfa/reauthenticate.html"


class KeyAgainView(ReauthenticateWebAuthnView):
    template_name = "mfa/webauthn/reauthenticate.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data() | {"form": form}, status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"options": json.dumps(context["js_data"]["request_options"])}


@policy("account.own")
@require_POST
def sign_out(request: PersonRequest) -> HttpResponse:
    person = request.user
    audit.record(
        by=person,
        verb="user.signed_out",
        object_id=person.pk,
        enterprise_id=person.enterprise_id,
        label=person.name,
    )
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)
    response = redirect("account_login")
    # Not "cookies": the language, and that this device is known, stay.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


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
    response = redirect(safe_next(request, settings.LOGIN_REDIRECT_URL))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


def safe_next(request: HttpRequest, otherwise: str) -> str:
    """Where the request asks to go on to, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else resolve_url(otherwise)


sign_in = open_to_all(SignInView.as_view())
second_factor = open_to_all(SecondFactorView.as_view())
password_again = policy("account.own")(PasswordAgainView.as_view())
code_again = policy("account.own")(CodeAgainView.as_view())
key_again = policy("account.own")(KeyAgainView.as_view())
