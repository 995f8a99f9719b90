"""The process that reads one sheet: `python -m sending.intake.child`, with a `Spec` in JSON on standard input.

Writes the rows to standard output as COPY lines, and to the descriptor `report` JSON lines:
{"preview": `summary.Preview`}, {"expected": rows}, {"rows": so far}, of a file of refused rows {"refers": [[file, row],
…]}, and at the end {"summary": `summary.Summary`} or {"fault": {"code", …}}.

It opens hostile files with native code, so it may do nothing else: it sets up no Django, has no secrets in its
environment, writes no file, and the kernel ends it when it wants too much memory or time. What it has written then is
worth nothing; only a summary makes it good.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any

from console.lib import confined
from console.lib.sheets import Cell, Code, Sheet, SheetFault, as_text, open_sheet
from console.lib.values import Variable
from sending.intake import columns, labels
from sending.intake.checking import Checker, Kept
from sending.intake.headers import SAMPLE

BATCH = 8192  # lines written at once
CPU_GRACE = 5  # seconds between the kernel's warning and the end

Rows = Iterator[tuple[int, list[Cell]]]


@dataclass(frozen=True, slots=True)
class Spec:
    """What to read and as what; `countries` (ISO codes) as of `Checker`, `memory` in bytes, `cpu` in seconds, `report`
    a file descriptor.

    `wanted`: any of {"sheet": name, "header": bool, "number": column, "values": {variable's name: column},
    "duplicates": "first" or "last"}; a column by its header, its letter or its number (0 for A). `remembered` as of
    `columns.choose_top`. `known`: path of a file of lines "8613800138000\\t17 (2)": the numbers of the job's other
    files and the `labels` of their rows. `refers`: the file may be one of refused rows that was corrected.
    """

    path: str
    mainland: bool
    variables: Sequence[Variable]
    pieces: Sequence[tuple[str, str]]
    countries: Sequence[str]
    wanted: Mapping[str, Any]
    limit: int
    first_id: int
    enterprise_id: int
    job_id: int
    memory: int
    cpu: int
    report: int
    remembered: Sequence[Mapping[str, Any]] = ()
    known: str = ""
    refers: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Spec:
        plain = json.loads(text)
        known = {field.name: plain[field.name] for field in fields(cls) if field.name in plain}
        variables = [Variable(**variable) for variable in plain["variables"]]
        return cls(**known | {"variables": variables, "pieces": [(kind, part) for kind, part in plain["pieces"]]})


def run(spec: Spec) -> None:
    """Read the sheet and write its rows. Raises SheetFault and ColumnFault."""
    began = time.monotonic()
    sheet = open_sheet(Path(spec.path), spec.wanted.get("sheet") or "")
    # A sheet that looks too long is counted before anything is written: blank rows do not count.
    if sheet.height > spec.limit + SAMPLE and sum(1 for _ in sheet.rows()) > spec.limit + SAMPLE:
        raise SheetFault(Code.TOO_MANY_ROWS, limit=spec.limit)
    sample = list(islice(sheet.rows(), SAMPLE))
    top, entry = columns.choose_top(
        sample, spec.wanted, spec.remembered, first_column=sheet.first_column, mainland=spec.mainland
    )
    _report(spec, preview=top.preview(sheet))
    if not any(as_text(cell) for _row, cells in sample for cell in cells):
        raise SheetFault(Code.NO_ROWS)
    found = columns.find(top, spec.variables, spec.wanted, entry, mainland=spec.mainland, refers=spec.refers)
    _report(spec, expected=sheet.height)
    checker = _checker(spec, sheet, found)
    _write(spec, checker, _recipients(sheet, found), found.label)
    summary = checker.summary() | {
        "columns": found.described(spec.variables),
        "found_by": found.found_by(spec.variables),
        "mapping": found.mapping(spec.variables, top),
        "unread": sheet.unread,
        "headers": list(found.headers),
        "total": checker.total,
        "seconds": round(time.monotonic() - began, 2),
        "memory": highest_memory(),
    }
    _report(spec, summary=summary)


def _recipients(sheet: Sheet, found: columns.Columns) -> Rows:
    return dropwhile(lambda numbered: numbered[0] < found.first_row, sheet.rows())


def _checker(spec: Spec, sheet: Sheet, found: columns.Columns) -> Checker:
    kept = Kept(_known(spec.known) if spec.known else None)

    def made() -> Checker:
        return Checker(
            mainland=spec.mainland,
            variables=spec.variables,
            pieces=spec.pieces,
            countries=spec.countries,
            columns=found,
            hidden=sheet.hidden,
            kept=kept,
        )

    if spec.wanted.get("duplicates") == "last":
        kept.look_ahead(made, _recipients(sheet, found))
    return made()


def _known(path: str) -> dict[int, int]:
    """Rows of the job's other files by their numbers, as `Kept` takes them."""
    known: dict[int, int] = {}
    with Path(path).open(encoding="ascii") as file:
        for line in file:
            number, _, label = line.rstrip("\n").partition("\t")
            # Almost all labels are plain row numbers.
            if label.isdecimal():
                known[int(number)] = -int(label)
            elif found := labels.parse(label):
                known[int(number)] = labels.packed(found[1], found[0])
    return known


def _write(spec: Spec, checker: Checker, rows: Rows, label: int | None) -> None:
    """All rows to standard output, and what they refer to, batch by batch."""
    refers: list[tuple[int, int]] = []
    lines = checker.lines(
        rows if label is None else _noting(rows, label, refers),
        first_id=spec.first_id,
        enterprise_id=spec.enterprise_id,
        job_id=spec.job_id,
        limit=spec.limit,
    )
    out = sys.stdout.buffer
    while batch := list(islice(lines, BATCH)):
        out.write("".join(batch).encode("utf-8", "replace"))
        _report(spec, rows=checker.total)
        if refers:
            _report(spec, refers=refers)
            refers.clear()
    out.flush()


def _noting(rows: Rows, label: int, refers: list[tuple[int, int]]) -> Rows:
    """The same rows; `refers` takes the (file, row) that each says it corrects."""
    for row, cells in rows:
        if label < len(cells) and (found := labels.parse(as_text(cells[label]))):
            refers.append(found)
        yield row, cells


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
