"""The process that reads one sheet: `python -m sending.intake.child`, with a `Spec` in JSON on standard input.

Writes the rows to standard output as COPY lines, and to the descriptor `report` JSON lines:
{"expected": rows}, {"rows": so far}, and at the end {"summary": …} or {"fault": {"code", …}}.

It opens hostile files with native code, so it may do nothing else: it sets up no Django, has no secrets in its
environment, writes no file, and the kernel ends it when it wants too much memory or time. What it has written then is
worth nothing; only a summary makes it good.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from console.lib import confined
from console.lib.sheets import Code, SheetFault, open_sheet
from console.lib.values import Variable
from sending.intake import columns
from sending.intake.checking import Checker

BATCH = 8192  # lines written at once
CPU_GRACE = 5  # seconds between the kernel's warning and the end


@dataclass(frozen=True, slots=True)
class Spec:
    """What to read and as what; `countries` (ISO codes) as of `Checker`, `memory` in bytes, `cpu` in seconds, `report`
    a file descriptor.
    """

    path: str
    mainland: bool
    variables: Sequence[Variable]
    pieces: Sequence[tuple[str, str]]
    countries: Sequence[str]
    wanted: dict[str, Any]
    limit: int
    first_id: int
    enterprise_id: int
    job_id: int
    memory: int
    cpu: int
    report: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Spec:
        plain = json.loads(text)
        known = {field.name: plain[field.name] for field in fields(cls)}
        variables = [Variable(**variable) for variable in plain["variables"]]
        return cls(**known | {"variables": variables, "pieces": [(kind, part) for kind, part in plain["pieces"]]})


def run(spec: Spec) -> None:
    """Read the sheet and write its rows. Raises SheetFault and ColumnFault."""
    began = time.monotonic()
    sheet = open_sheet(Path(spec.path))
    # A sheet that looks too long is counted before anything is written: blank rows do not count.
    if sheet.height > spec.limit + columns.SAMPLE and sum(1 for _ in sheet.rows()) > spec.limit + columns.SAMPLE:
        raise SheetFault(Code.TOO_MANY_ROWS, limit=spec.limit)
    sample = list(itertools.islice(sheet.rows(), columns.SAMPLE))
    if not sample:
        raise SheetFault(Code.NO_ROWS)
    found = columns.find(sample, spec.variables, spec.wanted, first_column=sheet.first_column, mainland=spec.mainland)
    _report(spec, expected=sheet.height)
    checker = Checker(
        mainland=spec.mainland,
        variables=spec.variables,
        pieces=spec.pieces,
        countries=spec.countries,
        columns=found,
        hidden=sheet.hidden,
    )
    lines = checker.lines(
        sheet,
        first_row=found.first_row,
        first_id=spec.first_id,
        enterprise_id=spec.enterprise_id,
        job_id=spec.job_id,
        limit=spec.limit,
    )
    out = sys.stdout.buffer
    while batch := list(itertools.islice(lines, BATCH)):
        out.write("".join(batch).encode("utf-8", "replace"))
        _report(spec, rows=checker.total)
    out.flush()
    summary = checker.summary() | {
        "columns": found.described(spec.variables),
        "found_by": found.found_by(spec.variables),
        "unread": sheet.unread,
        "headers": list(found.headers),
        "total": checker.total,
        "seconds": round(time.monotonic() - began, 2),
        "memory": highest_memory(),
    }
    _report(spec, summary=summary)


def highest_memory() -> int:
    """Bytes. The kernel's own figure, where it has one: rusage still holds what the parent had when it forked."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _report(spec: Spec, **what: Any) -> None:
    # PostgreSQL's JSON cannot hold the zero character, which a header or a cell may have.
    os.write(spec.report, json.dumps(what).replace("\\u0000", "\\ufffd").encode() + b"\n")


def main() -> None:
    spec = Spec.from_json(sys.stdin.read())
    confined.restrict(memory=spec.memory, cpu=spec.cpu, grace=CPU_GRACE)
    try:
        run(spec)
    except (SheetFault, columns.ColumnFault) as fault:
        _report(spec, fault={"code": str(fault.code), **fault.detail})
    except MemoryError:
        _report(spec, fault={"code": str(Code.TOO_BIG_MEMORY)})
    except BrokenPipeError:
        # The parent went away or has seen enough; nobody reads what we would say.
        os._exit(1)


if __name__ == "__main__":
    main()
