"""How fast the page of a checked job with 1,000,000 rows answers: its figures, and any of its messages.

`measure` is called with servers and Django already up. The bar: 300 ms for 95 of 100 answers.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

MILLION = 1_000_000
REFUSED = 10_000
ROUNDS = 20


def measure() -> dict[str, float]:
    """Milliseconds of 95 of 100 answers, by what was asked for."""
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from accounts.models import Role
    from sending.models import JobStatus
    from tests import make

    person = make.user(role=Role.OWNER)
    job = make.job(by=person, rows=MILLION - REFUSED, invalid=REFUSED, status=JobStatus.CHECKED)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sending_message")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    page, preview = reverse("job", args=[job.pk]), reverse("job-preview", args=[job.pk])
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "whole page": (page, {}),
        "in the middle": (preview, {"row": MILLION // 2}),
        "row number": (preview, {"n": "765432"}),
        "number": (preview, {"find": "+86 138 0076 5432"}),
        "beginning of a number": (preview, {"find": "1380076"}),
        "word nearby": (preview, {"find": "王女"}),
        "refused rows": (page, {"row": MILLION}),
    }
    found = {}
    for name, (address, query) in asked.items():
        headers = {"HX-Request": "true"} if address == preview else {}
        took = []
        for _round in range(ROUNDS + 1):
            began = time.monotonic()
            assert client.get(address, query, headers=headers).status_code == 200
            took.append((time.monotonic() - began) * 1000)
        found[name] = round(statistics.quantiles(took[1:], n=20)[-1], 1)
    return found


def say(found: dict[str, float]) -> str:
    slowest = max(found.items(), key=lambda one: one[1])
    return f"Check of a million rows, slowest ({slowest[0]}): {slowest[1]} ms at the 95th percentile"
