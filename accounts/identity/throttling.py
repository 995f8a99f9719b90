"""How many passwords may be tried, and by whom.

Wrong passwords are counted per account and per address (setting ACCOUNT_RATE_LIMITS), in the database. A device that
its owner has signed in from holds a signed cookie and has a bucket of its own, so that guessing from elsewhere does not
lock the owner out (OWASP, "Device cookies").
"""

from __future__ import annotations

import math
import secrets
import time

from allauth.core.internal import ratelimit
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from accounts.models import User
from accounts.models.person import plain

APP = "allauth.account"
COOKIE_AGE = 180 * 24 * 60 * 60
COOKIE_SALT = "accounts.known-device"
COOKIE_PEOPLE = 5  # who last signed in on one device
# Minutes until the next attempt, by the URL's name, where it is more than one.
WAIT = {"account_reset_password": 15, "account_change_password": 15}
WAIT |= dict.fromkeys(("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"), 15)


def known_people(request: HttpRequest) -> dict[str, str]:
    """Who has signed in on this device before: their ids, each with the device's own secret."""
    held = request.COOKIES.get(settings.KNOWN_DEVICE_COOKIE_NAME, "")
    try:
        known: dict[str, str] = signing.loads(held, salt=COOKIE_SALT, max_age=COOKIE_AGE)
    except signing.BadSignature:
        return {}
    return known


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    known = known_people(request)
    mine = {str(user.pk): known.pop(str(user.pk), "") or secrets.token_urlsafe(12)}
    others = dict(list(known.items())[: COOKIE_PEOPLE - 1])
    response.set_cookie(
        settings.KNOWN_DEVICE_COOKIE_NAME,
        signing.dumps(mine | others, salt=COOKIE_SALT),
        max_age=COOKIE_AGE,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def bucket(request: HttpRequest, email: str) -> dict[str, str]:
    """The action and key that attempts at the account `email` are counted under."""
    known = known_people(request)
    holder = User.objects.with_email(email).values_list("pk", flat=True).first() if known else None
    if device := known.get(str(holder)):
        return {"action": "login_failed_known", "key": f"{holder}:{device}"}
    return {"action": "login_failed", "key": plain(email)}


def seconds_left(request: HttpRequest, *, action: str, key: str) -> int:
    """Until another attempt counts again; at least 1."""
    ends = [time.time() + 1]
    for rate in ratelimit.get_rates(app=APP, action=action):
        history = cache.get(ratelimit.get_cache_key(request, app=APP, action=action, rate=rate, key=key), [])
        if len(history) >= rate.amount:
            ends.append(history[-1] + rate.duration)  # newest first
    return math.ceil(max(ends) - time.time())


def too_many(request: HttpRequest, seconds: int | None = None, *, guessed: bool = False) -> HttpResponse:
    """The page that says when to try again; without `seconds` as long as the limit of this URL counts.

    `guessed`: it may be others who tried, and known devices are not held up.
    """
    if seconds is None:
        match = request.resolver_match
        seconds = 60 * WAIT.get(match.url_name or "" if match else "", 1)
    minutes = math.ceil(seconds / 60)
    said = ngettext("in %(n)s minute", "in %(n)s minutes", minutes) % {"n": minutes}
    response = render(request, "429.html", {"when": said, "guessed": guessed}, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response
