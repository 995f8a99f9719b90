"""What a template's text and variables must be before people review it (product reference, 4.3 and 4.4).

Functions of values: no database, no request. Each rule says what is wrong and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from console.lib import text as sms
from console.lib import values
from templates_app.models.template import LONGEST, TEXT_MAX, VARIABLES_MAX, Variable, VariableKind, cut, join

Words = str | Promise

_OPENS = re.compile(r"\$\{")
_BRACKETS = frozenset("[]【】")
_SYMBOLS = ("¥", "★", "^_^", "&", "√", "※")
_MEANS_SOMETHING = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of "Check before review"."""

    ok: bool
    words: Words


def names(text: str) -> list[str]:
    """The variables of `text` in the order they stand, "1", "2", …"""
    return [part for kind, part in cut(text) if kind == "variable"]


def _fixed(text: str) -> str:
    return "".join(part for kind, part in cut(text) if kind == "text")


def _fits(text: str) -> bool:
    return bool(text.strip()) and len(text) <= TEXT_MAX


def _well_formed(text: str) -> bool:
    return len(_OPENS.findall(text)) == len(names(text))


def _numbered(text: str) -> bool:
    found = names(text)
    return len(found) <= VARIABLES_MAX and found == [str(i) for i in range(1, len(found) + 1)]


def _apart(text: str) -> bool:
    """Two variables stand apart when a character other than white space is between them."""
    pieces = [(kind, part) for kind, part in cut(text) if kind == "variable" or part.strip()]
    return all((a, b) != ("variable", "variable") for (a, _x), (b, _y) in pairwise(pieces))


def _no_brackets(text: str) -> bool:
    return _BRACKETS.isdisjoint(text)


def _no_symbols(text: str) -> bool:
    return not any(symbol in text for symbol in _SYMBOLS)


def _speaks(text: str) -> bool:
    return bool(_MEANS_SOMETHING.search(_fixed(text)))


# (rule, words when it holds, what is wrong and what would be right)
TEXT_RULES: tuple[tuple[Callable[[str], bool], Words, Words], ...] = (
    (_fits, _("1 to 500 characters"), _("Write 1 to 500 characters of text.")),
    (
        _well_formed,
        _("Variables are written as ${1}"),
        _("A variable is written as ${1}, with a number from 1 to 20 between the braces."),
    ),
    (
        _numbered,
        _("At most 20 variables, numbered in order"),
        _("Number the variables ${1}, ${2}, … in the order they stand, each once, at most 20."),
    ),
    (
        _apart,
        _("No two variables next to each other"),
        _("Two variables stand next to each other. Put words between them."),
    ),
    (
        _no_brackets,
        _("No brackets"),
        _("Leave out the brackets [ ] and 【 】: phones take them for the signature, which is put in front by itself."),
    ),
    (_no_symbols, _("No special symbols"), _("Leave out the symbols ¥ ★ ^_^ & √ ※: carriers refuse them.")),
    (
        _speaks,
        _("Has words of its own"),
        _("Write words around the variables, so that the meaning is clear without their values."),
    ),
)


def text_faults(text: str) -> list[Words]:
    """Everything wrong with `text`; an empty list means it may be reviewed."""
    if not _fits(text):
        return [TEXT_RULES[0][2]]
    return [wrong for rule, _right, wrong in TEXT_RULES if not rule(text)]


def text_checks(text: str) -> list[Check]:
    return [Check(holds := rule(text), right if holds else wrong) for rule, right, wrong in TEXT_RULES]


def variable_faults(variable: Variable) -> dict[str, Words]:
    """What is wrong with one variable, by the field at fault."""
    faults: dict[str, Words] = {}
    if variable.kind not in VariableKind.values:
        return {"kind": _("Choose a type.")}
    most = LONGEST[VariableKind(variable.kind)]
    if not 1 <= variable.longest <= most:
        faults["longest"] = _("1 to %(most)s.") % {"most": most}
    if variable.kind == VariableKind.TEXT and not variable.meaning.strip():
        faults["meaning"] = _("Say what it stands for.")
    if not variable.example.strip():
        faults["example"] = _("Give an example.")
    elif len(variable.example) > variable.longest:
        faults["example"] = _("Longer than the longest value.")
    elif words := _misfit(variable):
        faults["example"] = words
    return faults


# What an example of each kind must be; those of no kind here are text.
FITTING: dict[str, Words] = {
    VariableKind.NUMBER: _("Only letters A to Z and digits."),
    VariableKind.MONEY: _("Only digits with a decimal point, such as 128.50, or Chinese numerals."),
    VariableKind.TIME: _("Only a date such as 2026-03-31 or a time such as 09:30."),
    VariableKind.PHONE: _("Only a phone number of digits and hyphens."),
}


def _misfit(variable: Variable) -> Words:
    """Why no row could have the variable's example as its value; empty when one could."""
    problem = values.rule(values.Variable(variable.name, variable.kind, variable.longest))(
        values.tidy(variable.example)
    )
    if problem is None:
        return ""
    code, detail = problem
    if code == values.ValueFault.FORBIDDEN:
        character = detail.partition(":")[2]
        if character.startswith("U+"):
            return _("Contains a line break or an invisible character.")
        return format_lazy(_("Contains “{character}”, which no value may have."), character=character)
    return FITTING.get(variable.kind, _("Give an example."))


@dataclass(frozen=True, slots=True)
class Size:
    """How long messages of a template become, with the longest values."""

    signature: int
    fixed: int
    variables: int
    segments: int

    @property
    def characters(self) -> int:
        return self.signature + self.fixed + self.variables


def longest_size(text: str, variables: Sequence[Variable], *, signature: str, mainland: bool) -> Size:
    """Brackets count with the signature. Abroad a text value may force the wider alphabet; that is assumed."""
    values = {v.name: ("字" if v.kind == VariableKind.TEXT else "0") * v.longest for v in variables}
    pieces = cut(text)
    whole = join(pieces, {name: values.get(name, "") for name in names(text)}, signature)
    return Size(
        signature=len(signature) + 2 if signature else 0,
        fixed=len(_fixed(text)),
        variables=sum(map(len, values.values())),
        segments=sms.segments(whole, mainland=mainland),
    )
