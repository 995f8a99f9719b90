"""The Celery application. Tasks live in each app's `tasks.py`; messages carry ids only."""

import contextlib
import os
import signal
import threading
import time
from typing import Any

import structlog
from celery import Celery
from celery.signals import setup_logging, worker_ready
from celery.worker.state import active_requests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

app = Celery("console")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["console", "accounts", "templates_app", "sending"])
log = structlog.get_logger(__name__)

WATCH_SECONDS = 5.0
DEAF_SECONDS = 40.0


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would replace the handlers that mask numbers."""


def _silent_for(name: str) -> float:
    """Seconds since this worker last ran a pulse; 0 while it works, and while broker, database or beat are away."""
    from django.db import DatabaseError, connection

    if active_requests:
        return 0.0
    broker = app.connection_for_read()
    try:
        broker.ensure_connection(max_retries=1, timeout=2)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM now() - max(at) FILTER (WHERE name = %s)),"
                " extract(epoch FROM now() - max(at) FILTER (WHERE name = 'beat')) FROM sending_heartbeat",
                [name],
            )
            ours, beat = cursor.fetchone() or (None, None)
    except (DatabaseError, *broker.connection_errors):
        connection.close()
        return 0.0
    finally:
        broker.release()
    beat_alive = beat is not None and beat < WATCH_SECONDS * 3
    return float(ours or 0) if beat_alive else 0.0


def _watch(name: str) -> None:
    """Workers are known to stay up and stop consuming after Redis was away. Judge by progress: beat asks each for a
    pulse every few seconds, so one that has not run any for long while all else is well has gone deaf.
    """
    started = time.monotonic()
    while True:
        time.sleep(WATCH_SECONDS)
        if time.monotonic() - started > DEAF_SECONDS and _silent_for(name) > DEAF_SECONDS:
            log.error("worker_deaf", worker=name)
            os.kill(os.getpid(), signal.SIGKILL)  # the process manager starts a new one


@worker_ready.connect
def watch(sender: Any, **_: Any) -> None:
    """`sender.hostname` is "worker@host", "reader@host" or "maker@host", as supervisord.conf names them."""
    from django.db import DatabaseError

    from console.beat import pulse

    name = sender.hostname.partition("@")[0]
    with contextlib.suppress(DatabaseError):
        pulse(name)
    threading.Thread(target=_watch, args=(name,), name="watch", daemon=True).start()
