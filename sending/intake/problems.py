"""What was found, in words: why a file is refused (what happened, why, what to do), and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.figures import day
from console.lib import countries
from sending.intake import labels
from sending.intake.checking import LAST
from sending.states import BlockSource, Problem

Sentences = tuple[str, str]
COUNTRIES_SHOWN = 5


def describe_fault(fault: dict[str, Any]) -> Sentences:
    """(what happened and why, what to do) for a `JobFile.fault`."""
    say = _FAULTS.get(fault.get("code", ""), _unknown)
    return say(fault)


def describe_problem(code: str, detail: str, variables: Iterable[Any], allowed: Sequence[str] = ()) -> str:
    """One row's problem with its figures: "first in row 8,902", "first in row 17 of file 2", "variable ${1} (Name): 27
    characters, at most 20".

    `variables`: those of the job's template version, for their codes and meanings; `allowed`: the template's countries.
    Codes unknown here are shown as they are.
    """
    name, _sep, rest = detail.partition(":")
    which = next((named(v.code, v.meaning) for v in variables if v.name == name), f"${{{name}}}")
    match code:
        case Problem.DUPLICATE:
            return _duplicate(detail)
        case Problem.VALUE_MISSING:
            return _("variable %(variable)s has no value") % {"variable": which}
        case Problem.VALUE_TOO_LONG:
            length, _sep, longest = rest.partition(":")
            return _("variable %(variable)s: %(length)s characters, at most %(longest)s") % {
                "variable": which,
                "length": _figure(length),
                "longest": _figure(longest),
            }
        case Problem.VALUE_KIND:
            return _("variable %(variable)s: %(rule)s") % {"variable": which, "rule": _kind(rest)}
        case Problem.VALUE_FORBIDDEN:
            if rest.startswith("U+"):
                return _("variable %(variable)s contains a line break or an invisible character (%(character)s)") % {
                    "variable": which,
                    "character": rest,
                }
            return _("variable %(variable)s contains “%(character)s”, which is not allowed in a text") % {
                "variable": which,
                "character": rest,
            }
        case Problem.DIGITS_LOST:
            return _("the spreadsheet has cut the number short, as in 1.38E+10; type it again into a text cell")
        case Problem.COUNTRY:
            return _("not a number of this application’s countries; abroad, numbers begin with + and the country code")
        case Problem.COUNTRY_NOT_IN_TEMPLATE:
            return _("%(country)s is not among the countries that the template is approved for: %(allowed)s") % {
                "country": countries.name(detail) or _("the number’s country"),
                "allowed": _some_of(allowed),
            }
        case Problem.HIDDEN:
            return _("the sheet hides this row; show it and upload again to send to it")
        case Problem.FIXED_LINE:
            return _("a fixed line or a service number; SMS go to mobile numbers only")
        case Problem.IOT:
            return _("in a number range of IoT cards, which no person reads")
        case Problem.ERROR_CELL if name:
            return _(
                "variable %(variable)s: the cell shows the error %(error)s; correct its formula or type the value"
            ) % {
                "variable": which,
                "error": rest,
            }
        case Problem.ERROR_CELL:
            return _("the cell shows an error of the spreadsheet; correct its formula or type the number")
        case Problem.BLOCKLISTED | Problem.OPTED_OUT if rest:
            return _blocked(code, source=name, since=rest)
        case Problem.SUPERSEDED if name:
            return _("corrected in file %(file)s") % {"file": _figure(name)}
    return str(Problem(code).label) if code in Problem.values else code


def _duplicate(detail: str) -> str:
    """Which row of the number is sent to instead."""
    if detail.startswith(LAST):
        return _("again in row %(row)s, which is sent to") % {"row": _figure(detail.removeprefix(LAST))}
    file, row = labels.parse(detail) or (1, detail)
    if file == 1:
        return _("first in row %(row)s") % {"row": _figure(row)}
    return _("first in row %(row)s of file %(file)s") % {"row": _figure(row), "file": _figure(file)}


def _blocked(code: str, *, source: str, since: str) -> str:
    facts = {
        "day": day(datetime.fromisoformat(since)),
        "source": BlockSource(source).label if source in BlockSource.values else source,
    }
    if code == Problem.OPTED_OUT:
        return _("refused messages by a reply on %(day)s") % facts
    return _("on the blocklist since %(day)s (%(source)s)") % facts


def named(code: str, meaning: str) -> str:
    """A variable as the sheet's owner knows it: "${1} (Name)", "${TXT_8}"."""
    return f"{code} ({meaning})" if meaning else code


def _some_of(codes: Sequence[str]) -> str:
    """The names of the first few countries, and how many more there are."""
    names = _(", ").join(countries.name(code) for code in codes[:COUNTRIES_SHOWN]) or _("none")
    if (more := len(codes) - COUNTRIES_SHOWN) <= 0:
        return names
    return ngettext("%(names)s and %(more)s more", "%(names)s and %(more)s more", more) % {
        "names": names,
        "more": _figure(more),
    }


def _kind(kind: str) -> str:
    return {
        "CHARDIGIT": _("only letters A to Z and digits"),
        "MONEY": _("only digits with a decimal point, or Chinese numerals; no currency sign, no thousands separator"),
        "DATETIME": _("only a date such as 2026-03-31 or a time such as 09:30; both together need two variables"),
        "PHONE": _("only a phone number of digits and hyphens"),
        "NUM": _("only digits 0 to 9"),
        "DATE": _("only a date written like 2026/03/31"),
        "CLOCK": _("only a time written like 09:30 or 09:30:00"),
    }.get(kind, _("the value does not fit the kind of the variable"))


def _figure(text: str | int) -> str:
    return number_format(int(text), use_l10n=True, force_grouping=True) if str(text).isdecimal() else str(text)


def _headers(fault: dict[str, Any]) -> str:
    return _(", ").join(fault.get("headers", [])) or _("none")


def _simple(title: Callable[[], str], advice: Callable[[], str]) -> Callable[[dict[str, Any]], Sentences]:
    """Sentences without figures, translated when they are asked for."""
    return lambda _fault: (title(), advice())


def _not_a_sheet(fault: dict[str, Any]) -> Sentences:
    kinds = {
        "pdf": _("This is a PDF document, not a spreadsheet."),
        "html": _("This is a web page or XML, not a spreadsheet, although its name may say so."),
        "image": _("This is a picture, not a spreadsheet."),
        "ods": _("This is an OpenDocument spreadsheet, which cannot be read here."),
        "xlsb": _("This is a binary Excel workbook (.xlsb), which cannot be read here."),
        "zip": _("This is an archive or another kind of document, not a spreadsheet."),
        "nested": _("This workbook contains other files, which is not accepted."),
    }
    title = kinds.get(fault.get("kind", ""), _("This file is not a spreadsheet."))
    return title, _("Open it in your spreadsheet program, save it as .xlsx or .csv, and upload that file.")


def _too_many_rows(fault: dict[str, Any]) -> Sentences:
    limit = int(fault.get("limit", settings.UPLOAD_MAX_ROWS))
    return (
        _("The file has more than %(limit)s rows.") % {"limit": _figure(limit)},
        _("Split it into several files and upload each as a job of its own."),
    )


def _too_many_columns(fault: dict[str, Any]) -> Sentences:
    return (
        _("The sheet has cells beyond column %(limit)s.") % {"limit": _figure(fault.get("limit", 200))},
        _("Keep the column of numbers and one column per variable, delete the others, and upload again."),
    )


def _no_number_column(fault: dict[str, Any]) -> Sentences:
    return (
        _("No column of phone numbers was found. Headers in the file: %(headers)s.") % {"headers": _headers(fault)},
        _(
            "Give the column of numbers the header “Mobile number” and upload again, or choose the sheet and the "
            "column yourself."
        ),
    )


def _variable_without_column(fault: dict[str, Any]) -> Sentences:
    variables = fault.get("variables", [])
    names = _(", ").join(
        named(item.get("code") or f"${{{item['name']}}}", item.get("meaning", "")) for item in variables
    )
    title = ngettext(
        "No column was found for the variable %(names)s. Headers in the file: %(headers)s.",
        "No columns were found for the variables %(names)s. Headers in the file: %(headers)s.",
        len(variables),
    )
    return (
        title % {"names": names, "headers": _headers(fault)},
        _("Name a column after each variable, as in the sample file, or choose the columns yourself; upload again."),
    )


def _open_quote(fault: dict[str, Any]) -> Sentences:
    return (
        _("A quotation mark in row %(row)s never closes, so it cannot be told where that row ends.")
        % {"row": _figure(fault.get("row", "?"))},
        _("Delete the mark or close it, or save the sheet as .xlsx, and upload that file."),
    )


def _number_column_twice(fault: dict[str, Any]) -> Sentences:
    return (
        _("Several columns have the header “%(column)s”.") % {"column": fault.get("column", "")},
        _("Rename or delete the one that is not meant, and upload again."),
    )


def _unknown_column(fault: dict[str, Any]) -> Sentences:
    return (
        _("The file has no column “%(column)s”. Headers in the file: %(headers)s.")
        % {"column": fault.get("column", ""), "headers": _headers(fault)},
        _("Choose one of these columns, or its letter, and upload again."),
    )


def _no_such_sheet(fault: dict[str, Any]) -> Sentences:
    names = _(", ").join(f"“{name}”" for name in fault.get("sheets", [])) or _("none")
    return (
        _("The file has no visible sheet “%(sheet)s”. Visible sheets: %(names)s.")
        % {"sheet": fault.get("sheet", ""), "names": names},
        _("Choose one of these sheets, or show the hidden one in your spreadsheet program and upload again."),
    )


def _unknown(fault: dict[str, Any]) -> Sentences:
    return (
        _("The file could not be read (%(code)s).") % {"code": fault.get("code", "?")},
        _(
            "Save it again as .xlsx in your spreadsheet program and upload that; if it still fails, tell your "
            "administrator."
        ),
    )


_FAULTS: dict[str, Callable[[dict[str, Any]], Sentences]] = {
    "not_a_sheet": _not_a_sheet,
    "old_xls": _simple(
        lambda: _("This is a workbook of the old Excel format (.xls), which cannot be read here."),
        lambda: _("Open it in Excel, choose “Save as”, then “Excel workbook (.xlsx)”, and upload that file."),
    ),
    "encrypted": _simple(
        lambda: _("The workbook is protected with a password, so it cannot be read."),
        lambda: _("Remove the password in Excel (File, Info, Protect Workbook), save, and upload again."),
    ),
    "macros": _simple(
        lambda: _("The workbook contains macros, which are not accepted for safety."),
        lambda: _("Save it as “Excel workbook (.xlsx)” without macros and upload that file."),
    ),
    "empty": _simple(
        lambda: _("The file is empty."),
        lambda: _("Check that you chose the right file and that it was saved, and upload it again."),
    ),
    "damaged": _simple(
        lambda: _("The file is damaged or was cut short on its way."),
        lambda: _("Open it in your spreadsheet program, save it again as .xlsx, and upload that file."),
    ),
    "bomb": _simple(
        lambda: _("The file unpacks to far more data than it may, so reading it was stopped."),
        lambda: _("Copy the numbers and values into a new workbook, save it as .xlsx, and upload that file."),
    ),
    "too_many_rows": _too_many_rows,
    "too_many_columns": _too_many_columns,
    "no_rows": _simple(
        lambda: _("The sheet has no rows with recipients."),
        lambda: _("Choose another sheet, or write the numbers, one in a row below the header, and upload again."),
    ),
    "no_such_sheet": _no_such_sheet,
    "open_quote": _open_quote,
    "encoding": _simple(
        lambda: _("The text of the file is in an unknown encoding: neither UTF-8 nor GB18030 (GBK)."),
        lambda: _("Save it as .xlsx, or as .csv with the encoding UTF-8, and upload that file."),
    ),
    "too_slow": _simple(
        lambda: _("Reading the file took too long, so it was stopped."),
        lambda: _("Delete columns and sheets that are not needed, or split the file, and upload again."),
    ),
    "too_big_memory": _simple(
        lambda: _("The file needs more memory than one upload may have, so reading it was stopped."),
        lambda: _("Keep the numbers and the variables’ columns only, delete everything else, and upload again."),
    ),
    "gave_up": _simple(
        lambda: _("Reading the file was interrupted several times, so we stopped trying."),
        lambda: _("Upload it again; if it still fails, tell your administrator."),
    ),
    "no_number_column": _no_number_column,
    "number_column_twice": _number_column_twice,
    "variable_without_column": _variable_without_column,
    "unknown_column": _unknown_column,
}
FAULT_CODES = frozenset(_FAULTS)
