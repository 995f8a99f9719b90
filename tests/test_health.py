"""/healthz names the culprit; production refuses demo secrets; what the demo needs is nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from console import health
from sending import dispatch
from sending.models import GatewayLease, Heartbeat, JobExport, JobStatus
from tests import make

ROOT = Path(__file__).resolve().parent.parent
PARTS = ["database", "redis", "worker", "beat", "gateway", "carrier"]


@pytest.fixture
def well(db: None) -> None:
    for name in ("worker", "reader", "maker", "beat"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    dispatch.take_lease()
    make.carrier()


def ask(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/healthz")
    lines = answer.content.decode().strip().splitlines()
    return answer.status_code, dict(line.split(": ", 1) for line in lines)


def test_all_well(well: None, client: Client) -> None:
    status, parts = ask(client)
    assert status == 200 and list(parts) == PARTS and set(parts.values()) == {"ok"}


@pytest.mark.parametrize("name", ["worker", "reader", "maker", "beat"])
def test_silence_is_noticed(well: None, client: Client, name: str) -> None:
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=1))
    status, parts = ask(client)
    culprit = "worker" if name in ("reader", "maker") else name
    assert status == 503 and "no sign of life" in parts[culprit]
    assert {part for part, says in parts.items() if says != "ok"} == {culprit}


@pytest.mark.parametrize("name", ["reader", "maker"])
def test_whoever_is_at_work_needs_no_pulse(well: None, client: Client, name: str) -> None:
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=1))
    alice = make.user()
    job = make.job(by=alice, status=JobStatus.UPLOADED)
    later = timezone.now() + timedelta(minutes=1)
    if name == "reader":
        job.files.update(reader=uuid.uuid4(), reader_until=later)
    else:
        JobExport.objects.create(enterprise=job.enterprise, job=job, language="en", created_by=alice, maker_until=later)
    assert ask(client)[1]["worker"] == "ok"


def test_no_gateway(well: None, client: Client) -> None:
    GatewayLease.objects.all().delete()
    status, parts = ask(client)
    assert status == 503 and parts["gateway"] == "not running" and parts["carrier"] != "ok"


def test_a_carrier_that_is_away_is_named(well: None, client: Client) -> None:
    make.carrier(name="unicom-1", bound=False)
    status, parts = ask(client)
    assert status == 503 and parts["carrier"] == "away: unicom-1"


def test_redis_away(well: None, client: Client, settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    status, parts = ask(client)
    assert status == 503 and parts["redis"] == "ConnectionError" and parts["database"] == "ok"


def test_every_part_has_a_check() -> None:
    assert list(health.CHECKS) == PARTS


def load_settings(**env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "-c", "import console.settings"], cwd=ROOT, env=clean | env, capture_output=True, text=True
    )


PRODUCTION = {
    "MODE": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEF",
    "ENCRYPTION_KEY": "A" * 43 + "=",
    "ALLOWED_HOSTS": "sms.example.com",
    "SITE_URL": "https://sms.example.com",
    "EMAIL_URL": "smtp+tls://console:p%40ss@mail.example",
    "EMAIL_FROM": "Console <console@sms.example.com>",
    "DATABASE_URL": "postgresql://console@db.example/console",
    "REDIS_URL": "redis://cache.example/0",
}


def test_production_starts_on_real_secrets() -> None:
    done = load_settings(**PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "x" * 60),
        ("SECRET_KEY", "demo-" + "0" * 64),
        ("ENCRYPTION_KEY", ""),
        ("ENCRYPTION_KEY", "demo-" + "0" * 64),
        ("ENCRYPTION_KEY", "not 32 bytes in base64"),
        ("ALLOWED_HOSTS", "*"),
        ("SITE_URL", ""),
        ("SITE_URL", "http://sms.example.com"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("DEBUG", "true"),
        ("EMAIL_URL", ""),
        ("EMAIL_FROM", ""),
    ],
)
def test_production_refuses(name: str, value: str) -> None:
    done = load_settings(**PRODUCTION | {name: value})
    assert done.returncode != 0 and name in done.stderr and "refuses to start" in done.stderr


def test_every_fault_is_named_at_once() -> None:
    done = load_settings(MODE="production")
    for name in ("SECRET_KEY", "ENCRYPTION_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
        assert name in done.stderr
    wrong = {
        "PORT": "eighty",
        "DEBUG": "perhaps",
        "MODE": "staging",
        "REDIS_URL": "foo",
        "CSRF_TRUSTED_ORIGINS": "a.example",
        "UPLOAD_MAX_ROWS": "-3",
        "GATEWAY_LEASE_SECONDS": "0",
        "EMAIL_URL": "smtp://console:secret@mail.example",
        "SITE_URL": "sms.example.com",
        "SECOND_FACTOR_REQUIRED_ROLES": "reviewer,admins",
        "SESSION_IDLE_SECONDS": "1",
        "PLATFORM_SIGNATURE": "【短信】",
    }
    done = load_settings(**wrong)
    for name in wrong:
        assert name in done.stderr
    assert "PostgreSQL only" in load_settings(DATABASE_URL="mysql://x@y/z").stderr


def test_a_start_that_cannot_be_says_so_in_a_line(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    env |= {"VAR_DIR": str(tmp_path / "var"), "MODE": "production"}
    done = subprocess.run([sys.executable, "-m", "console.up"], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "SECRET_KEY" in done.stderr
    assert not (tmp_path / "var").exists(), "nothing was touched"
