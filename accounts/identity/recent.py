"""Asking once more who it is, before a secret is shown or rights change (OWASP ASVS 5.0, 7.5)."""

from __future__ import annotations

from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import reauthentication
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponse
from django_htmx.http import HttpResponseClientRedirect

from accounts.permissions import PersonRequest, View


def recently_authenticated(view: View) -> View:
    """The view is for whoever has proved who they are within the last minutes (ACCOUNT_REAUTHENTICATION_TIMEOUT).

    Others prove it now; then the request goes on where it stopped, a POST with its fields (but without files). Stands
    below the policy, so that whoever may not is told that first:

        @policy("applications.secret")
        @recently_authenticated
        def secret(request, pk): …
    """

    @wraps(view)
    def guarded(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if reauthentication.did_recently_reauthenticate(request):
            return view(request, *args, **kwargs)
        address = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
        if getattr(request, "htmx", None):  # a part cannot hold the question: leave the page and come back to it
            page = urlsplit(request.htmx.current_url_abs_path or "/")  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(f"{address}?{urlencode({REDIRECT_FIELD_NAME: page.geturl()})}")
        # An earlier POST that was given up must not be done when this one is answered.
        request.session.pop(reauthentication.STATE_SESSION_KEY, None)
        return reauthentication.suspend_request(request, address)

    return guarded
