"""The one door to Celery: ask for a task by name, once the data it is about is committed.

A message carries ids only. It may be lost, doubled or late without effect: sweepers find everything in PostgreSQL.
"""

import time

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)
QUICKLY = {"socket_timeout": 2, "socket_connect_timeout": 2, "max_retries": 1, "interval_start": 0, "interval_max": 0}

AWAY_SECONDS = 10.0
_away_until = 0.0


def after_commit(task: str, **ids: int | str) -> None:
    """Send the hint `task` with `ids` as keyword arguments after the current transaction commits."""
    transaction.on_commit(lambda: hint(task, **ids))


def hint(task: str, **ids: int | str) -> None:
    """Send the hint now. A broker that is away or hangs is no error: the sweeper comes by within seconds.

    Whoever has just waited for it in vain does not wait again for a while.
    """
    global _away_until
    if time.monotonic() < _away_until:
        return
    try:
        with current_app.connection_for_write() as broker:
            # A worker may wait half a minute for its next task; a person who has pressed a button must not.
            broker.transport_options = broker.transport_options | QUICKLY
            current_app.send_task(task, kwargs=ids, connection=broker, retry=False, expires=600)
    except (OperationalError, OSError) as error:
        _away_until = time.monotonic() + AWAY_SECONDS
        log.warning("hint_not_sent", task=task, error=type(error).__name__)
