"""The check of every row: number, values, length, duplicates. A row that fails is data with a problem, not an error.

Knows no Django and no database: the result is one line of PostgreSQL's COPY text format per row (`COLUMNS`), and a
summary. This is the loop over a million rows; what looks clumsy here was measured.
"""

from __future__ import annotations

import re
from array import array as packed_array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from console.lib import phone
from console.lib.sheets import Cell, Code, SheetFault, as_text
from console.lib.text import Alphabet, alphabet, segments
from console.lib.values import Variable, is_error, rule, tidy
from sending.intake import labels
from sending.intake.columns import Columns

# Order of the fields in a line; all other columns of sending_message have defaults.
COLUMNS = "id,enterprise_id,job_id,row,number,raw,values,country,repairs,segments,state,code,detail"
QUEUED, INVALID = 0, 9  # sending.states.MessageState
DUPLICATE, HIDDEN, COUNTRY_NOT_IN_TEMPLATE, ERROR_CELL = (
    "duplicate",
    "hidden",
    "country_not_in_template",
    "error_cell",
)  # sending.states.Problem, besides those of phone.Fault and console.lib.values.ValueFault
LAST = "last:"  # begins a duplicate's detail where the later row is kept
_COST_SHIFT = 20  # bits: a segment more weighs more than all characters of a message
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


class Kept:
    """Which row of each number is kept: the first good one, or, after `look_ahead`, the last.

    `rows` is by number without plus; what is in it from the beginning, as `labels.packed`, are rows of the job's other
    files. `keep(number, row)` answers with the row that is kept. Where messages differ, those of good rows are known by
    their hash, so that duplicates can be compared.
    """

    def __init__(self, rows: dict[int, int] | None = None) -> None:
        self._rows: dict[int, int] = {} if rows is None else rows
        self.keep: Callable[[int, int], int] = self._rows.setdefault
        self.ahead = False
        self._places = packed_array("Q")
        self._hashes = packed_array("q")

    def note(self, row: int, text: str) -> None:
        """Remember a good row's message; rows come in their order."""
        self._places.append(row)
        self._hashes.append(hash(text))

    def same_text(self, row: int, text: str) -> bool:
        """Whether a row noted before has this message."""
        return self._hashes[bisect_left(self._places, row)] == hash(text)

    def look_ahead(self, checker: Callable[[], Checker], rows: Iterable[tuple[int, Sequence[Cell]]]) -> None:
        """Keep the last rows. `checker` makes one for this look, as the one that will do the work."""
        self.keep = self._later
        check = checker().check
        for row, cells in rows:
            check(row, cells)
        self.keep, self.ahead = self._rows.setdefault, True

    def _later(self, number: int, row: int) -> int:
        if (known := self._rows.get(number, row)) < 0:
            return known
        self._rows[number] = row
        return row


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
        kept: Kept | None = None,
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
        self._names = {part: place[part] for kind, part in pieces if kind == "variable"}
        # Text stands for itself, a number for the value at that place.
        self._pieces: list[str | int] = [place[part] if kind == "variable" else part for kind, part in pieces]
        self._fixed = "".join(part for kind, part in pieces if kind == "text")
        self._segments = segments(self._fixed, mainland=mainland)
        self._kept = kept or Kept()
        self._keep = self._kept.keep
        self._note = None if self._kept.ahead else self._kept.note
        self._alphabet = alphabet(self._fixed, mainland=mainland)
        # Whether each row's alphabet depends on its values.
        self._of_values = bool(self._rules) and self._alphabet is Alphabet.GSM7
        self._ucs2 = 0
        self._why_ucs2: dict[str, Any] = {}
        self._cells: Counter[tuple[int, str, str, int, int]] = Counter()
        self._repair_examples: dict[int, dict[str, Any]] = {}
        self._problem_examples: dict[str, dict[str, Any]] = {}
        self._longest: dict[str, int] = {}
        self._costliest: dict[str, int] = {}
        self._most_characters = self._highest_cost = -1
        self._duplicates = {"same": 0, "differ": 0}
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
                if row in self._hidden:
                    return self._refused(row, cells, HIDDEN, "")
                failed = isinstance(cell, str) and is_error(cell.strip())
                return self._refused(row, cells, ERROR_CELL if failed else found.value, "")
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
        kept = self._keep(int(number[1:]), row)
        if kept != row:
            return self._refused(row, cells, DUPLICATE, self._rival(row, kept, text), number, country, repairs)
        if self._rules:
            size = len(text)
            if size > self._most_characters or (parts << _COST_SHIFT) + size > self._highest_cost:
                self._extreme(row, parts, size)
            if self._note:
                self._note(row, text)
            # What GSM-7 lacks can be in the values only; without looking at the rest this is several times faster.
            if self._of_values and alphabet("".join(values), mainland=False) is Alphabet.UCS2:
                self._note_ucs2(row, values)
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

    def _rival(self, row: int, kept: int, text: str) -> str:
        """The detail of a duplicate: which row is kept instead."""
        if kept < 0:
            return labels.unpacked(kept)
        self._duplicates["same" if not self._rules or self._kept.same_text(kept, text) else "differ"] += 1
        return f"{LAST}{kept}" if kept > row else str(kept)

    def _extreme(self, row: int, parts: int, size: int) -> None:
        """Note a good row that is the longest so far, or the costliest."""
        figures = {"row": row, "id_offset": self.total, "segments": parts, "characters": size}
        if size > self._most_characters:
            self._longest, self._most_characters = figures, size
        if (cost := (parts << _COST_SHIFT) + size) > self._highest_cost:
            self._costliest, self._highest_cost = figures, cost

    def _note_ucs2(self, row: int, values: Sequence[str]) -> None:
        """Count the row, if one of the values in its text has what GSM-7 lacks."""
        for name, place in self._names.items():
            if character := _beyond_gsm7(values[place]):
                self._ucs2 += 1
                self._why_ucs2 = self._why_ucs2 or {"character": character, "row": row, "in": name}
                break

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
        self,
        rows: Iterable[tuple[int, Sequence[Cell]]],
        *,
        first_id: int,
        enterprise_id: int,
        job_id: int,
        limit: int,
    ) -> Iterator[str]:
        """COPY lines of the rows. Raises SheetFault(too_many_rows, no_rows)."""
        owners = f"\t{enterprise_id}\t{job_id}\t"
        tail = f"\tCN\t0\t{self._segments}\t{QUEUED}\t\t\n"
        check = self.check
        for row, cells in rows:
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
        by_country: Counter[str] = Counter()
        for (state, code, country, parts, repairs), n in self._cells.items():
            if state == INVALID:
                by_problem[code] += n
                continue
            by_segments[parts] += n
            by_country[country] += n
            good, repaired = (good, repaired + n) if repairs else (good + n, repaired)
            for bit in phone.Repair:
                if bit & repairs:
                    by_repair[int(bit)] += n
        sendable = good + repaired
        if sendable and not self._rules:
            self._longest = self._costliest = {"segments": self._segments, "characters": len(self._fixed)}
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
            "costliest": self._costliest,
            "countries": dict(by_country.most_common()),
            "duplicates": self._duplicates,
            **self._alphabets(sendable),
        }

    def _alphabets(self, sendable: int) -> dict[str, Any]:
        """How many of the messages need which alphabet, and what the first of the expensive ones needs it for."""
        ucs2 = self._ucs2 if self._alphabet is Alphabet.GSM7 else sendable
        why = self._why_ucs2
        if not self._mainland and ucs2 and not why:
            why = {"character": _beyond_gsm7(self._fixed), "row": 0, "in": "text"}
        return {"alphabets": {"gsm7": sendable - ucs2, "ucs2": ucs2}, "why_ucs2": why}

    def _repair_example(self, bit: int) -> dict[str, Any]:
        """Of a row with this repair, alone if there is one."""
        return self._repair_examples[min(repairs for repairs in self._repair_examples if repairs & bit)]


def _beyond_gsm7(text: str) -> str:
    """The first character that makes the whole text UCS-2; "" where there is none."""
    return next((character for character in text if alphabet(character, mainland=False) is Alphabet.UCS2), "")


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
