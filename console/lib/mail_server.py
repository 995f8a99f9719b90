"""Where mails are handed over: from the address in `EMAIL_URL` to what Django's SMTP backend wants to know."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

# scheme → port where none is named. Plain, STARTTLS ("submission" is another word for it), TLS from the first byte.
PORTS = {"smtp": 25, "smtp+tls": 587, "submission": 587, "smtps": 465}
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Seconds for each step of the conversation, of which one mail has about ten.
TIMEOUT = 15


def parse(url: str) -> dict[str, Any]:
    """Django's EMAIL_… settings for `smtp+tls://user:password@host:587`; for "" a server nobody will ask.

    User and password are percent-encoded where they hold one of : / ? # [ ] @. Raises ValueError with a sentence.
    """
    parts = urlsplit(url or "smtp://localhost")
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("Must be smtp+tls://user:password@host:587, smtps://… or, without a password, smtp://host:25.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("Must end with the host or its port. In user and password, write / ? # @ as %2F %3F %23 %40.")
    if parts.password and parts.scheme == "smtp" and parts.hostname not in LOOPBACK:
        raise ValueError("Would send the password in the clear: use smtp+tls:// or smtps://.")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme in {"smtp+tls", "submission"},
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": TIMEOUT,
    }
