"""What fast readers do not tell of a worksheet: the rows it hides (whoever filtered a list in Excel would text
everybody), and the cells that hold an error, which are read as if they were empty.

A stream of the sheet's XML is searched for tags, without building a tree. Also finds cells too far to the right, before
a reader makes room for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape

from console.lib.sheets.fault import Code, SheetFault

COLUMNS_MAX = 200  # up to "GR"
_TAG_MAX = 1 << 16  # bytes; tags of honest sheets have at most a few hundred
_OVERLAP = 2048  # bytes of the chunk before, in which a cell may have begun
_ROW = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?row\b([^>]*)>")
_HIDDEN = re.compile(rb"""hidden\s*=\s*["'](?:1|true)["']""")
_NUMBER = re.compile(rb"""(?:^|\s)r\s*=\s*["']([0-9]{1,8})["']""")
# A cell beyond column GR that holds something; empty ones that are only formatted do no harm.
_FAR = re.compile(rb"""r="(?:[A-Z]{3}|G[S-Z]|[H-Z][A-Z])[0-9A-Z]+"[^>]*(?<!/)>\s*<(?!/)""")
# A cell of the type "error" (ECMA-376, 18.18.11), perhaps with a formula before its value.
_ERROR = re.compile(
    rb"""<(?:[A-Za-z_][\w.-]*:)?c\s(?=[^<>]{0,200}\bt=["']e["'])[^<>]{0,200}\br=["']([A-Z]{1,3})([0-9]{1,8})["'][^<>]{0,200}(?<!/)>"""
    rb"""(?:<(?:[\w.-]+:)?f\b[^>]*(?:/>|>[^<]*</(?:[\w.-]+:)?f>))?(?:<(?:[\w.-]+:)?v>([^<]{1,24})<)?"""
)
_NO_VALUE = "#N/A"

# (column counted from 0 for A, what the cell shows) of a row's cells.
Errors = tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Marks:
    """By row numbers as Excel shows them."""

    hidden: set[int] = field(default_factory=set)
    errors: dict[int, Errors] = field(default_factory=dict)


def scan(chunks: Iterable[bytes]) -> Marks:
    """What a worksheet's XML says of its rows. Raises SheetFault(too_many_columns, damaged)."""
    found = Marks()
    alike: dict[Errors, Errors] = {}  # a million rows with the same error in the same column share one note
    last = 0  # number of the row before; a row without a number of its own follows it
    carry = tail = b""
    for count, chunk in enumerate(chunks):
        if count == 0 and (chunk[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in chunk[:4]):
            raise SheetFault(Code.DAMAGED)  # UTF-16: legal XML, written by nobody, and blind to this search
        window = tail + chunk
        if _FAR.search(window):
            raise SheetFault(Code.TOO_MANY_COLUMNS, limit=COLUMNS_MAX)
        if b't="e"' in window or b"t='e'" in window:
            _errors(window, found.errors, alike)
        tail = chunk[-_OVERLAP:]
        data = carry + chunk
        # A tag that is not closed yet waits for the next chunk; the text after a closed one is of no interest.
        cut = data.rfind(b"<")
        carry = data[cut:] if cut >= 0 and b">" not in data[cut:] else b""
        if len(carry) > _TAG_MAX:
            raise SheetFault(Code.DAMAGED)
        last = _rows(data[: len(data) - len(carry)], last, found.hidden)
    return found


def _errors(data: bytes, found: dict[int, Errors], alike: dict[Errors, Errors]) -> None:
    """Note the error cells of `data`. One without an address of its own is not found: it stays an empty cell."""
    for match in _ERROR.finditer(data):
        row, column = int(match[2]), _column(match[1])
        known = found.get(row, ())
        # Seen already in the end of the chunk before, perhaps cut short there.
        others = tuple(error for error in known if error[0] != column)
        text = unescape(match[3].decode(errors="replace")) if match[3] else dict(known).get(column, _NO_VALUE)
        all_of_row = (*others, (column, text))
        found[row] = alike.setdefault(all_of_row, all_of_row)


def _column(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1


def _rows(data: bytes, last: int, found: set[int]) -> int:
    """Note the hidden rows of `data`; returns the number of the last row in it."""
    # Some programs say hidden="false" of every row.
    if not _HIDDEN.search(data):
        final = max(data.rfind(b"<row"), data.rfind(b":row"))
        if final < 0:
            return last
        if number := _NUMBER.search(data, final + 4, data.find(b">", final)):
            return int(number[1])
    for attributes in _ROW.findall(data):
        number = _NUMBER.search(attributes)
        last = int(number[1]) if number else last + 1
        if _HIDDEN.search(attributes):
            found.add(last)
    return last
