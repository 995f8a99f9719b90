"""Writing sheets whose every cell is text: no formula, no link, no number that loses its digits (CWE-1236)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import BinaryIO, Self

import xlsxwriter
from xlsxwriter.utility import xl_range_abs

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_CELL_MAX = 32_767  # characters, Excel's limit
_WIDTH = (10, 60)  # characters
_LISTS = "Lists"  # a hidden sheet: what stands in a rule itself may have 255 characters at most


class Writer:
    """An xlsx written to `file` row by row in constant memory; complete once the context is left."""

    def __init__(self, file: BinaryIO) -> None:
        self._book = xlsxwriter.Workbook(file, dict(_OPTIONS))
        self._text = self._book.add_format({"num_format": "@"})
        self._bold = self._book.add_format({"num_format": "@", "bold": True})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def sheet(
        self,
        name: str,
        headers: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        choices: Mapping[int, Sequence[str]] | None = None,
        choice_rows: int = 0,
    ) -> None:
        """One sheet: bold headers that stay in sight, then the rows; columns are of text format to their very end.

        `choices`: lists to choose from in the cells of a column (0 is the first), in `choice_rows` rows below the
        headers; other words may be typed all the same. One sheet of a book may have some.
        """
        sheet = self._book.add_worksheet(name)
        for column, header in enumerate(headers):
            width = min(max(_WIDTH[0], 2 * len(str(header)) + 2), _WIDTH[1])
            sheet.set_column(column, column, width, self._text)
        sheet.freeze_panes(1, 0)
        for column, header in enumerate(headers):
            sheet.write_string(0, column, str(header)[:_CELL_MAX], self._bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if value not in (None, ""):
                    sheet.write_string(number, column, str(value)[:_CELL_MAX], self._text)
        for place, (column, words) in enumerate((choices or {}).items()):
            source = f"={_LISTS}!{xl_range_abs(0, place, len(words) - 1, place)}"
            rule = {"validate": "list", "source": source, "error_type": "information"}
            sheet.data_validation(1, column, choice_rows, column, rule)
        if choices:
            lists = self._book.add_worksheet(_LISTS)
            lists.hide()
            for number, row in enumerate(zip_longest(*choices.values(), fillvalue="")):
                for place, word in enumerate(row):
                    lists.write_string(number, place, word, self._text)


def write_rows(file: BinaryIO, headers: Sequence[str], rows: Iterable[Sequence[object]], *, name: str = "") -> None:
    """An xlsx of one sheet with `headers` and `rows`, every cell text; `file` is open for writing bytes."""
    with Writer(file) as book:
        book.sheet(name, headers, rows)
