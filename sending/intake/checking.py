"""The check of every row: number, values, length, duplicates. A row that fails is data with a problem, not an error.

Knows no Django and no database: the result is one line of PostgreSQL's COPY text format per row (`COLUMNS`), and a
summary. This is the loop over a million rows; what looks clumsy here was measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from console.lib import phone
from console.lib.sheets import Cell, Code, Sheet, SheetFault, as_text
from console.lib.text import segments
from console.lib.values import Variable, rule, tidy
from sending.intake.columns import Columns

# Order of the fields in a line; all other columns of sending_message have defaults.
COLUMNS = "id,enterprise_id,job_id,row,number,raw,values,country,repairs,segments,state,code,detail"
QUEUED, INVALID = 0, 9  # sending.states.MessageState
DUPLICATE, HIDDEN, COUNTRY_NOT_IN_TEMPLATE = (
    "duplicate",
    "hidden",
    "country_not_in_template",
)  # sending.states.Problem, besides those of phone.Fault and console.lib.values.ValueFault
RAW_MAX = 64  # characters kept of a number cell
REFUSED_VALUE_MAX = 100  # characters kept of a refused row's value

# What COPY's text format escapes, and the zero character, which PostgreSQL cannot store.
_SPECIAL = re.compile(r"[\\\t\n\r\x00]")
_SPECIAL_IN_ARRAY = re.compile(r"[\\\"\t\n\r\x00]")
_DECIMALS = re.compile(r"(.+?)([.．][0０]+)")
_PREFIX_DIGITS = 4  # as in 0086
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"}

# (number, raw, values, country, repairs, segments, state, code, detail)
Row = tuple[str, str, Sequence[str], str, int, int, int, str, str]


class Checker:
    """Checks the rows of one sheet, in their order, and counts what it finds."""

    def __init__(
        self,
        *,
        mainland: bool,
        variables: Sequence[Variable],
        pieces: Sequence[tuple[str, str]],
        columns: Columns,
        hidden: set[int],
        countries: Sequence[str] = (),
    ) -> None:
        """`pieces`: the message as ("text", words) and ("variable", name) in order, the signature in front included.

        `countries`: ISO codes of those that the template is approved for; empty for all that the application may.
        """
        self._mainland = mainland
        self._number = columns.number
        self._rules = [(index, rule(v)) for index, v in zip(columns.values, variables, strict=True)]
        self._hidden = hidden
        self._countries = frozenset(countries)
        place = {variable.name: index for index, variable in enumerate(variables)}
        # Text stands for itself, a number for the value at that place.
        self._pieces: list[str | int] = [place[part] if kind == "variable" else part for kind, part in pieces]
        self._fixed = "".join(part for kind, part in pieces if kind == "text")
        self._segments = segments(self._fixed, mainland=mainland)
        self._seen: dict[int, int] = {}
        self._cells: Counter[tuple[int, str, str, int, int]] = Counter()
        self._repair_examples: dict[int, dict[str, Any]] = {}
        self._problem_examples: dict[str, dict[str, Any]] = {}
        self._longest: dict[str, int] = {}
        self.total = 0

    def check(self, row: int, cells: Sequence[Cell]) -> Row | None:
        """What becomes of the row; None when there is nothing in it but blanks."""
        cell = cells[self._number] if self._number < len(cells) else None
        quick = phone.mainland(cell) if self._mainland else None
        if quick is not None:
            number, repairs = quick
            country = "CN"
        else:
            plain = cell if cell is None or isinstance(cell, (str, int, float)) else as_text(cell)
            found = phone.normalise(plain, mainland=self._mainland)
            if isinstance(found, phone.Fault):
                if found is phone.Fault.MISSING and not any(map(as_text, cells)):
                    return None
                hidden = row in self._hidden
                return self._refused(row, cells, HIDDEN if hidden else found.value, "")
            number, country, repairs = found.e164, found.country, found.repairs
        if row in self._hidden:
            return self._refused(row, cells, HIDDEN, "", number, country, repairs)
        # Of international templates only: the loop over mainland numbers pays one look at an empty set.
        if self._countries and country not in self._countries:
            return self._refused(row, cells, COUNTRY_NOT_IN_TEMPLATE, country, number, country, repairs)
        parts = self._segments
        values: Sequence[str] = ()
        text = self._fixed
        if self._rules:
            values, problem = self._values(cells)
            if problem:
                return self._refused(row, cells, *problem, number, country, repairs)
            text = "".join([part if isinstance(part, str) else values[part] for part in self._pieces])
            parts = segments(text, mainland=self._mainland)
        first = self._seen.setdefault(int(number[1:]), row)
        if first != row:
            return self._refused(row, cells, DUPLICATE, str(first), number, country, repairs)
        if self._rules and len(text) > self._longest.get("characters", -1):
            self._longest = {"row": row, "id_offset": self.total, "segments": parts, "characters": len(text)}
        raw = ""
        if repairs:
            raw = number[3:] if quick else as_text(cell)[:RAW_MAX]
            if repairs not in self._repair_examples:
                self._repair_examples[repairs] = {
                    "row": row,
                    "raw": masked_as_typed(raw, number),
                    "number": phone.mask(number),
                }
        self.total += 1
        self._cells[QUEUED, "", country, parts, repairs] += 1
        return number, raw, values, country, repairs, parts, QUEUED, "", ""

    def _values(self, cells: Sequence[Cell]) -> tuple[list[str], tuple[str, str] | None]:
        """The values in the variables' order, and the first problem with one of them."""
        values, width = [], len(cells)
        problem = None
        for index, check in self._rules:
            cell = cells[index] if index < width else ""
            value = tidy(cell if type(cell) is str else as_text(cell))
            values.append(value)
            problem = problem or check(value)
        return values, problem

    def _refused(
        self,
        row: int,
        cells: Sequence[Cell],
        code: str,
        detail: str,
        number: str = "",
        country: str = "",
        repairs: int = 0,
    ) -> Row:
        cell = cells[self._number] if self._number < len(cells) else None
        raw = as_text(cell)[:RAW_MAX]
        values = [value[:REFUSED_VALUE_MAX] for value in self._values(cells)[0]]
        if code not in self._problem_examples:
            self._problem_examples[code] = {"row": row, "raw": phone.mask(raw), "detail": detail}
        self.total += 1
        self._cells[INVALID, code, country, 0, repairs] += 1
        return number, raw, values, country, repairs, 0, INVALID, code, detail

    def lines(
        self, sheet: Sheet, *, first_row: int, first_id: int, enterprise_id: int, job_id: int, limit: int
    ) -> Iterator[str]:
        """COPY lines of all rows from `first_row` on. Raises SheetFault(too_many_rows, no_rows)."""
        owners = f"\t{enterprise_id}\t{job_id}\t"
        tail = f"\tCN\t0\t{self._segments}\t{QUEUED}\t\t\n"
        check = self.check
        for row, cells in sheet.rows():
            if row < first_row:
                continue
            checked = check(row, cells)
            if checked is None:
                continue
            if self.total > limit:
                raise SheetFault(Code.TOO_MANY_ROWS, limit=limit)
            number, raw, values, country, repairs, parts, state, code, detail = checked
            head = f"{first_id + self.total - 1}{owners}{row}\t{number}\t"
            if not (raw or values or state) and country == "CN":
                yield f"{head}\t{{}}{tail}"
            else:
                yield (
                    f"{head}{escaped(raw)}\t{array(values)}\t{country}\t{repairs}\t{parts}\t{state}\t{code}\t"
                    f"{escaped(detail)}\n"
                )
        if not self.total:
            raise SheetFault(Code.NO_ROWS)

    def summary(self) -> dict[str, Any]:
        """What was found, without the columns; the shape is described in `sending.intake.summary`."""
        good = repaired = 0
        by_repair: Counter[int] = Counter()
        by_problem: Counter[str] = Counter()
        by_segments: Counter[int] = Counter()
        for (state, code, _country, parts, repairs), n in self._cells.items():
            if state == INVALID:
                by_problem[code] += n
                continue
            by_segments[parts] += n
            good, repaired = (good, repaired + n) if repairs else (good + n, repaired)
            for bit in phone.Repair:
                if bit & repairs:
                    by_repair[int(bit)] += n
        if good + repaired and not self._rules:
            self._longest = {"segments": self._segments, "characters": len(self._fixed)}
        return {
            "good": good,
            "repaired": repaired,
            "refused": sum(by_problem.values()),
            "hidden": by_problem[HIDDEN],
            "repairs": {
                str(bit): {"n": n, "example": self._repair_example(bit)} for bit, n in sorted(by_repair.items())
            },
            "problems": {
                code: {"n": n, "example": self._problem_examples[code]} for code, n in by_problem.most_common() if n
            },
            "segments": {str(parts): n for parts, n in sorted(by_segments.items())},
            "segments_total": sum(parts * n for parts, n in by_segments.items()),
            "longest": self._longest,
        }

    def _repair_example(self, bit: int) -> dict[str, Any]:
        """Of a row with this repair, alone if there is one."""
        return self._repair_examples[min(repairs for repairs in self._repair_examples if repairs & bit)]


def masked_as_typed(raw: str, number: str) -> str:
    """`raw`, of which `number` was made, with the digits hidden that `phone.mask(number)` hides and all else as it was.

    0086 13800138000 → 0086 138****8000
    """
    head, stars, tail = phone.mask(number).partition("****")
    kept = [sum(map(str.isdecimal, part)) for part in (head, tail)]
    typed, decimals = match.groups("") if (match := _DECIMALS.fullmatch(raw)) else (raw, "")
    places = [index for index, character in enumerate(typed) if character.isdecimal()]
    # The mask of a mainland number leaves its country code out.
    length = sum(map(str.isdecimal, number)) - (0 if head.startswith("+") else len("86"))
    before = len(places) - length
    if not stars or not 0 <= before <= _PREFIX_DIGITS or any(map(str.isalpha, raw)):
        return phone.mask(raw)
    hidden = set(places[before + kept[0] : len(places) - kept[1]])
    return "".join("*" if index in hidden else character for index, character in enumerate(typed)) + decimals


def escaped(text: str) -> str:
    """`text` as a field of COPY's text format."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text) if _SPECIAL.search(text) else text


def array(values: Sequence[str]) -> str:
    """`values` as a text[] in COPY's text format."""
    if not values:
        return "{}"
    if not _SPECIAL_IN_ARRAY.search("".join(values)):
        return '{"' + '","'.join(values) + '"}'
    inner = '","'.join([value.replace("\\", "\\\\").replace('"', '\\"') for value in values])
    return escaped(f'{{"{inner}"}}')
