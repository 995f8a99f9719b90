"""Small sheets, read whole while somebody waits: the parent's side of `console.lib.sheets.child`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from console.lib import confined
from console.lib.sheets.fault import Code, SheetFault

SECONDS = 12  # for one sheet, by the clock
_ROOT = Path(__file__).resolve().parents[3]
_ENDINGS = {
    -signal.SIGXCPU: Code.TOO_SLOW,
    -signal.SIGALRM: Code.TOO_SLOW,
    -signal.SIGABRT: Code.TOO_BIG_MEMORY,  # native code whose allocation fails
    -signal.SIGKILL: Code.TOO_BIG_MEMORY,  # not by us: the kernel was out of memory
}
# Each may take as much memory as `child.MEMORY`, so a web process opens one at a time.
_slot = threading.BoundedSemaphore(1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Table:
    """`rows`: (number as the spreadsheet shows it, its cells from column A on, as texts), without blank ones."""

    rows: list[tuple[int, list[str]]]
    hidden: frozenset[int]


def read(chunks: Iterable[bytes], *, rows: int, columns: int, characters: int) -> Table:
    """The first visible sheet of an xlsx, or a csv, of at most `rows` rows. Raises SheetFault.

    Cells are cut after `characters`; columns beyond `columns` are left out. Takes seconds at most.
    """
    if not _slot.acquire(timeout=SECONDS):
        raise SheetFault(Code.TOO_SLOW)
    try:
        with tempfile.NamedTemporaryFile(prefix="sheet-") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            said = _ask({"path": file.name, "rows": rows, "columns": columns, "characters": characters})
    finally:
        _slot.release()
    if "fault" in said:
        raise SheetFault(Code(said.pop("fault")), **said)
    return Table([(number, cells) for number, cells in said["rows"]], frozenset(said["hidden"]))


def _ask(spec: dict[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "console.lib.sheets.child"],
            cwd=_ROOT,
            env=confined.environment(),
            input=json.dumps(spec).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SheetFault(Code.TOO_SLOW) from error
    if done.returncode:
        log.warning("sheet.child_ended", code=done.returncode)
        raise SheetFault(_ENDINGS.get(done.returncode, Code.DAMAGED))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
