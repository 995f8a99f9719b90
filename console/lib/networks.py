"""Which addresses a program may call from: a list of networks as people type it, IPv4 and IPv6, single or CIDR.

A network is kept in CIDR form ("203.0.113.0/24", "2001:db8::7/128"). An IPv4 address that arrives wrapped in IPv6
(::ffff:203.0.113.7) is the IPv4 address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    NetmaskValueError,
    ip_address,
    ip_network,
)
from itertools import combinations

from django.utils.translation import gettext as _

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MOST = 100
TEXT_MAX = 6_000  # characters: MOST of the longest networks, with room for line ends
_SEPARATORS = re.compile(r"[\s,;，；、]+")
_SHOWN = 60  # characters of an entry that an error repeats


@dataclass(frozen=True, slots=True)
class Parsed:
    """The list in CIDR form, each network once, in the order typed; and what is wrong with the rest."""

    networks: list[str]
    faults: list[str]


def parse(text: str) -> Parsed:
    """Entries are separated by lines, spaces or commas. Host bits that are set are refused, because what was meant is
    unclear: the network or the one address."""
    networks: dict[str, None] = {}
    faults: list[str] = []
    for entry in filter(None, _SEPARATORS.split(text)):
        found = _network(entry)
        if isinstance(found, str):
            faults.append(found)
        else:
            networks[str(found)] = None
    if len(networks) > MOST:
        faults.append(
            _("These are %(n)s networks; at most %(most)s are kept. Join neighbours into larger networks.")
            % {"n": len(networks), "most": MOST}
        )
    return Parsed(list(networks), faults)


def _network(entry: str) -> Network | str:
    """The network of one entry, or what is wrong with it."""
    shown = entry[:_SHOWN]
    try:
        if "%" in entry:  # a zone such as fe80::1%eth0 means something on one machine only
            raise AddressValueError
        loose = ip_network(entry, strict=False)
        given = ip_address(entry.partition("/")[0])
    except (AddressValueError, NetmaskValueError, ValueError):
        return _("“%(entry)s” is no address. Write 203.0.113.7, 203.0.113.0/24 or 2001:db8::/48.") % {"entry": shown}
    if _unwrapped(loose).prefixlen == 0:
        return _("“%(entry)s” is every address there is. Leave the list empty to let programs call from anywhere.") % {
            "entry": shown
        }
    if given != loose.network_address:
        return _("“%(entry)s” is neither a network nor one address. Write %(network)s or %(address)s.") % {
            "entry": shown,
            "network": loose,
            "address": given,
        }
    return _unwrapped(loose)


def _unwrapped(network: Network) -> Network:
    """A network of IPv4 addresses wrapped in IPv6 is the IPv4 network."""
    inner = getattr(network.network_address, "ipv4_mapped", None)
    return ip_network((inner, network.prefixlen - 96)) if inner is not None and network.prefixlen >= 96 else network


def overlaps(networks: Iterable[str]) -> list[tuple[str, str]]:
    """(wider, narrower) for each network that another one of the list covers already."""
    pairs = combinations([ip_network(network) for network in networks], 2)
    found = [(a, b) if a.prefixlen <= b.prefixlen else (b, a) for a, b in pairs if a.version == b.version]
    return [(shown(str(wide)), shown(str(narrow))) for wide, narrow in found if wide.overlaps(narrow)]


def shown(network: str) -> str:
    """As people write it: one address without its /32 or /128."""
    address, _slash, bits = network.partition("/")
    return address if bits == ("128" if ":" in address else "32") else network


def allows(networks: Iterable[str], address: str) -> bool:
    """Whether a program at `address` may call; an empty list lets everybody call, an unreadable address never does."""
    listed = tuple(networks)
    if not listed:
        return True
    try:
        caller: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller in network for network in _compiled(listed))


@lru_cache(maxsize=256)
def _compiled(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(network) for network in networks)
