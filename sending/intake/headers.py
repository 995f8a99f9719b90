"""What the top of a sheet says: rows of a title, the row of headers, and what its words may mean. Knows no Django."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from console.lib import phone
from console.lib.sheets import Cell, Sheet, as_text, letter

SAMPLE = 60  # rows looked at
HEADER_MAX = 100  # characters of a header that are kept and compared
_TITLE_ROWS = 5  # rows above the headers that may hold a title
_SHOWN_ROWS, _SHOWN_COLUMNS, _SHOWN_CHARACTERS = 5, 60, 60  # of a preview

# The more certain words first: where several columns could be meant, the first word decides.
_NUMBER_WORDS = """
手机号 手机号码 接收号码 接收手机号 接收人手机号 用户手机号 客户手机号 会员手机号 联系手机 移动电话
mobilenumber mobilephone mobilephonenumber mobile mobileno cellphone cellphonenumber cell msisdn
phonenumber phone phoneno 手机 recipientnumber recipient recipientphone
telephone telephonenumber tel 电话号码 联系电话 电话 联系方式 号码 number to
"""
NUMBER_RANK = {word: rank for rank, word in enumerate(_NUMBER_WORDS.split())}
JUNK = re.compile(r"[\s:：*＊_\-#.。\"'“”]+")
_CUTS = re.compile(r"[/|、,，;；()（）\[\]【】\n]+")
_SCRIPTS = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")

Rows = Sequence[tuple[int, Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Top:
    """The first rows of a sheet, divided; columns count from the sheet's first one, which is `first_column` (0 for A).

    `titles` are the header row's texts, none where there is no such row; `headers` has a text for every column, its
    letter where it has no header. `first_row` is the first that may be a recipient's.
    """

    titles: tuple[str, ...]
    headers: tuple[str, ...]
    header_row: int  # as the sheet counts it; 0 where there is none
    titled: bool  # a title stands above the headers
    first_row: int
    first_column: int
    body: Rows

    @property
    def digest(self) -> str:
        """Of the headers where there are some; else of how many columns there are."""
        return headers_digest([""] * self.first_column + list(self.titles or [""] * len(self.headers)))

    def preview(self, sheet: Sheet) -> dict[str, Any]:
        """What a person needs to choose the columns; the shape is `sending.intake.summary.Preview`."""
        rows = [
            [row, [as_text(cell)[:_SHOWN_CHARACTERS] for cell in cells[:_SHOWN_COLUMNS]]]
            for row, cells in self.body[:_SHOWN_ROWS]
        ]
        return {
            "sheet": sheet.name,
            "sheets": sheet.sheets,
            "header": bool(self.header_row),
            "header_row": self.header_row,
            "headers": list(self.headers[:_SHOWN_COLUMNS]),
            "titled": self.titled,
            "first_column": self.first_column,
            "rows": rows,
            "digest": self.digest,
        }


def split(sample: Rows, *, header: bool | None, first_column: int, mainland: bool) -> Top:
    """`header`: whether the sheet has a row of headers; None to find out."""
    width = max((len(cells) for _, cells in sample), default=0)
    place = _header(sample, mainland=mainland) if sample and header is not False else None
    if place is None and header and sample:
        place = 0
    titles: tuple[str, ...] = ()
    body, first_row, header_row = sample, sample[0][0] if sample else 1, 0
    if place is not None:
        header_row = sample[place][0]
        titles = tuple(as_text(cell)[:HEADER_MAX] for cell in sample[place][1])
        last = place + _is_second(sample, place, mainland=mainland)
        body, first_row = sample[last + 1 :], sample[last][0] + 1
    named = (*titles, *[""] * (width - len(titles)))
    headers = tuple(title or letter(first_column + index) for index, title in enumerate(named))
    return Top(titles, headers, header_row, bool(place), first_row, first_column, body)


def _header(sample: Rows, *, mainland: bool) -> int | None:
    """Place of the header row in `sample`; None where the first row has a number already."""
    worded: list[int] = []
    for place, (_, cells) in enumerate(sample[:_TITLE_ROWS]):
        if numbers := [column for column, cell in enumerate(cells) if is_number(cell, mainland=mainland)]:
            if worded:
                break
            # Words unknown: the first row, and no other, so that no recipient with a broken number passes for a header.
            return 0 if place and _is_title(sample[0][1], numbers[0], mainland=mainland) else None
        if _worded(cells):
            worded.append(place)
    # A title may have such a word too, but stands in fewer cells than the headers below it.
    return max(worded, key=lambda place: (sum(map(bool, map(as_text, sample[place][1]))), -place), default=0)


def _worded(cells: Sequence[Cell]) -> set[int]:
    """The columns over which stands a word for numbers."""
    return {column for column, cell in enumerate(cells) if forms(as_text(cell)) & NUMBER_RANK.keys()}


def _is_second(sample: Rows, place: int, *, mainland: bool) -> bool:
    """Whether the row below the headers says the same once more, in the other language perhaps."""
    if place + 1 >= len(sample):
        return False
    below = sample[place + 1][1]
    numbers = any(is_number(cell, mainland=mainland) for cell in below)
    return not numbers and bool(_worded(sample[place][1]) & _worded(below))


def _is_title(cells: Sequence[Cell], column: int, *, mainland: bool) -> bool:
    """Whether the row stands above a column of numbers without being a recipient's row with a broken number."""
    if column >= len(cells):
        return True
    found = phone.normalise(as_text(cells[column]), mainland=mainland)
    return found in (phone.Fault.LETTERS, phone.Fault.MISSING)


def is_number(cell: Cell, *, mainland: bool) -> bool:
    if not isinstance(cell, (str, int, float)):
        return False
    return isinstance(phone.normalise(cell, mainland=mainland), phone.Number)


def forms(text: str) -> set[str]:
    """The ways to understand a header: as a whole, and each side of a bilingual one, without spaces and case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    parts = [folded]
    for piece in _CUTS.split(folded):
        parts.append(piece)
        parts += _SCRIPTS.findall(piece)
    return {bare for part in parts if (bare := JUNK.sub("", part))}


def whole(text: str) -> str:
    """A header without spaces, marks and case."""
    return JUNK.sub("", unicodedata.normalize("NFKC", text).casefold())


def headers_digest(headers: Sequence[str]) -> str:
    """SHA-256 (hexadecimal) by which the same headers are known again, whatever their case, spaces and width.

    Empty ones at the end do not count, unless all are.
    """
    folded = ["".join(unicodedata.normalize("NFKC", header).casefold().split()) for header in headers]
    while folded and not folded[-1] and any(folded):
        folded.pop()
    return hashlib.sha256("\n".join(folded).encode("utf-8", "replace")).hexdigest()
