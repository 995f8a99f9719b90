"""What the check of a file found, as the page shows it: from the job's summary, which intake writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from console.figures import num
from sending.forms import ColumnsForm
from sending.intake import problems
from sending.models import SendJob
from sending.states import Problem, Repair


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem or repair: its name, how many rows, and the first of them in words."""

    label: str
    n: int
    example: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and what it is used for: "number", "variable" or nothing."""

    heading: str
    use: str
    variable: str = ""  # as it stands in the text
    meaning: str = ""
    by: str = "heading"  # how it was found: wish, heading, content, order


@dataclass(frozen=True, slots=True)
class Findings:
    good: int
    repaired: int
    refused: int
    hidden: int
    problems: list[Finding]
    repairs: list[Finding]
    columns: list[Column]
    unread: list[str]
    segments: list[tuple[int, int]]
    segments_total: int
    longest_row: int | None
    longest_position: int | None
    seconds: float | None

    @property
    def sendable(self) -> int:
        return self.good + self.repaired

    @property
    def strip(self) -> list[tuple[str, int]]:
        return [("delivered", self.good), ("info", self.repaired), ("invalid", self.refused)]

    @property
    def by_headings(self) -> bool:
        return all(column.by == "heading" for column in self.columns)

    @property
    def unread_names(self) -> str:
        return _(", ").join(_("“%(name)s”") % {"name": name} for name in self.unread)

    @property
    def repairs_overlap(self) -> bool:
        """A number may have been repaired in several ways: then the ways sum to more than the rows."""
        return sum(finding.n for finding in self.repairs) != self.repaired


def findings(job: SendJob) -> Findings:
    found: dict[str, Any] = job.summary
    longest = found.get("longest") or {}
    segments = sorted((int(size), n) for size, n in found.get("segments", {}).items())
    return Findings(
        good=found.get("good", 0),
        repaired=found.get("repaired", 0),
        refused=found.get("refused", 0),
        hidden=found.get("hidden", 0),
        problems=sorted(
            (_problem(job, code, what) for code, what in found.get("problems", {}).items()), key=lambda f: -f.n
        ),
        repairs=sorted((_repair(int(bit), what) for bit, what in found.get("repairs", {}).items()), key=lambda f: -f.n),
        columns=_columns(job, found),
        unread=found.get("unread", []),
        segments=segments,
        segments_total=found.get("segments_total", sum(size * n for size, n in segments)),
        longest_row=longest.get("row"),
        longest_position=longest.get("id_offset"),
        seconds=found.get("seconds"),
    )


def fault(job: SendJob) -> dict[str, str]:
    """Why the file could not be read, and what to do."""
    title, advice = problems.describe_fault(job.fault)
    return {"title": str(title), "advice": str(advice)}


def columns_form(job: SendJob, posted: Any = None) -> ColumnsForm | None:
    """To choose other columns, where the file's headings are known and the check was about its content."""
    headings = job.summary.get("headers") or job.fault.get("headers") or []
    if not headings or not job.file:
        return None
    used = job.summary.get("columns") or job.wanted_columns or {}
    return ColumnsForm(posted, headings=headings, variables=job.version.typed_variables, used=used)


def _problem(job: SendJob, code: str, what: dict[str, Any]) -> Finding:
    label = str(Problem(code).label) if code in Problem.values else code
    example = what.get("example") or {}
    if not example:
        return Finding(label, what["n"], "")
    words = problems.describe_problem(
        code, example.get("detail", ""), job.version.typed_variables, job.version.template.countries
    )
    sentence = _("row %(row)s: %(number)s, %(what)s") if example.get("raw") else _("row %(row)s: %(what)s")
    return Finding(
        label, what["n"], sentence % {"row": num(example["row"]), "number": example.get("raw", ""), "what": words}
    )


def _repair(bit: int, what: dict[str, Any]) -> Finding:
    label = str(Repair(bit).label) if bit in Repair.values else str(bit)
    example = what.get("example") or {}
    words = ""
    if example:
        words = example["number"]
        if example["raw"] != words:  # of a number cell, what was repaired is not to be seen
            words = f"{example['raw']} → {words}"
    return Finding(label, what["n"], words)


def _columns(job: SendJob, found: dict[str, Any]) -> list[Column]:
    used, ways = found.get("columns") or {}, found.get("found_by") or {}
    by_heading = {heading: name for name, heading in (used.get("values") or {}).items()}
    variables = {variable.name: variable for variable in job.version.typed_variables}
    columns = []
    for heading in found.get("headers", []):
        name = by_heading.get(heading)
        if heading == used.get("number"):
            columns.append(Column(heading, "number", by=ways.get("number", "heading")))
        elif name in variables:
            by = (ways.get("values") or {}).get(name, "heading")
            columns.append(Column(heading, "variable", variables[name].code, variables[name].meaning, by))
        else:
            columns.append(Column(heading, ""))
    return columns
