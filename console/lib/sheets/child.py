"""The process that reads a small sheet whole: `python -m console.lib.sheets.child`, {"path", "rows", "columns",
"characters"} in JSON on standard input.

Answers on standard output with JSON: {"rows": [[row number, [texts]], …], "hidden": [row numbers]} or {"fault", …}. It
opens hostile files with native code, so it may do nothing else: it sets up no Django, has no secrets in its
environment, writes no file, and the kernel ends it when it wants too much memory or time.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from console.lib import confined
from console.lib.sheets import Code, SheetFault, as_text, open_sheet

MEMORY = 512 << 20  # bytes of address space
CPU_SECONDS = 5
SECONDS = 15  # by the clock, should nobody wait for it any more


def read(path: str, *, rows: int, columns: int, characters: int) -> dict[str, Any]:
    """Raises SheetFault. What is longer than `characters` is cut there, what is right of `columns` is left out."""
    sheet = open_sheet(Path(path))
    found: list[tuple[int, list[str]]] = []
    for number, cells in sheet.rows():
        texts = [_tidy(as_text(cell))[:characters] for cell in cells]
        if not any(texts):
            continue
        if len(found) >= rows:
            raise SheetFault(Code.TOO_MANY_ROWS, limit=rows)
        found.append((number, ([""] * sheet.first_column + texts)[:columns]))
    if not found:
        raise SheetFault(Code.NO_ROWS)
    return {"rows": found, "hidden": sorted(sheet.hidden)}


def _tidy(text: str) -> str:
    """Line ends as "\\n"; without what PostgreSQL's JSON cannot hold."""
    return text.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def main() -> None:
    spec = json.loads(sys.stdin.read())
    confined.restrict(memory=MEMORY, cpu=CPU_SECONDS, grace=1)
    signal.alarm(SECONDS)
    answer: dict[str, Any]
    try:
        answer = read(**spec)
    except SheetFault as fault:
        answer = {"fault": str(fault.code), **fault.detail}
    except MemoryError:
        answer = {"fault": str(Code.TOO_BIG_MEMORY)}
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
