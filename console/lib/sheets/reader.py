"""The rows of an xlsx or csv, one after the other, with the row numbers that Excel shows.

An xlsx is unpacked once to see that it is bearable and which rows it hides, and then read by calamine, which holds the
sheet in memory (about 80 bytes a cell). Run this in a process whose memory is limited: an allocation that fails there
ends the process, not only the call.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine

from console.lib.sheets import archive, hidden
from console.lib.sheets.fault import Code, SheetFault

Cell = str | int | float | bool | date | time | datetime | timedelta

_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = ",;\t|"
_SNIFF = 1 << 16  # characters in which the delimiter is looked for
_FIELD_MAX = 1 << 16  # characters; Excel holds 32,767 in a cell
_NAME_MAX = 31  # characters of a sheet's name, Excel's limit
_UNREAD_MAX = 20  # sheets that are named
_R_ID = re.compile(r"\{[^}]*/relationships\}id$")


@dataclass(slots=True)
class Sheet:
    """`rows()` can be called again: the file is then read from its beginning.

    `height` counts rows including blank ones (an estimate for a csv), `first_column` is 0 for column A. `unread` names
    the other visible sheets that hold something.
    """

    name: str
    height: int
    first_column: int
    hidden: set[int] = field(default_factory=set)
    source: Any = None
    unread: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """(row number, cells) of every row in which some cell holds something."""
        for number, cells in enumerate(self.source(), 1):
            # 0 and FALSE are contents, "" is none; the first test settles almost every row.
            if any(cells) or any(cell != "" for cell in cells):
                yield number, cells


def open_sheet(path: Path) -> Sheet:
    """The first visible sheet of an xlsx, or a csv in UTF-8, UTF-16 (with byte order mark) or GB18030.

    Raises SheetFault.
    """
    return _open_csv(path) if archive.kind(path) == "csv" else _open_xlsx(path)


def _open_xlsx(path: Path) -> Sheet:
    with archive.Archive(path) as unpacked:
        if b"macroEnabled" in unpacked.read("[Content_Types].xml"):
            raise SheetFault(Code.MACROS)
        (name, member), *others = _visible(unpacked)
        filled = unpacked.unpack_all(but=frozenset({member}), ask=frozenset(other for _, other in others))
        hidden_rows = hidden.scan(unpacked.stream(member))
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        sheet = workbook.get_sheet_by_name(name)
    except MemoryError:
        raise
    except python_calamine.PasswordError as error:
        raise SheetFault(Code.ENCRYPTED) from error
    except Exception as error:  # calamine also lets errors of the standard kinds through
        raise SheetFault(Code.DAMAGED) from error
    if sheet.start is None or sheet.end is None:
        raise SheetFault(Code.NO_ROWS)
    column = sheet.start[1]
    if column + sheet.width > hidden.COLUMNS_MAX:
        raise SheetFault(Code.TOO_MANY_COLUMNS, limit=hidden.COLUMNS_MAX)
    unread = [other[:_NAME_MAX] for other, its_member in others if its_member in filled][:_UNREAD_MAX]
    return Sheet(name, sheet.end[0] + 1, column, hidden_rows, sheet.iter_rows, unread)


def _visible(unpacked: archive.Archive) -> list[tuple[str, str]]:
    """(name, member of the archive) of the worksheets that Excel shows, at least one."""
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
        if not element.tag.endswith("}sheet") or element.get("state", "visible") != "visible":
            continue
        relation = next((value for key, value in element.items() if _R_ID.search(key)), None)
        if target := targets.get(relation):
            member = target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join("xl", target))
            found.append((element.get("name", ""), member))
    if not found:
        raise SheetFault(Code.NO_ROWS)
    return found


def _open_csv(path: Path) -> Sheet:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        start = file.read(_SNIFF)
    # Excel's own note on the separator; it is no row.
    noted = re.match(r"sep=(.)\r?\n", start, re.IGNORECASE)
    delimiter = noted[1] if noted else _delimiter(start)
    lines = max(start.count("\n"), start.count("\r"), 1)
    height = math.ceil(lines * path.stat().st_size / max(len(start.encode(encoding)), 1))

    def read() -> Iterator[list[Cell]]:
        csv.field_size_limit(_FIELD_MAX)
        with path.open(encoding=encoding, newline="") as file:
            if noted:
                file.readline()
            yield from _csv_rows(file, delimiter)

    return Sheet("", height, 0, set(), read)


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
