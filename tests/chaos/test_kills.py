"""kill -9 of everything, in turn, while a job runs through every process; then the oracle.

What the carrier recorded before it answered is the truth: no row twice, and none missing but those listed as unknown.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests import sheets
from tests.processes import ROOT, Stack, records, wait_for

pytestmark = pytest.mark.stack
ROWS = 20_000
WINDOW = 200
RATE = 700  # a second, so that the job lasts longer than the kills
ORDER = ["gateway", "worker", "web", "beat", "valkey", "postgres", "gateway", "reader", "postgres", "valkey", "gateway"]


def sent(stack: Stack) -> Counter[str]:
    return Counter(line["destination"] for line in records(stack.record))


def start(stack: Stack, rows: int, folder: Path) -> tuple[int, list[str]]:
    demo = stack.manage_json("demo", "--json")
    numbers = sheets.people(folder / "people.xlsx", rows=rows)
    made = stack.manage_json(
        "jobs", "create", "--enterprise", demo["enterprise"], "--template", demo["template"],
        "--file", str(folder / "people.xlsx"), "--confirm", "--json",
    )  # fmt: skip
    assert made["total"] == rows
    return made["id"], numbers


def test_kill_everything_in_turn(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    # Now and then a refusal sends a message back to the queue, so that kills also meet second tries.
    with Stack(tmp_path, SMSC_OPTIONS="--throttle-every 3000").running() as stack:
        port = (tmp_path / "var" / "smsc.port").read_text()
        stack.manage(
            "carriers", "add", "simulator", "--host", "127.0.0.1", "--port", port, "--system-id", "demo",
            "--password", "demo1234", "--window", str(WINDOW), "--rate", str(RATE),
        )  # fmt: skip
        pk, numbers = start(stack, ROWS, tmp_path)
        wait_for(lambda: len(records(stack.record)) > 200, what="the job to run")
        for name in ORDER:
            stack.kill(name)
            time.sleep(chance.uniform(1.0, 2.5))
        job = wait_for(lambda: over(stack, pk), what="the end", seconds=150)
        rows = job["rows"]
        check(stack, numbers, rows)
        stack.wait_healthy()


def over(stack: Stack, pk: int) -> dict[str, Any] | None:
    """The job, once nothing is under way; asks the processes themselves, so that a restarting database is no fault."""
    text = stack.manage("jobs", "show", str(pk), "--json", check=False)
    job = json.loads(text) if text else {}
    rows = job.get("rows", {"queued": 1})
    moving = rows.get("queued", 0) + rows.get("submitting", 0) + rows.get("accepted", 0)
    ended = not moving and job["status"] == "done"
    if not ended:
        time.sleep(1)
    return job if ended else None


def check(stack: Stack, numbers: list[str], rows: dict[str, int]) -> None:
    """The oracle."""
    assert sum(rows.values()) == len(numbers), rows
    found = sent(stack)
    twice = {number: n for number, n in found.items() if n > 1}
    assert not twice, f"sent more than once: {twice}"
    never = [number for number in numbers if f"86{number}" not in found]
    unknown = rows.get("unknown", 0)
    assert len(never) <= unknown, f"{len(never)} never sent, {unknown} unknown"
    # Each death of a gateway leaves at most what was committed and not settled: twice the window.
    assert unknown <= ORDER.count("gateway") * 2 * WINDOW
    assert rows["delivered"] == len(numbers) - unknown, rows


def test_a_minute_without_redis(tmp_path: Path) -> None:
    """C4: sending goes on from PostgreSQL alone, and what needs the queue goes on when it is back."""
    with Stack(tmp_path).running() as stack:
        again = subprocess.run(
            [sys.executable, "-m", "console.up"], cwd=ROOT, env=stack.env, capture_output=True, text=True
        )
        assert again.returncode == 1 and f"already running: {stack.url}" in again.stderr
        pk, numbers = start(stack, 3_000, tmp_path)
        pid = stack.pids()["valkey"]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for(lambda: len(sent(stack)) == 3_000, what="all sent without Redis", seconds=60)
            status, text = stack.health()
            assert status == 503 and "redis: ok" not in text
        finally:
            os.kill(pid, signal.SIGCONT)
        stack.wait_healthy()
        job = wait_for(lambda: over(stack, pk), what="the end")
        check(stack, numbers, job["rows"])
