"""Monthly partitions of the ledger and of the inbound store: made two months ahead, so that none is ever missing.

The ledger is partitioned by id, whose upper bits are the month (`models.message`); events by their month's date.
"""

from datetime import UTC, date, datetime
from typing import Any

from django.db import connection, transaction

from sending.models.message import FIRST_YEAR, month_floor, month_number

MONTHS_AHEAD = 2


def ensure(now: datetime | None = None) -> list[str]:
    """Make what is missing for the present month and the two after it; returns the names made."""
    now = now or datetime.now(UTC)
    present = month_number(now)
    made = []
    with connection.cursor() as cursor:
        # Several processes may ask at once; the lock lasts to the end of the transaction.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sending.partitions'))")
        for number in range(present, present + MONTHS_AHEAD + 1):
            made += _month(cursor, number)
    return made


def _month(cursor: Any, number: int) -> list[str]:
    first, following = _first_day(number), _first_day(number + 1)
    wanted = {
        f"sending_message_{first:%Y_%m}": ("sending_message", month_floor(number), month_floor(number + 1)),
        f"sending_messagepart_{first:%Y_%m}": ("sending_messagepart", month_floor(number), month_floor(number + 1)),
        f"sending_inboundevent_{first:%Y_%m}": ("sending_inboundevent", f"'{first}'", f"'{following}'"),
    }
    made = []
    for name, (parent, low, high) in wanted.items():
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is None:
            # Attaching lets others read and write meanwhile; CREATE … PARTITION OF would lock the whole ledger.
            cursor.execute(f"CREATE TABLE {name} (LIKE {parent} INCLUDING ALL)")
            cursor.execute(f"ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})")
            cursor.execute(
                f"ALTER TABLE {name} SET (autovacuum_vacuum_scale_factor = 0.05,"
                " autovacuum_analyze_scale_factor = 0.05)"
            )
            made.append(name)
    return made


def _first_day(number: int) -> date:
    return date(FIRST_YEAR + number // 12, number % 12 + 1, 1)


def ensure_committed() -> list[str]:
    with transaction.atomic():
        return ensure()
