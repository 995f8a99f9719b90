"""`make bench`: how fast rows are read and messages sent here and now; prints the figures and writes var/bench.json.

Everything runs on servers of its own in a temporary folder. Rates of a shared machine are only worth comparing within
one run; the bars they must reach are in docs/architecture.md.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RESULT = Path(__file__).resolve().parent.parent.parent / "var" / "bench.json"
MESSAGES = 200_000


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def reading() -> dict[str, Any]:
    from tests.bench import intake

    million = intake.measure(intake.million_numbers(), variables=False)
    rows = intake.measure(intake.hundred_thousand_with_variables(), variables=True)
    for name, figures in (("1,000,000 numbers", million), ("100,000 rows with 3 variables", rows)):
        say(
            f"{name}: {figures.seconds:.1f} s, {figures.rows / figures.seconds:,.0f} rows/s,"
            f" child {figures.child_bytes >> 20} MiB, worker {figures.worker_bytes >> 20} MiB"
        )
    return {
        "intake_1m_seconds": round(million.seconds, 2),
        "intake_100k_seconds": round(rows.seconds, 2),
        "intake_child_mib": max(million.child_bytes, rows.child_bytes) >> 20,
        "intake_worker_mib": max(million.worker_bytes, rows.worker_bytes) >> 20,
    }


def checking() -> dict[str, Any]:
    """The page of a checked job with a million rows."""
    from tests.bench import check

    found = check.measure()
    say(check.say(found))
    return {"check_p95_ms": found}


def reviewing() -> dict[str, Any]:
    """The reviewers' queue, with few and with many open items."""
    from tests.bench import queue

    found = queue.measure()
    say(queue.say(found))
    return {"reviews": found}


def exporting() -> dict[str, Any]:
    """Rows of a million as files, and pages of them."""
    from tests.bench import exports

    found = exports.measure()
    say(exports.say(found))
    return {"exports": found}


def sending(folder: Path) -> dict[str, Any]:
    """One job through every process, from confirmation to the last report, all checks on."""
    from sending import counts
    from sending.models import SendJob
    from sending.states import MessageState
    from tests import sheets
    from tests.processes import Stack

    sheet = folder / "people.xlsx"
    sheets.people(sheet, rows=MESSAGES)
    with Stack(folder).running() as stack:
        demo = stack.manage_json("demo", "--json")
        made = stack.manage_json(
            "jobs", "create", "--enterprise", demo["enterprise"], "--template", demo["template"], "--file", str(sheet),
            "--confirm", "--json",
        )  # fmt: skip
        began = time.monotonic()
        job = SendJob.objects.get(pk=made["id"])
        before = counts.of_job(job)[MessageState.DELIVERED]
        while (done := counts.of_job(job)[MessageState.DELIVERED]) < MESSAGES:
            assert time.monotonic() - began < 600, counts.of_job(job)
            time.sleep(0.25)
        seconds = time.monotonic() - began
        assert counts.verify(job) == {}
    rate = (done - before) / seconds
    say(f"{MESSAGES:,} messages sent and reported: {seconds:.1f} s, {rate:,.0f} messages/s")
    return {"send_per_second": round(rate), "send_messages": MESSAGES}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="console-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ["VAR_DIR"] = str(folder / "var")
        os.environ["DJANGO_SETTINGS_MODULE"] = "console.settings"
        from console import embedded

        with embedded.running():
            import django
            from django.core.management import call_command
            from django.db import connection

            django.setup()
            from tests import make

            call_command("migrate", verbosity=0)
            call_command("collectstatic", verbosity=0, interactive=False)
            make.workday()
            found = reading() | checking() | reviewing() | exporting()
            connection.close()
        found |= sending(folder)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n")
    say(f"Written: {RESULT}")


if __name__ == "__main__":
    main()
