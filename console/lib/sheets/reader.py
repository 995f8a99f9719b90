"""The rows of an xlsx or csv, one after the other, with the row numbers that Excel shows.

An xlsx is unpacked once to see that it is bearable, which rows it hides and where a formula failed, and then read by
calamine, which holds the sheet in memory (about 80 bytes a cell). Run this in a process whose memory is limited: an
allocation that fails there ends the process, not only the call.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import math
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypedDict
from xml.etree import ElementTree

import python_calamine

from console.lib.sheets import archive, marks
from console.lib.sheets.fault import Code, SheetFault

Cell = str | int | float | bool | date | time | datetime | timedelta

_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = ",;\t|"
_SNIFF = 1 << 16  # characters in which the delimiter is looked for
_FIELD_MAX = 1 << 16  # characters; Excel holds 32,767 in a cell
_NAME_MAX = 100  # characters of a sheet's name that are told; Excel's own limit is 31
_SHEETS_MAX = 50  # sheets that are named
_AS_FORMULA_BEGINS = '="'
_R_ID = re.compile(r"\{[^}]*/relationships\}id$")


class Listed(TypedDict):
    """A sheet of the workbook; `filled`: some cell holds something."""

    name: str
    hidden: bool
    filled: bool


class _Part(NamedTuple):
    """A sheet and the archive's member it is in."""

    name: str
    member: str
    hidden: bool


@dataclass(slots=True)
class Sheet:
    """`rows()` can be called again: the file is then read from its beginning.

    `height` counts rows including blank ones (an estimate for a csv), `first_column` is 0 for column A. `errors` are
    the cells of each row whose formula has no result, `sheets` all those of the workbook in their order.
    """

    name: str
    height: int
    first_column: int
    hidden: set[int] = field(default_factory=set)
    source: Callable[[], Iterable[Any]] = list
    errors: dict[int, marks.Errors] = field(default_factory=dict)
    sheets: list[Listed] = field(default_factory=list)

    @property
    def unread(self) -> list[str]:
        """Names of the other visible sheets that hold something."""
        return [it["name"] for it in self.sheets if it["filled"] and not it["hidden"] and it["name"] != self.name]

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """(row number, cells) of every row in which some cell holds something; error cells hold "#N/A" and the like."""
        rows = self._with_errors() if self.errors else enumerate(self.source(), 1)
        for number, cells in rows:
            # 0 and FALSE are contents, "" is none; the first test settles almost every row.
            if any(cells) or any(cell != "" for cell in cells):
                yield number, cells

    def _with_errors(self) -> Iterator[tuple[int, list[Cell]]]:
        for number, cells in enumerate(self.source(), 1):
            for column, text in self.errors.get(number, ()):
                place = column - self.first_column
                if 0 <= place < len(cells) and cells[place] == "":
                    cells[place] = text
            yield number, cells


def open_sheet(path: Path, sheet: str = "") -> Sheet:
    """The visible sheet of that name, else the first visible one, of an xlsx; or a csv in UTF-8, UTF-16 (with byte
    order mark) or GB18030, whatever `sheet` says.

    Hidden rows are told, hidden columns are not: people hide columns to see more of the others, rows to leave them out.
    A sheet without rows is no fault. Raises SheetFault.
    """
    return _open_csv(path) if archive.kind(path) == "csv" else _open_xlsx(path, sheet)


def _open_xlsx(path: Path, wanted: str) -> Sheet:
    with archive.Archive(path) as unpacked:
        if b"macroEnabled" in unpacked.read("[Content_Types].xml"):
            raise SheetFault(Code.MACROS)
        parts = _parts(unpacked)
        chosen = _chosen(parts, wanted)
        others = frozenset(part.member for part in parts if part is not chosen)
        filled = unpacked.unpack_all(but=frozenset({chosen.member}), ask=others)
        found = marks.scan(unpacked.stream(chosen.member))
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        sheet = workbook.get_sheet_by_name(chosen.name)
    except MemoryError:
        raise
    except python_calamine.PasswordError as error:
        raise SheetFault(Code.ENCRYPTED) from error
    except Exception as error:  # calamine also lets errors of the standard kinds through
        raise SheetFault(Code.DAMAGED) from error
    height, column = 0, 0
    source: Callable[[], Iterable[Any]] = list
    if sheet.start is not None and sheet.end is not None:
        height, column, source = sheet.end[0] + 1, sheet.start[1], sheet.iter_rows
        filled.add(chosen.member)
    if column + sheet.width > marks.COLUMNS_MAX:
        raise SheetFault(Code.TOO_MANY_COLUMNS, limit=marks.COLUMNS_MAX)
    sheets: list[Listed] = [
        {"name": part.name[:_NAME_MAX], "hidden": part.hidden, "filled": part.member in filled}
        for part in parts[:_SHEETS_MAX]
    ]
    return Sheet(chosen.name[:_NAME_MAX], height, column, found.hidden, source, found.errors, sheets)


def _chosen(parts: list[_Part], wanted: str) -> _Part:
    """The visible sheet named `wanted`, in any case; the first visible one where it is empty."""
    visible = [part for part in parts if not part.hidden]
    if not visible:
        raise SheetFault(Code.NO_ROWS)
    if not wanted:
        return visible[0]
    for part in visible:
        if part.name[:_NAME_MAX].casefold() == wanted.casefold():
            return part
    names = [part.name[:_NAME_MAX] for part in visible[:_SHEETS_MAX]]
    raise SheetFault(Code.NO_SUCH_SHEET, sheet=wanted[:_NAME_MAX], sheets=names)


def _parts(unpacked: archive.Archive) -> list[_Part]:
    """The worksheets of the workbook."""
    try:
        workbook = ElementTree.fromstring(unpacked.read("xl/workbook.xml"))
        relations = ElementTree.fromstring(unpacked.read("xl/_rels/workbook.xml.rels"))
    except ElementTree.ParseError as error:
        raise SheetFault(Code.DAMAGED) from error
    targets = {
        item.get("Id"): item.get("Target", "") for item in relations if item.get("Type", "").endswith("/worksheet")
    }
    found = []
    for element in workbook.iter():
        if not element.tag.endswith("}sheet"):
            continue
        relation = next((value for key, value in element.items() if _R_ID.search(key)), None)
        if target := targets.get(relation):
            member = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            hidden = element.get("state", "visible") != "visible"
            found.append(_Part(element.get("name", ""), member, hidden))
    # A second sheet of a name is nothing that programs write, and of the two the wrong one might be read.
    if len({part.name.casefold() for part in found}) != len(found):
        raise SheetFault(Code.DAMAGED)
    return found


def _open_csv(path: Path) -> Sheet:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        start = file.read(_SNIFF)
    # Excel's own note on the separator; it is no row.
    noted = re.match(r"sep=(.)\r?\n", start, re.IGNORECASE)
    delimiter = noted[1] if noted else _delimiter(start)
    quoted = _AS_FORMULA_BEGINS in start
    lines = max(start.count("\n"), start.count("\r"), 1)
    height = math.ceil(lines * path.stat().st_size / max(len(start.encode(encoding)), 1))

    def read() -> Iterator[list[Cell]]:
        csv.field_size_limit(_FIELD_MAX)
        with path.open(encoding=encoding, newline="") as file:
            if noted:
                file.readline()
            rows = _csv_rows(file, delimiter)
            yield from map(_evaluated, rows) if quoted else rows

    return Sheet("", height, 0, set(), read)


def _evaluated(cells: list[Any]) -> list[Any]:
    """The cells with ="13800138000" as Excel shows it: a way to keep it from taking text for a number."""
    return [cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell for cell in cells]


def _csv_rows(file: Iterable[str], delimiter: str) -> Iterator[list[Any]]:
    """Raises SheetFault(open_quote) where a quotation mark never closes: it would swallow all rows below."""
    ended = False

    def lines() -> Iterator[str]:
        nonlocal ended
        yield from file
        ended = True

    reader = csv.reader(lines(), delimiter=delimiter)
    row, line = 0, 0
    try:
        for row, cells in enumerate(reader, 1):
            if ended:  # the reader wanted another line to end this row
                raise SheetFault(Code.OPEN_QUOTE, row=row)
            line = reader.line_num
            yield cells
    except csv.Error as error:
        # A cell over several lines has a quotation mark; that long, it is one that never closes.
        if reader.line_num > line + 1:
            raise SheetFault(Code.OPEN_QUOTE, row=row + 1) from error
        raise SheetFault(Code.DAMAGED) from error


def _encoding(path: Path) -> str:
    """Name of the first encoding that can read the whole file. Raises SheetFault(encoding)."""
    with path.open("rb") as file:
        head = file.read(2)
    candidates = ("utf-16",) if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else _ENCODINGS
    for encoding in candidates:
        try:
            with path.open(encoding=encoding, newline="") as file:
                while part := file.read(1 << 20):
                    if "\0" in part:
                        raise SheetFault(Code.NOT_A_SHEET, kind="binary")
            return encoding
        except UnicodeError:
            continue
    raise SheetFault(Code.ENCODING)


def _delimiter(start: str) -> str:
    """The separator that cuts most of the first lines into equally many cells, and more than one; else a comma."""
    best, most = ",", (0, 0)
    lines = start.splitlines(keepends=True)[:200]
    for delimiter in _DELIMITERS:
        try:
            rows = list(itertools.islice(csv.reader(lines, delimiter=delimiter), 20))
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if row)
        width, lines_alike = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1 and (lines_alike, width) > most:
            best, most = delimiter, (lines_alike, width)
    return best


def as_text(cell: Cell | None) -> str:
    """A cell as a person reads it: numbers in full without ".0", dates and times in ISO form, outer blanks removed."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if isinstance(cell, time):
        return cell.isoformat("seconds")
    return str(cell)


def _number(value: float) -> str:
    if value.is_integer():
        return str(int(value))
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.15g}"  # Excel itself keeps and shows 15 digits
    return f"{value:.20f}".rstrip("0") if "e" in text else text


def letter(column: int) -> str:
    """Excel's name of a column counted from 0: 0 → "A", 27 → "AB"."""
    name = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        name = chr(ord("A") + digit) + name
    return name
