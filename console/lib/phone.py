"""Phone numbers: from what stands in a cell to E.164, and masked for pages and logs.

Mainland mobiles go by a rule of our own (11 digits, 1 and then 3 to 9, no IoT card), every other country by the library
`phonenumbers`. Nothing is guessed: a number whose digits the spreadsheet has lost is refused, not completed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType, ValidationResult

Cell = str | int | float | bool | None

_E164_MAX = 15  # digits (ITU-T E.164, 6.2.1)
_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_FIXED = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
}


class Repair(IntFlag):
    """What was done to a number so that it could be used. The bits are those stored with a message."""

    NONE = 0
    SEPARATORS = 1
    PREFIX = 2
    NUMBER_CELL = 4
    FULL_WIDTH = 8
    DECIMAL = 16


class Fault(StrEnum):
    """Why a cell is no number that can be texted. The values are those stored with a message."""

    MISSING = "missing"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    LETTERS = "letters"
    FIXED_LINE = "fixed_line"  # service numbers such as 400 and 800 too
    IOT = "iot"
    NOT_MOBILE = "not_mobile"
    DIGITS_LOST = "digits_lost"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Number:
    """A mobile number: E.164 with plus, ISO 3166 country, and the sum of its `Repair` bits."""

    e164: str
    country: str
    repairs: int = 0


# Plain integers for the loop: an IntFlag costs microseconds each time it is combined.
_REMOVED, _PREFIX, _NUMBER_CELL, _WIDE, _FRACTION = (bit.value for bit in Repair if bit)
_FULL_WIDTH = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("＋"): "+"}
# Spaces, hyphens and brackets of both widths, an apostrophe typed to make the cell text, and what nobody sees:
# soft hyphens, zero-width characters, direction marks, byte order marks.
_BETWEEN = re.compile(
    r"[\s\-()\[\]'’`\u2010-\u2015\u2212\uff0d\uff08\uff09\u3010\u3011"
    r"\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
)
# The mainland's numbering plan (MIIT, 2017): 140 to 144, 146 and 148 are given to IoT cards only, most with 13 digits,
# as are 10646 (Unicom), 10647 and 10648 (Mobile) and 10649 (Telecom); 145, 147 and 149 are data cards and take texts.
# After the tables of github.com/VincentSit/ChinaMobilePhoneNumberRegex and Wikipedia, "Telephone numbers in China".
_PLAIN = re.compile(r"1(?:[35-9][0-9]|4[579])[0-9]{8}").fullmatch
_ELEVEN = re.compile(r"1[3-9][0-9]{9}").fullmatch
_IOT = re.compile(r"14[0-468][0-9]{8}(?:[0-9]{2})?|1064[6-9][0-9]{8}").fullmatch
# An area code with its zero (Beijing 010, large cities 02x, others 0xxx) and 7 or 8 digits, or 400 and 800 with 7.
_FIXED_LINE = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})[0-9]{7,8}|[48]00[0-9]{7}").fullmatch
_DIGITS = re.compile(r"\+?[0-9]+").fullmatch
_DECIMAL = re.compile(r"(\+?[0-9]+)\.0+").fullmatch
_DOTTED = re.compile(r"\+?[0-9]+(\.[0-9]{2,}){2,}").fullmatch
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,3})").fullmatch
_MAINLAND = re.compile(r"(?P<prefix>\+86|0086|86)?(?P<number>1[3-9][0-9]{9})").fullmatch


def mainland(cell: object) -> tuple[str, int] | None:
    """(E.164, repairs) of the two usual forms of a mainland mobile, plain text and number cell; else None.

    For the loop over a million rows; `normalise` answers the same and knows all other forms.
    """
    if type(cell) is str:
        return ("+86" + cell, 0) if _PLAIN(cell) else None
    # Those of 14 are left to `normalise`: IoT cards are among them.
    if type(cell) is float and (15_000_000_000 <= cell < 20_000_000_000 or 13_000_000_000 <= cell < 14_000_000_000):
        whole = int(cell)
        return (f"+86{whole}", _NUMBER_CELL) if whole == cell else None
    return None


def normalise(cell: Cell, *, mainland: bool) -> Number | Fault:
    """The number in `cell` for an application of mainland China, or of the rest of the world. Never raises."""
    if cell is None:
        return Fault.MISSING
    repairs = 0
    if isinstance(cell, bool):
        return Fault.LETTERS
    if isinstance(cell, (int, float)):
        if cell != cell or cell in (float("inf"), float("-inf")) or cell < 0 or cell != int(cell):
            return Fault.LETTERS
        if cell >= 10**_E164_MAX:
            return Fault.TOO_LONG  # from here on a number cell does not hold every digit either
        text, repairs = str(int(cell)), _NUMBER_CELL
    else:
        found = _clean(cell)
        if isinstance(found, Fault):
            return found
        text, repairs = found
    return _of_mainland(text, repairs) if mainland else _of_the_world(text, repairs)


def _clean(cell: str) -> tuple[str, int] | Fault:
    """Digits, perhaps with a plus before them, and the repairs that took."""
    repairs = 0
    text = cell.translate(_FULL_WIDTH)
    if text != cell:
        repairs |= _WIDE
    bare = _BETWEEN.sub("", text)
    if not bare:
        return Fault.MISSING
    if bare != text:
        repairs |= _REMOVED
    if not _DIGITS(bare):
        if decimal := _DECIMAL(bare):
            bare = decimal[1]
            repairs |= _FRACTION
        elif scientific := _SCIENTIFIC(bare):
            first, rest, exponent = scientific[1], scientific[2] or "", int(scientific[3])
            if len(rest) < exponent or rest[exponent:].strip("0"):
                return Fault.DIGITS_LOST
            bare = first + rest[:exponent]
            repairs |= _NUMBER_CELL
        elif _DOTTED(bare):
            bare = bare.replace(".", "")
            repairs |= _REMOVED
        else:
            return Fault.LETTERS
    return bare, repairs


def _of_mainland(text: str, repairs: int) -> Number | Fault:
    match = _MAINLAND(text)
    if match and not _IOT(match["number"]):
        return Number("+86" + match["number"], "CN", repairs | (_PREFIX if match["prefix"] else 0))
    digits = text.lstrip("+")
    coded = text.startswith(("+", "00"))
    if coded:
        digits = digits if text.startswith("+") else digits.removeprefix("00")
        if not digits.startswith("86"):
            return Fault.TOO_SHORT if len(digits) < 7 else Fault.COUNTRY
        digits = digits[2:]
    if _IOT(digits) or _IOT(digits.removeprefix("86")):
        return Fault.IOT
    # After the country code the area code stands without its zero; of eleven digits a number cell may have lost it.
    if _FIXED_LINE(digits) or (coded or len(digits) == 11) and _FIXED_LINE(f"0{digits}"):
        return Fault.FIXED_LINE
    if digits.startswith("0") and 10 <= len(digits) <= 12:
        return Fault.NOT_MOBILE
    if len(digits) != 11:
        return Fault.TOO_SHORT if len(digits) < 11 else Fault.TOO_LONG
    return Fault.NOT_MOBILE


def _of_the_world(text: str, repairs: int) -> Number | Fault:
    if not text.startswith("+"):
        if text.startswith("00"):
            text = "+" + text.lstrip("0")
            repairs |= _PREFIX
        elif _ELEVEN(text):
            # With a plus some of these would be numbers of North America: the wrong person would be texted.
            return Fault.COUNTRY
        else:
            text = "+" + text
    if text.startswith("+86"):
        return Fault.COUNTRY
    if len(text) - 1 > _E164_MAX:
        return Fault.TOO_LONG
    if quick := _by_pattern(text):
        return Number(text, quick, repairs)
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return Fault.COUNTRY if len(text) > 6 else Fault.TOO_SHORT
        return Fault.TOO_LONG if error.error_type == phonenumbers.NumberParseException.TOO_LONG else Fault.TOO_SHORT
    match phonenumbers.is_possible_number_with_reason(parsed):
        case ValidationResult.TOO_SHORT | ValidationResult.INVALID_LENGTH | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return Fault.TOO_SHORT
        case ValidationResult.TOO_LONG:
            return Fault.TOO_LONG
    kind = phonenumbers.number_type(parsed)
    if kind not in _MOBILE:
        return Fault.FIXED_LINE if kind in _FIXED else Fault.NOT_MOBILE
    country = phonenumbers.region_code_for_number(parsed) or ""
    if len(country) != 2:
        return Fault.COUNTRY  # "001": satellite and other networks of no country
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164, country, repairs)


def _by_pattern(text: str) -> str | None:
    """Country of an ordinary mobile number in E.164; None where the library must look. 20 times faster than it."""
    code = _country_code(text)
    rules = _rules(code) if code else None
    if rules is None:
        return None
    country, mobile, trunk = rules
    national = text[len(code) + 1 :]
    return country if mobile.fullmatch(national) and not (trunk and trunk.match(national)) else None


@lru_cache(maxsize=300)
def _rules(code: str) -> tuple[str, re.Pattern[str], re.Pattern[str] | None] | None:
    """Main country of a calling code, pattern of its mobile numbers, pattern of a trunk prefix to be removed."""
    country = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
    metadata = PhoneMetadata.metadata_for_region(country, None)
    mobile = metadata and metadata.mobile and metadata.mobile.national_number_pattern
    if metadata is None or metadata.leading_digits or not mobile or len(country) != 2:
        return None
    trunk = metadata.national_prefix_for_parsing
    return country, re.compile(mobile), re.compile(trunk) if trunk else None


def _country_code(text: str) -> str:
    """Calling code after the plus, "" where there is none."""
    for length in (1, 2, 3):
        code = text[1 : 1 + length]
        if code.isdecimal() and code[0] != "0" and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return code
    return ""


def plain(e164: str) -> str:
    """A number as its check takes it without a repair: mainland ones bare, others with their plus."""
    return e164.removeprefix("+86")


def mask(number: str) -> str:
    """`number` as pages and logs may show it: 138****5678, +44****3391; hides at least half of anything else."""
    text = number.strip()
    match = _MAINLAND(text)
    if match:
        return f"{match['number'][:3]}****{match['number'][-4:]}"
    digits = "".join(c for c in text if c.isdigit())
    code = _country_code("+" + digits) if text.startswith("+") else ""
    if code and len(digits) >= len(code) + 8:
        return f"+{code}****{digits[-4:]}"
    if len(digits) >= 8:
        return f"{digits[:1]}****{digits[-2:]}"
    return text[:1] + "****"
