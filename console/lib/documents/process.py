"""The parent's side of the process that opens a document: start it, take its answer in time, end it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from console.lib import confined
from console.lib.documents.fault import Code, DocumentFault
from console.lib.documents.kinds import Kind

BYTES_MAX = 2 << 20
SECONDS = 10  # for one document, by the clock
_ANSWER_MAX = 16 << 20  # bytes; what honest documents become stays far below
_CHUNK = 1 << 20
_ROOT = Path(__file__).resolve().parents[3]
_ENDINGS = {
    -signal.SIGXCPU: Code.TOO_SLOW,
    -signal.SIGALRM: Code.TOO_SLOW,
    -signal.SIGABRT: Code.BOMB,  # native code whose allocation fails
    -signal.SIGKILL: Code.BOMB,  # not by us: the kernel was out of memory
    -signal.SIGTERM: Code.BUSY,  # the machine is being stopped; the file is not to blame
}
# Each may take as much memory as `child.MEMORY`, so a web process opens few at once.
_slots = threading.BoundedSemaphore(2)
# One more may wait for that. Others are told at once: a web process has four threads, and one is left for pages.
_places = threading.BoundedSemaphore(3)
log = structlog.get_logger(__name__)


def run(data: bytes, kind: Kind) -> tuple[dict[str, Any], bytes]:
    """The answer of `child` and the safe copy. Raises DocumentFault."""
    with _slot(), tempfile.TemporaryFile() as source:
        source.write(data)
        source.seek(0)
        code, answer = _talk(source.fileno(), kind)
    line, _newline, copy = answer.partition(b"\n")
    if code:
        log.warning("document.child_ended", kind=str(kind), code=code)
        raise DocumentFault(_ENDINGS.get(code, Code.DAMAGED))
    said: dict[str, Any] = json.loads(line)
    if "fault" in said:
        raise DocumentFault(Code(said.pop("fault")), **said)
    return said, copy


@contextlib.contextmanager
def _slot() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise DocumentFault(Code.BUSY)
    try:
        if not _slots.acquire(timeout=SECONDS):
            raise DocumentFault(Code.BUSY)
        try:
            yield
        finally:
            _slots.release()
    finally:
        _places.release()


def _talk(source: int, kind: Kind) -> tuple[int, bytes]:
    """(how it ended, what it said)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console.lib.documents.child", kind],
        cwd=_ROOT,
        env=confined.environment(),
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout
    end = time.monotonic() + SECONDS
    try:
        answer = _hear(process.stdout.fileno(), end)
        return process.wait(max(0.1, end - time.monotonic())), answer
    except subprocess.TimeoutExpired as error:
        raise DocumentFault(Code.TOO_SLOW) from error
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _hear(pipe: int, end: float) -> bytes:
    """Everything until it closes the pipe, but never more than an honest answer, and not for longer than `end`."""
    parts: list[bytes] = []
    length = 0
    while length <= _ANSWER_MAX:
        ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            raise DocumentFault(Code.TOO_SLOW)
        chunk = os.read(pipe, _CHUNK)
        if not chunk:
            return b"".join(parts)
        parts.append(chunk)
        length += len(chunk)
    raise DocumentFault(Code.DAMAGED)
