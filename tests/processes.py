"""The product's processes as tests need them: one by one on the test database, or all as `make run` starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from console.up import free_port

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0


def wait_for(condition: Callable[[], Any], *, what: str, seconds: float = PATIENCE) -> Any:
    """The first true value of `condition`; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return value


def environment(**more: str) -> dict[str, str]:
    """Of a child that works on the test database and the tests' Redis."""
    db = connection.settings_dict
    host, user = quote(str(db["HOST"]), safe=""), db["USER"]
    password = f":{quote(db['PASSWORD'])}" if db["PASSWORD"] else ""
    port = f":{db['PORT']}" if db["PORT"] else ""
    url = f"postgresql://{user}{password}@{host}{port}/{db['NAME']}"
    return (
        os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "DATABASE_URL": url,
            "REDIS_URL": settings.REDIS_URL,
            "VAR_DIR": str(settings.VAR_DIR),
            "GATEWAY_LEASE_SECONDS": "3",
            "PYTHONWARNINGS": "default",
        }
        | more
    )


@contextlib.contextmanager
def process(*argv: str, log: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child of ours; asked to end, and killed if it does not."""
    with log.open("ab") as out:
        child = subprocess.Popen([sys.executable, *argv], cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        yield child
    finally:
        child.send_signal(signal.SIGCONT)
        child.terminate()
        try:
            child.wait(40)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


class Simulator:
    """`manage.py smsc` and what it accepted."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.record, self.options, self.folder = folder / "record.jsonl", options, folder
        self.port = free_port()

    @contextlib.contextmanager
    def running(self) -> Iterator[Simulator]:
        ready = self.folder / "smsc.port"
        ready.unlink(missing_ok=True)
        argv = ["manage.py", "smsc", "--port", str(self.port), "--port-file", str(ready), "--system-id", "test"]
        argv += ["--password", "secret", "--record", str(self.record), *self.options]
        with process(*argv, log=self.folder / "smsc.log", env=environment()):
            wait_for(lambda: ready.exists() and ready.read_text().strip(), what="the simulator")
            yield self

    def accepted(self) -> list[dict[str, Any]]:
        return records(self.record)

    def times_accepted(self) -> Counter[str]:
        """Destination → how often its first part was accepted."""
        return Counter(line["destination"] for line in self.accepted() if line["part"] in (0, 1))


def records(path: Path) -> list[dict[str, Any]]:
    """The record so far; a last line that is being written is left for the next time."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def gateway(folder: Path, **env: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    return process("manage.py", "gateway", log=folder / "gateway.log", env=environment(**env))


class Stack:
    """All processes, as `make run` starts them, in a folder of their own."""

    def __init__(self, folder: Path, **env: str) -> None:
        folder.chmod(0o755)
        self.folder, self.port = folder, free_port()
        self.record = folder / "record.jsonl"
        self.url = f"http://127.0.0.1:{self.port}"
        options = env.pop("SMSC_OPTIONS", "")
        self.env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL", "TEST_VAR_DIR")} | {
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "VAR_DIR": str(folder / "var"),
            "PORT": str(self.port),
            "SMSC_OPTIONS": f"--record {self.record} {options}",
        }
        self.env |= env

    @contextlib.contextmanager
    def running(self) -> Iterator[Stack]:
        (self.folder / "var").mkdir(exist_ok=True)
        with process("-m", "console.up", log=self.folder / "up.log", env=self.env) as child:
            self.manager = child
            self.wait_healthy()
            yield self

    def set_clock(self, moment: datetime) -> None:
        """What time it is for its web and workers from now on, ticking; the first time before it is started."""
        file = self.folder / "clock"
        file.write_text(str((moment - datetime.now(UTC)).total_seconds()))
        self.env |= {"PYTHONPATH": str(ROOT / "tests" / "clock"), "TEST_CLOCK": str(file)}

    def open_desk(self) -> None:
        """Today and tomorrow are workdays for the reviewers, whatever day the tests are run on."""
        today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
        for day in (today, today + timedelta(days=1)):
            # Refused for a day that is one already.
            self.manage("calendar", "set", day.isoformat(), "workday", "--why", "Tests run on all days", check=False)

    def health(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def wait_healthy(self, seconds: float = 180) -> None:
        wait_for(lambda: self.manager.poll() is not None or self.health()[0] == 200, what="/healthz", seconds=seconds)
        assert self.manager.poll() is None, (self.folder / "up.log").read_text()

    def manage(self, *argv: str, check: bool = True) -> str:
        """Output of `manage.py ARGV` in this stack; with `check` it must exit 0."""
        done = subprocess.run(
            [sys.executable, "manage.py", *argv], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=300
        )
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def manage_json(self, *argv: str) -> Any:
        return json.loads(self.manage(*argv))

    def job(self, pk: int) -> dict[str, Any]:
        return self.manage_json("jobs", "show", str(pk), "--json")

    def pids(self) -> dict[str, int]:
        """Program → process id, of the manager's direct children."""
        import psutil

        names = {
            "postgres": "postgres", "valkey-server": "valkey", "smsc": "smsc", "gateway": "gateway",
            "worker@": "worker", "reader@": "reader", "maker@": "maker", "beat": "beat", "gunicorn": "web",
        }  # fmt: skip
        found = {}
        for child in psutil.Process(self.manager.pid).children():
            words = " ".join(child.cmdline())
            name = next((name for mark, name in names.items() if mark in words), None)
            if name:
                found[name] = child.pid
        return found

    def kill(self, name: str) -> int:
        """`kill -9` of one program of this stack; its process id."""
        pid = wait_for(lambda: self.pids().get(name), what=name)
        os.kill(pid, signal.SIGKILL)
        return pid
