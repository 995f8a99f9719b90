"""Rows that the sheet hides, which fast readers do not tell: whoever filtered a list in Excel would text everybody.

A stream of the sheet's XML is searched for row tags, without building a tree. Also finds cells too far to the right,
before a reader makes room for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from console.lib.sheets.fault import Code, SheetFault

COLUMNS_MAX = 200  # up to "GR"
_TAG_MAX = 1 << 16  # bytes; tags of honest sheets have at most a few hundred
_OVERLAP = 2048  # bytes of the chunk before, in which a cell may have begun
_ROW = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?row\b([^>]*)>")
_HIDDEN = re.compile(rb"""hidden\s*=\s*["'](?:1|true)["']""")
_NUMBER = re.compile(rb"""(?:^|\s)r\s*=\s*["']([0-9]{1,8})["']""")
# A cell beyond column GR that holds something; empty ones that are only formatted do no harm.
_FAR = re.compile(rb"""r="(?:[A-Z]{3}|G[S-Z]|[H-Z][A-Z])[0-9A-Z]+"[^>]*(?<!/)>\s*<(?!/)""")


def scan(chunks: Iterable[bytes]) -> set[int]:
    """The hidden rows of a worksheet's XML, as Excel numbers them. Raises SheetFault(too_many_columns, damaged)."""
    found: set[int] = set()
    last = 0  # number of the row before; a row without a number of its own follows it
    carry = tail = b""
    for count, chunk in enumerate(chunks):
        if count == 0 and (chunk[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in chunk[:4]):
            raise SheetFault(Code.DAMAGED)  # UTF-16: legal XML, written by nobody, and blind to this search
        if _FAR.search(tail + chunk):
            raise SheetFault(Code.TOO_MANY_COLUMNS, limit=COLUMNS_MAX)
        tail = chunk[-_OVERLAP:]
        data = carry + chunk
        # A tag that is not closed yet waits for the next chunk; the text after a closed one is of no interest.
        cut = data.rfind(b"<")
        carry = data[cut:] if cut >= 0 and b">" not in data[cut:] else b""
        if len(carry) > _TAG_MAX:
            raise SheetFault(Code.DAMAGED)
        last = _rows(data[: len(data) - len(carry)], last, found)
    return found


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
