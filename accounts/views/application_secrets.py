"""An application's secrets: seeing one once, making a new one, ending the old one, and the key pair for callbacks.

A secret stands in the answer to the POST that asks for it and nowhere else: not in the session, not in a redirect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import application_secrets as deeds
from accounts.forms.application import RotateForm
from accounts.identity import recently_authenticated
from accounts.models import Application
from accounts.models.application import Region
from accounts.permissions import PersonRequest, policy
from accounts.views.applications import back_after, find
from console.lib.errors import NotAllowed
from console.lib.pages import page


@policy("applications.secret")
@recently_authenticated
@never_cache
@require_http_methods(["GET", "POST"])
def application_secret(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    """GET asks whether to show it, so that no page that is merely loaded uses up the one time; POST shows it."""
    return _show_once(request, find(request, region, pk), deeds.reveal, is_push=False)


@policy("applications.secret")
@recently_authenticated
@never_cache
@require_http_methods(["GET", "POST"])
def application_push_secret(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    """The secret that callbacks are signed with, in the same way."""
    return _show_once(request, find(request, region, pk), deeds.reveal_push, is_push=True)


def _show_once(
    request: PersonRequest, shown: Application, reveal: Callable[..., str], *, is_push: bool
) -> HttpResponse:
    context: dict[str, Any] = {"application": shown, "region": Region(shown.region), "is_push": is_push}
    if request.method == "POST":
        try:
            context["secret"] = reveal(shown, by=request.user)
        except NotAllowed as problem:
            context["problem"] = str(problem)
    return page(request, "accounts/application_secret.html", context, status=422 if "problem" in context else 200)


@policy("applications.secret")
@recently_authenticated
def application_rotate(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    shown = find(request, region, pk)
    form = RotateForm(request.POST or None, initial={"seen": shown.secret_made_at.isoformat()})
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            deeds.rotate(shown, by=request.user, seen=wanted["seen"], overlap_hours=wanted["overlap"])
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("application-secret", region=region, pk=pk)
    context = {"form": form, "application": shown, "region": Region(region)}
    return page(request, "accounts/application_rotate.html", context, status=422 if form.is_bound else 200)


@policy("applications.secret")
@require_POST
@recently_authenticated
def application_end_old(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    return back_after(request, find(request, region, pk), deeds.end_old)


@policy("applications.secret")
@require_POST
@recently_authenticated
def application_sign(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    return back_after(request, find(request, region, pk), deeds.sign_callbacks)


@policy("applications.secret")
@require_POST
@recently_authenticated
def application_stop_signing(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    return back_after(request, find(request, region, pk), deeds.stop_signing)
