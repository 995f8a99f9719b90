"""How long a session counts, and who must set up a second factor before anything else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from accounts.identity import second_factor

Answer = Callable[[HttpRequest], HttpResponseBase]
SEEN_EVERY = 60  # seconds between two notes of "last seen"
ENDED = "session-ended"
# A part of a page that asks by itself says so (static/console.js); that is no sign of a person.
BY_ITSELF = "Asks-By-Itself"
SET_UP = frozenset(
    {
        "account_logout",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
    }
)


class SessionClockMiddleware:
    """Ends a session that nobody has used for SESSION_IDLE_SECONDS or that is older than SESSION_COOKIE_AGE."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            self._look_at_clock(request)
        response = self.get_response(request)
        if request.user.is_authenticated:  # neither a proxy nor the browser's Back may show it to the next person
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    def _look_at_clock(self, request: HttpRequest) -> None:
        session, now = request.session, int(time.time())
        began, seen = session.setdefault("began", now), session.get("seen", 0)
        if now - began >= settings.SESSION_COOKIE_AGE or (seen and now - seen >= settings.SESSION_IDLE_SECONDS):
            UserSession.objects.filter(session_key=session.session_key).delete()
            logout(request)
            request.session[ENDED] = "idle" if now - began < settings.SESSION_COOKIE_AGE else "old"
        elif now - seen >= SEEN_EVERY and BY_ITSELF not in request.headers:
            session["seen"] = now
            UserSession.objects.create_from_request(request)


class SecondFactorMiddleware:
    """Whoever needs a second factor and has none sees only the pages that set one up."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        user = request.user
        if not user.is_authenticated or getattr(view, "policy", "") == "open":
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name in SET_UP or not second_factor.is_required(user) or second_factor.factors(user).exists():
            return None
        if getattr(request, "htmx", None):
            return HttpResponseClientRedirect(reverse("mfa_index"))
        return redirect("mfa_index")
