"""What the check of a job's files found, as pages show it: figures, reasons, repairs, and the first refused rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from console.lib import phone
from sending import counts as counting
from sending import places, reasons
from sending.intake.merged import summary_of
from sending.models import FileState, JobFile, Message, SendJob
from sending.models.message import MessageQuerySet
from sending.places import Places, row_words
from sending.states import MessageState, Problem, Repair

SHOWN = 20  # refused rows
CELL_MAX = 40  # characters of a value in a table
# Whose detail begins with the variable, and, of all others, the one that no cell is to blame for.
OF_VALUES = frozenset({Problem.VALUE_MISSING, Problem.VALUE_TOO_LONG, Problem.VALUE_KIND, Problem.VALUE_FORBIDDEN})


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem or repair: its name, how many rows, and the first of them in words."""

    label: str
    n: int
    example: str


@dataclass(frozen=True)
class Findings:
    """`files`: what is looked at; `codes`: their refused rows by problem; `summary` as of `merged.summary_of`."""

    job: SendJob
    files: list[JobFile]
    summary: dict[str, Any]
    codes: dict[str, int]

    @property
    def good(self) -> int:
        return int(self.summary["good"])

    @property
    def repaired(self) -> int:
        return int(self.summary["repaired"])

    @property
    def sendable(self) -> int:
        return self.good + self.repaired

    @cached_property
    def refused(self) -> int:
        """Without those of which a later file brings corrected ones."""
        return sum(self.codes.values()) - self.corrected

    @property
    def corrected(self) -> int:
        return self.codes.get(Problem.SUPERSEDED, 0)

    @property
    def rows(self) -> int:
        return self.sendable + self.refused + self.corrected

    @property
    def strip(self) -> list[tuple[str, int]]:
        parts = [("delivered", self.good), ("info", self.repaired), ("invalid", self.refused)]
        return [*parts, ("skipped", self.corrected)]

    @property
    def segments(self) -> list[tuple[int, int]]:
        """(segments of a message, messages), smallest first."""
        return sorted((int(size), n) for size, n in self.summary["segments"].items())

    @property
    def segments_total(self) -> int:
        return int(self.summary["segments_total"])

    @property
    def countries(self) -> dict[str, int]:
        return dict(self.summary["countries"])

    @property
    def seconds(self) -> float:
        return round(self.summary["seconds"], 1)

    @property
    def hidden(self) -> int:
        return self.codes.get(Problem.HIDDEN, 0)

    @property
    def differing(self) -> int:
        """Refused duplicates whose values are not those of the row that is kept."""
        return int(self.summary["duplicates"].get("differ", 0))

    @cached_property
    def problems(self) -> list[Finding]:
        examples = _Examples(self)
        found = sorted(self.codes.items(), key=lambda item: (-item[1], item[0]))
        return [
            Finding(_label(code), n, examples.of(code)) for code, n in found if n > 0 and code != Problem.SUPERSEDED
        ]

    @cached_property
    def repairs(self) -> list[Finding]:
        found = [_repair(int(bit), what) for bit, what in self.summary["repairs"].items()]
        return sorted(found, key=lambda finding: -finding.n)

    @property
    def repairs_overlap(self) -> bool:
        """A number may have been repaired in several ways: then the ways sum to more than the rows."""
        return sum(finding.n for finding in self.repairs) != self.repaired


def findings(job: SendJob, files: Sequence[JobFile]) -> Findings:
    """Of `files`, some of the job's, all of which were checked."""
    return Findings(job, list(files), summary_of(files), _codes(job, files))


def _codes(job: SendJob, files: Sequence[JobFile]) -> dict[str, int]:
    """From the counts, for a row's code changes when a later file corrects it; the ledger where they tell of more."""
    if {file.pk for file in job.files.counted()} == {file.pk for file in files}:
        return dict(counting.codes_of_job(job, MessageState.INVALID))
    found: Counter[str] = Counter()
    for file in files:
        rows = _refused(file).values_list("code").order_by().annotate(Count("id"))
        found.update(dict(rows))
    return dict(found)


def _refused(file: JobFile) -> MessageQuerySet:
    return Message.objects.filter(state=MessageState.INVALID, id__gte=file.first_id, id__lt=file.end_id)


class _Examples:
    """The first refused row of each problem in words: as the check noted it, unless it was corrected since."""

    def __init__(self, found: Findings) -> None:
        self._found = found
        self._noted = found.summary["problems"]
        self._files = {file.number: file for file in found.files}

    def of(self, code: str) -> str:
        noted = (self._noted.get(code) or {}).get("example") or {}
        if noted and not (self._found.corrected and self._is_corrected(noted)):
            return self._words(code, noted["row"], noted.get("file", 1), noted.get("raw", ""), noted.get("detail", ""))
        for file in self._found.files if self._found.corrected else ():
            first = _refused(file).filter(code=code).order_by("id").first()
            if first:
                raw = phone.mask(first.raw or first.number) if first.raw or first.number else ""
                return self._words(code, first.row, file.number, raw, first.detail)
        return ""

    def _is_corrected(self, noted: dict[str, Any]) -> bool:
        file = self._files.get(noted.get("file", 1))
        place = file and places.find(file, noted["row"])
        return Message.objects.filter(pk=place, code=Problem.SUPERSEDED).exists() if place else False

    def _words(self, code: str, row: int, file: int, raw: str, detail: str) -> str:
        what = reasons.of_row(self._found.job, MessageState.INVALID, code, detail)
        if what == _label(code):  # says nothing more
            what, raw = raw, ""
        words = _("%(row)s: %(number)s, %(what)s") if raw else _("%(row)s: %(what)s")
        return words % {"row": row_words(row, file), "number": raw, "what": what}


def _label(code: str) -> str:
    return str(Problem(code).label) if code in Problem.values else code


def _repair(bit: int, what: dict[str, Any]) -> Finding:
    label = str(Repair(bit).label) if bit in Repair.values else str(bit)
    example = what.get("example") or {}
    words = ""
    if example:
        words = example["number"]
        if example["raw"] != words:  # of a number cell, what was repaired is not to be seen
            words = f"{example['raw']} → {words}"
    return Finding(label, what["n"], words)


# The first refused rows ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused row as it stands in the sheet; `row` as people call it, `bad` where the whole row is meant."""

    row: str
    number: Cell
    values: list[Cell]
    reason: str
    bad: bool


def refused_rows(found: Findings, *, masked: bool) -> list[Refused]:
    """The first SHOWN that nobody has corrected yet, in the order of their files."""
    where = Places.of(found.job)
    shown: list[Refused] = []
    for file in found.files:
        rows = _refused(file).exclude(code=Problem.SUPERSEDED).order_by("id")[: SHOWN - len(shown)]
        shown += [_row(found.job, where, message, masked=masked) for message in rows]
    return shown


def _row(job: SendJob, where: Places, message: Message, *, masked: bool) -> Refused:
    variables = job.version.typed_variables
    name = message.detail.partition(":")[0]
    of_value = message.code in OF_VALUES or message.code == Problem.ERROR_CELL and bool(name)
    values = [*message.values, *[""] * len(variables)]
    number = message.raw or message.number
    return Refused(
        row=where.label(message.pk, message.row),
        number=Cell(
            phone.mask(number) if masked and number else number, not of_value and message.code != Problem.HIDDEN
        ),
        values=[
            Cell(_cut(values[place]), of_value and variable.name == name) for place, variable in enumerate(variables)
        ],
        reason=reason(job, message.code, message.detail),
        bad=message.code == Problem.HIDDEN,
    )


def reason(job: SendJob, code: str, detail: str) -> str:
    """Why a row was refused, as a sentence that stands by itself."""
    what = reasons.of_row(job, MessageState.INVALID, code, detail)
    if code == Problem.DUPLICATE:
        return _("%(label)s: %(what)s") % {"label": _label(code), "what": what}
    return what[:1].upper() + what[1:]


def _cut(text: str) -> str:
    return text if len(text) <= CELL_MAX else f"{text[: CELL_MAX - 1]}…"


def to_confirm(job: SendJob) -> list[JobFile]:
    """The files whose rows wait for a person."""
    return list(job.files.filter(state=FileState.CHECKED).select_related("created_by"))
