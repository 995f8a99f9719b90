"""The process that opens one document: `python -m console.lib.documents.child KIND`, the file on standard input.

Answers on standard output with a line of JSON, {"width", "height", "pages"} or {"fault", …}, and behind a line without
fault the safe copy. It opens hostile files with native code, so it may do nothing else: it sets up no Django, has no
secrets in its environment, writes no file, and the kernel ends it when it wants too much memory or time.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from console.lib import confined
from console.lib.documents.fault import Code, DocumentFault
from console.lib.documents.kinds import Kind

MEMORY = 768 << 20  # bytes of address space
CPU_SECONDS = 4
SECONDS = 12  # by the clock, should nobody wait for it any more


def restrict() -> None:
    confined.restrict(memory=MEMORY, cpu=CPU_SECONDS, grace=1)
    signal.alarm(SECONDS)
    os.nice(10)  # whoever reads a page goes first


def open_document(data: bytes, kind: Kind) -> tuple[dict[str, int], bytes]:
    """Its figures and its safe copy. Raises DocumentFault."""
    if kind is Kind.PDF:
        from console.lib.documents import pdfs

        copy, pages = pdfs.normalise(data)
        return {"width": 0, "height": 0, "pages": pages}, copy
    from console.lib.documents import images

    copy, width, height = images.reencode(data, kind)
    return {"width": width, "height": height, "pages": 1}, copy


def main() -> None:
    data = sys.stdin.buffer.read()
    restrict()
    answer: dict[str, Any]
    copy = b""
    try:
        answer, copy = open_document(data, Kind(sys.argv[1]))
    except DocumentFault as fault:
        answer = {"fault": str(fault.code), **fault.detail}
    except MemoryError:
        answer = {"fault": str(Code.BOMB)}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + copy)


if __name__ == "__main__":
    main()
