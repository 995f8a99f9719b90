"""Addresses that the platform calls on an enterprise's behalf: what may stand in one at all.

This looks at the words only. Where a name leads is checked again when it is called, because names change their meaning.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from console.lib.errors import NotAllowed

LENGTH_MAX = 500
PORTS = frozenset({443, 8443})
_STRANGE = re.compile(r"[\s\x00-\x1f\x7f\\]")  # the parser would drop some of these in silence
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# A host whose last label looks like a number is read as an address by programs, in forms such as 0x7f.1 too.
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Names that mean something inside a network only (RFC 6761, 6762, 8375, and what routers use).
_INSIDE = frozenset({"localhost", "local", "internal", "intranet", "lan", "home", "corp", "onion", "arpa", "invalid"})
# Ways of writing an IPv4 address inside an IPv6 one; what they lead to cannot be seen from outside.
_TRANSLATED = [IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
# Not public either, though Python's tables (or old ones) hold them for that: IETF's own, 6to4 relays, site-local.
_NOT_PUBLIC = [ip_network(network) for network in ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10")]
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Refused(NotAllowed):
    """The address is not one the platform calls; the text says what would be."""


def check(address: str, *, demo: bool) -> str:
    """`address` as it is kept (host in lower case, ASCII); raises Refused.

    In the `demo` a receiver on the same machine may be called as well, over plain http and any port.
    """
    address = address.strip()
    if len(address) > LENGTH_MAX:
        raise Refused(_("The address is longer than %(most)s characters.") % {"most": LENGTH_MAX})
    if _STRANGE.search(address):
        raise _strange()
    try:
        parts = urlsplit(address)
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError as error:
        raise Refused(_("This is no address. Write it like https://sms.example.com/reports.")) from error
    if parts.scheme not in ("https", "http") or not host:
        raise Refused(_("Write the whole address, beginning with https://."))
    if "@" in parts.netloc:
        raise Refused(_("Leave out user name and password; calls are signed instead."))
    written = _rewritten(parts, host)
    if not written.isascii():
        raise _strange()
    if parts.fragment:
        raise Refused(_("Leave out what follows the #; it is never sent."))
    if not (demo and host in _LOCAL_NAMES):
        _check_public(parts.scheme, host, port)
    return written


def _strange() -> Refused:
    return Refused(
        _("The address holds a blank or a character that addresses do not have. Write such ones percent-encoded.")
    )


def _ascii(host: str) -> str:
    """The host in lower case, a name in other letters as DNS has it; UnicodeError (a ValueError) when it has none."""
    host = host.lower().removesuffix(".")
    return host if host.isascii() else host.encode("idna").decode().lower()


def _rewritten(parts: SplitResult, host: str) -> str:
    netloc = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{netloc}:{parts.port}" if parts.port is not None else netloc).geturl()


def _check_public(scheme: str, host: str, port: int | None) -> None:
    if scheme != "https":
        raise Refused(_("Only https:// is called, so that nobody on the way reads numbers and texts."))
    if (443 if port is None else port) not in PORTS:
        raise Refused(_("Only the ports 443 and 8443 are called."))
    number = _address_of(host)
    if number is not None:
        if not _is_public(number):
            raise Refused(
                _("%(host)s cannot be reached from the internet. Use a public name or address.") % {"host": host}
            )
        return
    labels = host.split(".")
    if len(labels) < 2 or labels[-1] in _INSIDE:
        raise Refused(_("%(host)s is a name inside a network only. Use a public name or address.") % {"host": host})
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused(_("%(host)s is no host name. Write it like sms.example.com.") % {"host": host[:80]})


def _address_of(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` is; None for a name. Raises Refused for numbers that are no address in plain form."""
    if ":" not in host and not _NUMERIC.fullmatch(host.rsplit(".", 1)[-1]):
        return None
    try:
        return ip_address(host)
    except ValueError as error:
        raise Refused(_("%(host)s is no address. Write four numbers, or a name.") % {"host": host[:80]}) from error


def _is_public(number: IPv4Address | IPv6Address) -> bool:
    if isinstance(number, IPv6Address):
        if number.ipv4_mapped is not None:
            return _is_public(number.ipv4_mapped)
        if number.scope_id or any(number in network for network in _TRANSLATED):
            return False
    if any(number in network for network in _NOT_PUBLIC):
        return False
    return number.is_global and not number.is_multicast and not number.is_reserved
