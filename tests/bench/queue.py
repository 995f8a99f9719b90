"""How long the reviewers' pages take with 20 and with 10,000 open items over five kinds.

`python -m tests.bench.queue` measures on servers of its own and prints the figures; `measure` can also be called with
servers and Django already up. Called in this process, without the network: what the page itself costs.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

FEW, MANY = 20, 10_000
KINDS = 5
ASKED = 40  # times each page
PAGES = {
    "queue": "/reviews/",
    "queue_part": "/reviews/?at=template-1",
    "overdue": "/reviews/?show=overdue",
    "search": "/reviews/?q=Bench",
}


def fill(items: int, *, start: int = 0) -> None:
    """So many open items, in equal parts of five kinds, one of each for each of as many new enterprises."""
    from django.db.models.functions import Now
    from django.utils import timezone

    from accounts.models import Enterprise, Request, RequestKind, ReviewState, Verification
    from templates_app import likeness
    from templates_app.models import MessageTemplate, Qualification, Signature, TemplateVersion
    from tests import make

    person = make.user()
    paper, app = make.document(by=person), make.application(by=person)
    now = timezone.now()
    names = [f"Bench enterprise {i}" for i in range(start, start + items // KINDS)]
    held = Enterprise.objects.bulk_create([Enterprise(name=name, verified_at=now) for name in names], batch_size=1000)
    like = make.qualification(by=person)

    def sent(place: int) -> dict[str, Any]:
        minutes = place * 7919 % 6000  # prime: due times look scattered
        urged = now if place % 97 == 0 else None
        return {
            "review_state": ReviewState.IN_REVIEW,
            "submitted_by": person,
            "submitted_at": now,
            "counted_from": now,
            "due_at": now + timedelta(minutes=minutes - 3000),
            "urged_at": urged,
            "round": 1,
            "created_at": Now(),
        }

    def add(model: Any, rows: list[Any]) -> None:
        model._default_manager.bulk_create(rows, batch_size=1000)

    facts = {"credit_code": make.CREDIT_CODE, "address": "1 Test Road", "legal_person": "Wang Lan", "declared": True}
    add(
        Verification,
        [Verification(enterprise=e, name=e.name, licence=paper, **facts, **sent(i)) for i, e in enumerate(held)],
    )
    kept = ("purpose", "company", "credit_code", "certificate_kind", "certificate", "manager_kind", "manager_name",
            "manager_id", "manager_number", "manager_number_proved_at", "manager_email", "id_front", "id_back",
            "id_in_hand", "declared")  # fmt: skip
    copied = {name: getattr(like, name) for name in kept}
    add(Qualification, [Qualification(enterprise=e, name=e.name, **copied, **sent(i)) for i, e in enumerate(held)])
    plain = {"application": app, "type": "notification", "purpose": "Notices", "qualification": like}
    add(Signature, [Signature(enterprise=e, name=f"签名{start + i}", **plain, **sent(i)) for i, e in enumerate(held)])
    wish = {"kind": RequestKind.OTHER, "why": "Another question"}
    add(Request, [Request(enterprise=e, **wish, **sent(i)) for i, e in enumerate(held)])
    shared = {"application": app, "type": "notification", "created_by": person}
    templates = [MessageTemplate(enterprise=e, name=f"Bench_{start + i}", **shared) for i, e in enumerate(held)]
    add(MessageTemplate, templates)
    words = "尊敬的${1}，您在第%s号店的订单${2}已出库，请留意查收。"
    marks = [words % (start + i) for i in range(len(held))]
    add(
        TemplateVersion,
        [
            TemplateVersion(
                enterprise=template.enterprise, template=template, number=1, text=text, variables=make.VARIABLES,
                purpose="Sent to members.", fingerprint=likeness.fingerprint(text), bands=likeness.bands(text),
                **sent(i),
            )
            for i, (template, text) in enumerate(zip(templates, marks, strict=True))
        ],
    )  # fmt: skip


def measure() -> dict[str, Any]:
    """Milliseconds and queries by page and number of items."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tests import make

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(make.reviewer())
    found: dict[str, Any] = {}
    done = 0
    for items in (FEW, MANY):
        fill(items - done, start=done)
        done = items
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        for name, address in (PAGES | {"item": _item()}).items():
            headers = {"HX-Request": "true"} if name == "queue_part" else {}
            for _warm in range(3):
                answer = client.get(address, headers=headers)
                assert answer.status_code == 200, answer.headers.get("Location", answer.status_code)
            spent = []
            for _ in range(ASKED):
                began = time.perf_counter()
                client.get(address, headers=headers)
                spent.append((time.perf_counter() - began) * 1000)
            with CaptureQueriesContext(connection) as asked:
                client.get(address, headers=headers)
            cuts = statistics.quantiles(spent, n=20)
            found[f"{name}_{items}"] = {
                "p50_ms": round(statistics.median(spent)), "p95_ms": round(cuts[-1]), "queries": len(asked)
            }  # fmt: skip
    return found


def _item() -> str:
    from templates_app.models import TemplateVersion

    return f"/reviews/template/{TemplateVersion.objects.waiting().earliest('pk').pk}/"


def say(found: dict[str, Any]) -> str:
    return "\n".join(
        f"reviews, {name.replace('_', ' ')} items: p50 {figures['p50_ms']} ms, p95 {figures['p95_ms']} ms,"
        f" {figures['queries']} queries"
        for name, figures in found.items()
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="console-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
        from console import embedded

        with embedded.running():
            import django
            from django.core.management import call_command

            django.setup()
            from tests import make

            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            make.workday()
            found = measure()
    sys.stdout.write(json.dumps(found, indent=2) + "\n" + say(found) + "\n")


if __name__ == "__main__":
    main()
