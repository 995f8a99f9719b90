"""The page that the link of an invitation opens."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.forms.people import AcceptForm
from accounts.models import User
from accounts.permissions import open_to_all
from console.lib.errors import NotAllowed
from console.lib.pages import page

STATUS = {"": 200, "unknown": 404, "taken": 409}  # every other obstacle: it was there and is gone


@open_to_all
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@sensitive_variables("secret")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    found = invitations.find(secret)
    obstacle = invitations.obstacle(found) if found else "unknown"
    if found is None or obstacle:
        return _answer(request, {"invitation": found, "obstacle": obstacle}, STATUS.get(obstacle, 410))
    if request.user.is_authenticated:
        if request.POST.get("deed") == "sign-out":
            logout(request)
            return redirect("invitation", secret=secret)
        return _answer(request, {"invitation": found, "obstacle": "other"})
    form = AcceptForm(request.POST or None, email=found.email, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        try:
            person = invitations.accept(secret, **form.cleaned_data)
        except NotAllowed:
            return redirect("invitation", secret=secret)  # the page says what has become of it
        return _sign_in(request, person)
    context = {"invitation": found, "obstacle": "", "form": form}
    return _answer(request, context, 422 if request.method == "POST" else 200)


def _sign_in(request: HttpRequest, person: User) -> HttpResponse:
    """The mail and the new password have just said who this is."""
    record_authentication(request, person, method="password")
    return perform_login(request, person, redirect_url=resolve_url(settings.LOGIN_REDIRECT_URL))


def _answer(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = page(request, "accounts/invitation.html", context, status=status)
    # The address is a secret: no page or file that comes after it learns more than our host. "no-referrer" would also
    # hide the form's origin, without which Django refuses the form.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
