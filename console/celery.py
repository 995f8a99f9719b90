"""The Celery application. Tasks live in each app's `tasks.py`; messages carry ids only."""

import os
import signal
import threading
import time
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

app = Celery("console")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["console", "sending"])
log = structlog.get_logger(__name__)

WATCH_SECONDS = 5.0
DEAF_SECONDS = 40.0


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would replace the handlers that mask numbers."""


def _deaf_for() -> float:
    """Seconds since a task last ran here, by the database; 0 when database or broker are away (not our fault then)."""
    from django.db import DatabaseError, connection

    try:
        with app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM now() - max(at) FILTER (WHERE name = 'worker')),"
                " extract(epoch FROM now() - max(at) FILTER (WHERE name = 'beat')) FROM sending_heartbeat"
            )
            worker, beat = cursor.fetchone() or (None, None)
    except (DatabaseError, app.connection_for_read().connection_errors):
        connection.close()
        return 0.0
    beat_alive = beat is not None and beat < WATCH_SECONDS * 3
    return float(worker or 0) if beat_alive else 0.0


def _watch() -> None:
    """Workers are known to stay up and stop consuming after Redis was away. Judge by progress: beat asks for a pulse
    every few seconds, so when none was written for long while broker, database and beat are well, we are deaf.
    """
    started = time.monotonic()
    while True:
        time.sleep(WATCH_SECONDS)
        if time.monotonic() - started > DEAF_SECONDS and _deaf_for() > DEAF_SECONDS:
            log.error("worker_deaf")
            os.kill(os.getpid(), signal.SIGKILL)  # the process manager starts a new one


@worker_ready.connect
def watch(**_: Any) -> None:
    threading.Thread(target=_watch, name="watch", daemon=True).start()
