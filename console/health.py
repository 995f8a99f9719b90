"""`/healthz`: one line per part; 503 with the culprit when one is missing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from accounts.permissions import open_to_all
from sending.models import Carrier, FileState, GatewayLease, Heartbeat, JobExport, JobFile, MakingState, RecipientList

SILENT_SECONDS = 30


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _redis() -> str:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
    finally:
        client.close()
    return ""


def _pulse(name: str) -> Callable[[], str]:
    def check() -> str:
        since = Now() - timedelta(seconds=SILENT_SECONDS)  # by the clock that wrote it
        alive = Heartbeat.objects.filter(name=name, at__gte=since).exists()
        return "" if alive else f"no sign of life for {SILENT_SECONDS} s"

    return check


def _worker() -> str:
    """The quick worker, and beside it the reader and the maker, which show by a lease that they are at work."""
    return _pulse("worker")() or _busy("reader", _is_reading) or _busy("maker", _is_making)


def _busy(name: str, at_work: Callable[[], bool]) -> str:
    silent = _pulse(name)()
    return f"{name}: {silent}" if silent and not at_work() else ""


def _is_reading() -> bool:
    return JobFile.objects.filter(state=FileState.READING, reader_until__gt=Now()).exists()


def _is_making() -> bool:
    held = {"state": MakingState.WAITING, "maker_until__gt": Now()}
    return JobExport.objects.filter(**held).exists() or RecipientList.objects.filter(**held).exists()


def _gateway() -> str:
    return "" if GatewayLease.objects.filter(expires_at__gt=Now()).exists() else "not running"


def _carrier() -> str:
    carriers = list(Carrier.objects.enabled().order_by("name"))
    if not carriers:
        return "none configured"
    away = [carrier.name for carrier in carriers if carrier.bound_at is None]  # why: see the carriers page
    if _gateway():
        return "no gateway holds the connections"
    return f"away: {', '.join(away)}" if away else ""


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "redis": _redis,
    "worker": _worker,
    "beat": _pulse("beat"),
    "gateway": _gateway,
    "carrier": _carrier,
}


def state() -> dict[str, str]:
    """Part → what is wrong with it, empty when nothing is."""
    found = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except (DatabaseError, redis.RedisError, OSError) as error:
            found[name] = f"{type(error).__name__}"
    return found


@open_to_all
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    found = state()
    lines = [f"{name}: {fault or 'ok'}" for name, fault in found.items()]
    status = 503 if any(found.values()) else 200
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8", status=status)
