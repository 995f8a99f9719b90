"""Where a request comes from: the client's address, for the record of deeds and for limits.

Only the connection's own address is believed. Where the setting TRUSTED_PROXIES says that so many proxies stand in
front, it is the address that the outermost of them saw: so many places from the end of X-Forwarded-For. What a client
writes into that header stands further left and has no effect. Commands and tasks have no origin.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

_origin: ContextVar[str | None] = ContextVar("origin", default=None)


def current() -> str | None:
    """The address that the request being answered came from."""
    return _origin.get()


def client_address(request: HttpRequest) -> str | None:
    """In the usual form of the address; None where there is none (a socket file) or it is not one."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        passed = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(passed) >= settings.TRUSTED_PROXIES:  # else somebody came past them: their connection is what we know
            address = passed[-settings.TRUSTED_PROXIES] or address
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        if found.scope_id:
            found = ipaddress.IPv6Address(int(found))
        return str(found.ipv4_mapped or found)
    return str(found)


class OriginMiddleware:
    """Keeps the client's address while its request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _origin.set(client_address(request))
        try:
            return self.get_response(request)
        finally:
            _origin.reset(token)
