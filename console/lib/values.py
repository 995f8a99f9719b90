"""What a variable's value may be, by the variable's kind (product reference, 4.4): the newer ones, and TXT, NUM, DATE
and CLOCK for ${TXT_n}, ${NUM_n}, ${DATE} and ${TIME} of the older way.

A rule answers None for a value that fits, else (problem, detail); the detail begins with the variable's name and
carries what the sentence about it needs, divided by colons.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

Rule = Callable[[str], tuple[str, str] | None]


class ValueFault(StrEnum):
    """The values are those stored with a message."""

    MISSING = "value_missing"  # detail: name
    TOO_LONG = "value_too_long"  # name:length:longest
    KIND = "value_kind"  # name:kind
    FORBIDDEN = "value_forbidden"  # name:character, or name:U+000A for one that cannot be seen
    ERROR_CELL = "error_cell"  # name:what stands in the cell


@dataclass(frozen=True, slots=True)
class Variable:
    """What the check needs to know of a template's variable; `longest` in characters, `code` as it stands in the text
    where that is not "${name}".
    """

    name: str
    kind: str
    longest: int
    meaning: str = ""
    code: str = ""


_NUMERALS = "零〇一二三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟萬億两元圆角分整正点"
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])(?::[0-5][0-9](?::[0-5][0-9])?|点[0-5][0-9]分?)").fullmatch
_DATE = re.compile(
    r"([0-9]{4})(?:([0-9]{2})([0-9]{2})|-([0-9]{2})-([0-9]{2})|/([0-9]{2})/([0-9]{2})|年([0-9]{1,2})月([0-9]{1,2})日)"
).fullmatch
_OLD_DATE = re.compile(r"([0-9]{4})(?:/([0-9]{2})/([0-9]{2})|-([0-9]{2})-([0-9]{2}))").fullmatch
_FORBIDDEN = re.compile(r"[.。'<>{}]")
_BRACES = re.compile(r"[{}]")  # all that an older text may not have
# Line breaks and other controls, and what turns the direction of writing: nothing of it belongs into a message.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# "#" and ":" are not forbidden, but part of every error: the loop tests for all of it in one search.
_BAD = re.compile(f"{_FORBIDDEN.pattern}|{_UNSEEN.pattern}|[#:]").search
_BAD_OLD = re.compile(f"{_BRACES.pattern}|{_UNSEEN.pattern}|[#:]").search
# What spreadsheets show where a formula has no result: Excel and WPS in all but a few languages, and LibreOffice.
_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|EXTERNAL!"
    r"|PYTHON!|TIMEOUT!|GETTING_DATA)|Err:5[0-9]{2}",
    re.IGNORECASE,
).fullmatch
# Invisible, without meaning, and each able to double the price of a text by turning it into UCS-2.
_PADDING = re.compile("[\u200b\u200c\u2060\ufeff\u00ad]")


def _is_moment(value: str) -> bool:
    """A time of day or a day of the calendar; both together need two variables."""
    if _TIME(value):
        return True
    return _is_day(_DATE(value))


def _is_old_date(value: str) -> bool:
    return _is_day(_OLD_DATE(value))


def _is_day(found: re.Match[str] | None) -> bool:
    if not found:
        return False
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


_FITS: dict[str, Callable[[str], object]] = {
    "CHARDIGIT": re.compile(r"[0-9A-Za-z]+").fullmatch,
    "MONEY": re.compile(rf"[0-9]+(\.[0-9]+)?|[{_NUMERALS}]+|[0-9]{{1,3}}(\.[0-9]{{1,3}}){{3}}").fullmatch,
    "PHONE": re.compile(r"\+?[0-9](-?[0-9])*").fullmatch,
    "DATETIME": _is_moment,
    "NUM": re.compile(r"[0-9]+").fullmatch,
    "DATE": _is_old_date,
    "CLOCK": re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?").fullmatch,
}


def is_error(text: str) -> bool:
    """Whether `text` is what a spreadsheet shows in place of a formula's result."""
    return bool(_ERROR(text))


def tidy(text: str) -> str:
    """`text` without outer blanks and invisible padding, with plain spaces for non-breaking ones."""
    text = text.strip()
    if text.isascii():
        return text
    return _PADDING.sub("", text).replace("\u00a0", " ").replace("\u202f", " ").strip()


def rule(variable: Variable) -> Rule:
    """The check of one variable's values. Kinds unknown here are text."""
    name, kind, longest = variable.name, variable.kind, variable.longest
    fits = _FITS.get(kind)
    bad, forbidden_in = (_BAD_OLD, _BRACES) if kind == "TXT" else (_BAD, _FORBIDDEN)

    def explain(value: str) -> tuple[str, str] | None:
        if not value:
            return ValueFault.MISSING.value, name
        if _ERROR(value):
            return ValueFault.ERROR_CELL.value, f"{name}:{value}"
        if unseen := _UNSEEN.search(value):
            return ValueFault.FORBIDDEN.value, f"{name}:U+{ord(unseen[0]):04X}"
        if fits is None and (forbidden := forbidden_in.search(value)):
            return ValueFault.FORBIDDEN.value, f"{name}:{forbidden[0]}"
        if len(value) > longest:
            return ValueFault.TOO_LONG.value, f"{name}:{len(value)}:{longest}"
        return (ValueFault.KIND.value, f"{name}:{kind}") if fits else None

    def check(value: str) -> tuple[str, str] | None:
        # Almost every value is good: the reason is looked for only when there may be one.
        if value and len(value) <= longest and (fits(value) if fits else not bad(value)):
            return None
        return explain(value)

    return check
