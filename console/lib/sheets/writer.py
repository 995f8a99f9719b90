"""Writing sheets whose every cell is text: no formula, no link, no number that loses its digits (CWE-1236)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO, Self

import xlsxwriter

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_CELL_MAX = 32_767  # characters, Excel's limit
_WIDTH = (10, 60)  # characters


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

    def sheet(self, name: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """One sheet: bold headers that stay in sight, then the rows; columns are of text format to their very end."""
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


def write_rows(file: BinaryIO, headers: Sequence[str], rows: Iterable[Sequence[object]], *, name: str = "") -> None:
    """An xlsx of one sheet with `headers` and `rows`, every cell text; `file` is open for writing bytes."""
    with Writer(file) as book:
        book.sheet(name, headers, rows)
