"""The corpus: files as people and programs make them, and as nobody should, each made when it is needed.

A maker takes the path to write to. `corpus_books` has the honest workbooks, `corpus_hostile` the others; texts are
here. `read` puts a file through the real child with its real limits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from console.lib.values import Variable
from sending.intake.loading import CPU_SECONDS, MEMORY
from sending.intake.process import Child, Unreadable

Maker = Callable[[Path], object]

NUMBERS = ["13800138000", "13800138001", "13800138002"]
PEOPLE = [
    ["手机号", "姓名"],
    *([number, name] for number, name in zip(NUMBERS, ["王女士", "Li Lei", "陈"], strict=True)),
]
NAME = Variable("1", "TEXT", 20, "姓名")
DAY = Variable("1", "DATETIME", 20, "日期")
LETTER: list[tuple[str, str]] = [("text", "【清禾】您的会员积分即将到期。")]


@dataclass(frozen=True)
class Case:
    """A file and what must come of it: "good 3, repaired 1, hidden 2", or "fault no_rows".

    `says`: what else is told, in the fault, the preview or the summary.
    """

    name: str
    make: Maker
    result: str
    variables: Sequence[Variable] = ()
    says: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ".xlsx"
    wanted: Mapping[str, Any] = field(default_factory=dict)
    mainland: bool = True
    limit: int = 1_000_000

    @property
    def counts(self) -> tuple[str, dict[str, int]]:
        """(code of the fault, rows by what they are); as of `Outcome`."""
        if self.result.startswith("fault "):
            return self.result.removeprefix("fault "), {}
        return "", {what: int(n) for what, n in (part.split() for part in self.result.split(", "))}


@dataclass
class Outcome:
    """What the child said and wrote."""

    summary: dict[str, Any] = field(default_factory=dict)
    fault: dict[str, Any] = field(default_factory=dict)
    preview: dict[str, Any] = field(default_factory=dict)
    refers: list[Any] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)

    @property
    def counts(self) -> tuple[str, dict[str, int]]:
        """(code of the fault, rows good, repaired, and refused by reason), without what is none."""
        found = {what: self.summary.get(what, 0) for what in ("good", "repaired")}
        found |= {code: what["n"] for code, what in self.summary.get("problems", {}).items()}
        return self.fault.get("code", ""), {what: n for what, n in found.items() if n}


def read(path: Path, **spec: Any) -> Outcome:
    """What becomes of the file at `path`; `spec` as of `child.Spec`, of a mainland job without variables."""
    variables = spec.pop("variables", ())
    used = [("variable", variable.name) for variable in variables]
    whole = {
        "path": str(path),
        "mainland": True,
        "variables": [asdict(variable) for variable in variables],
        "pieces": [*LETTER, *used],
        "countries": [],
        "wanted": {},
        "limit": 1_000_000,
        "first_id": 1 << 40,
        "enterprise_id": 7,
        "job_id": 9,
        "memory": MEMORY,
        "cpu": CPU_SECONDS,
    }
    with Child(**whole | spec) as child:
        hearing = threading.Thread(target=_hear, args=[child])
        hearing.start()
        written = b"".join(child.chunks())
        hearing.join()
        outcome = Outcome(preview=child.preview, refers=child.refers)
        try:
            outcome.summary = dict(child.finish())
            outcome.lines = [line.split("\t") for line in written.decode().splitlines()]
        except Unreadable as unreadable:
            outcome.fault = unreadable.fault
    return outcome


def _hear(child: Child) -> None:
    while child.listen(1):
        pass


# Texts


def text(content: str, encoding: str = "utf-8") -> Maker:
    return lambda path: path.write_bytes(content.encode(encoding))


def raw(content: bytes) -> Maker:
    return lambda path: path.write_bytes(content)


def lines(*rows: Sequence[str], by: str = ",", end: str = "\r\n") -> str:
    return "".join(by.join(row) + end for row in rows)


def people(encoding: str = "utf-8", *, by: str = ",", end: str = "\r\n", before: str = "") -> Maker:
    """The three people as a csv."""
    return text(before + lines(*PEOPLE, by=by, end=end), encoding)


def csv(*cells: str) -> Maker:
    """One column below its header."""
    return text(lines(PEOPLE[0][:1], *([cell] for cell in cells)))
