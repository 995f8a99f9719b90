"""What is left to a process that opens hostile files."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from console.lib import confined

ROOT = Path(__file__).resolve().parents[2]


def ended(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL, timeout=30).returncode


def test_a_lower_limit_that_holds_already_stays_and_is_announced():
    """Where the machine gives less time than we do, the end still says why."""
    less = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (2, 2))\n"
    ours = "from console.lib import confined; confined.restrict(memory=1 << 40, cpu=60, grace=1)\nwhile True: pass"
    assert ended(less + ours) == -signal.SIGXCPU


def test_no_file_is_written(tmp_path):
    ours = "from console.lib import confined; confined.restrict(memory=1 << 40, cpu=9, grace=1)\n"
    path = tmp_path / "written"
    assert ended(f"{ours}with open({str(path)!r}, 'w') as file: file.write('x')") != 0
    assert path.read_bytes() == b""


def test_the_environment_has_no_secret(monkeypatch):
    monkeypatch.setenv("ENCRYPTION_KEY", "x")
    monkeypatch.setenv("DATABASE_URL", "x")
    assert not {"ENCRYPTION_KEY", "DATABASE_URL"} & confined.environment().keys()
