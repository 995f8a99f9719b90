"""Celery's scheduler, with a sign of life in the database, and without a file: everything it asks for may run twice."""

import time
from typing import Any

import celery.beat
import structlog
from django.db import DatabaseError, close_old_connections, connection

log = structlog.get_logger(__name__)
BEAT_SECONDS = 5.0
PULSE = "INSERT INTO sending_heartbeat (name, at) VALUES (%s, now()) ON CONFLICT (name) DO UPDATE SET at = excluded.at"


def pulse(name: str) -> None:
    """Note that the process `name` is alive now, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(PULSE, [name])


class Scheduler(celery.beat.Scheduler):
    """Losing the database does not stop it: the sweepers it asks for are what mends things afterwards."""

    last = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() - self.last >= BEAT_SECONDS:
            self.last = time.monotonic()
            close_old_connections()
            try:
                pulse("beat")
            except DatabaseError as error:
                connection.close()
                log.warning("beat_without_database", error=type(error).__name__)
        return super().tick(*args, **kwargs)
