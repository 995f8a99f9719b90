"""Why a file cannot be used as a sheet. The sentences people read are made elsewhere (`sending.intake.problems`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    NOT_A_SHEET = "not_a_sheet"  # kind: pdf, html, image, ods, xlsb, zip, nested, binary
    OLD_XLS = "old_xls"
    ENCRYPTED = "encrypted"
    MACROS = "macros"
    EMPTY = "empty"  # no bytes
    DAMAGED = "damaged"  # cut short or malformed
    BOMB = "bomb"  # unpacks to far more than it should
    TOO_MANY_ROWS = "too_many_rows"  # limit
    TOO_MANY_COLUMNS = "too_many_columns"  # limit
    NO_ROWS = "no_rows"
    NO_SUCH_SHEET = "no_such_sheet"  # sheet, sheets: the one asked for, hidden or not there, and those there are
    OPEN_QUOTE = "open_quote"  # row; of a csv
    ENCODING = "encoding"  # a csv neither UTF-8, UTF-16 nor GB18030
    TOO_SLOW = "too_slow"
    TOO_BIG_MEMORY = "too_big_memory"


class SheetFault(Exception):
    """The file as a whole is refused; `args` of the sentence are in `detail`."""

    def __init__(self, code: Code, **detail: Any) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
