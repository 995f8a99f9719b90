"""A carrier's link as the gateway sees it: its room, its pace, and what people are told about it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from console.lib import crypto
from sending.carriers.port import Link
from sending.limits import Throttle
from sending.models import Carrier


@dataclass(slots=True)
class Line:
    """A carrier's link and how it is doing."""

    carrier: Carrier
    link: Link
    task: asyncio.Task[None] | None = None
    feeder: asyncio.Task[None] | None = None
    throttle: Throttle = field(default_factory=Throttle)
    room: asyncio.Event = field(default_factory=asyncio.Event)
    unsettled: int = 0  # messages written whose answer is not committed
    closing: bool = False

    @property
    def free(self) -> int:
        """Parts that may be claimed: what the window leaves, and no more than twice the window not committed."""
        return min(self.link.free, 2 * self.carrier.window - self.unsettled) if self.link.bound else 0

    @property
    def roomy(self) -> bool:
        """Whether a claim is worth its statement."""
        return self.free >= max(1, self.carrier.window // 4)


def differs(old: Carrier, new: Carrier) -> bool:
    """Whether the link must be made anew. The rate is read at each claim."""
    names = ("host", "port", "system_id", "system_type", "tls", "bind", "window", "options")
    if any(getattr(old, name) != getattr(new, name) for name in names):
        return True
    if bytes(old.password) == bytes(new.password):
        return False
    try:
        return old.reveal_password() != new.reveal_password()  # the same one encrypted again looks different
    except crypto.WrongKey:
        return True


def tell_fault(carrier: Carrier, error: str) -> None:
    if carrier.last_error != error[:300]:
        Carrier.objects.filter(pk=carrier.pk).update(
            bound_at=None, last_error=error[:300], last_error_at=timezone.now()
        )


def tell(lines: Sequence[tuple[Carrier, Link | None, int]]) -> None:
    """Write to the carriers' rows what changed: bound since when, last error, percent of the rate that it lets us use.

    Without its link a carrier is not connected.
    """
    for carrier, link, percent in lines:
        bound, error = (link.bound, link.last_error[:300]) if link else (False, carrier.last_error)
        fields: dict[str, Any] = {}
        if bound != (carrier.bound_at is not None):
            fields["bound_at"] = timezone.now() if bound else None
        if error and error != carrier.last_error:
            fields |= {"last_error": error, "last_error_at": timezone.now()}
        if percent != carrier.throttle:
            fields["throttle"] = percent
        if percent < carrier.throttle:
            fields["throttled_at"] = timezone.now()
        if fields:
            Carrier.objects.filter(pk=carrier.pk).update(**fields)
            # The next comparison may come before the row is read again: a gateway that ends must take this back.
            for name, value in fields.items():
                setattr(carrier, name, value)
