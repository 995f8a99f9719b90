"""Times on the wire (SMPP 3.4, 7.1.1)."""

from __future__ import annotations


def relative_time(seconds: int) -> bytes:
    """validity_period from the moment of submission on, with its terminator (7.1.1.2); at most 99 days."""
    minutes, second = divmod(max(1, seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return b"0000%02d%02d%02d%02d000R\0" % (min(days, 99), hour, minute, second)
