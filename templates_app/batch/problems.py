"""Why a file cannot be imported: what happened and what to do, in one text for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from console.lib.sheets import Code, SheetFault


def words(fault: SheetFault) -> str:
    say = _WORDS.get(fault.code)
    return say(fault.detail) if say else _other()


def _other() -> str:
    return _("The file is damaged or was cut short on its way.") + " " + _save_anew()


def _save_anew() -> str:
    return _("Open it in your spreadsheet program, save it again as .xlsx, and upload that file.")


def _too_many_rows(detail: dict[str, Any]) -> str:
    # The row of headers counts as one.
    return _("The file has more than %(limit)s templates. Split it into several files.") % {
        "limit": detail.get("limit", 1) - 1
    }


_WORDS: dict[Code, Callable[[dict[str, Any]], str]] = {
    Code.NOT_A_SHEET: lambda _d: _("This file is not a spreadsheet. Fill in the sample file, and upload that."),
    Code.OLD_XLS: lambda _d: _(
        "This is a workbook of the old Excel format (.xls), which cannot be read here. Save it as .xlsx."
    ),
    Code.ENCRYPTED: lambda _d: _("The workbook is protected with a password. Remove the password, and upload again."),
    Code.MACROS: lambda _d: _("The workbook contains macros. Save it as .xlsx without macros, and upload that file."),
    Code.EMPTY: lambda _d: _("The file is empty. Fill in the sample file, and upload that."),
    Code.NO_ROWS: lambda _d: _("The first visible sheet has no rows. Fill in the sample file, and upload that."),
    Code.BOMB: lambda _d: _("The file unpacks to far more data than it may.") + " " + _save_anew(),
    Code.TOO_BIG_MEMORY: lambda _d: _("The file unpacks to far more data than it may.") + " " + _save_anew(),
    Code.TOO_SLOW: lambda _d: _("Reading the file took too long. Delete what is not needed, and upload it again."),
    Code.TOO_MANY_ROWS: _too_many_rows,
    Code.TOO_MANY_COLUMNS: lambda _d: _("The file has far too many columns. Fill in the sample file, and upload that."),
    Code.OPEN_QUOTE: lambda detail: _(
        "A quotation mark in row %(row)s never closes. Close it, or save the sheet as .xlsx."
    ) % {"row": detail.get("row", "?")},
    Code.ENCODING: lambda _d: _("The encoding of the file is unknown. Save it as .xlsx, or as .csv in UTF-8."),
}  # fmt: skip
