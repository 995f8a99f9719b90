"""What one variable must be, and whether its kind fits what it is for (product reference, 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from console.lib import values
from templates_app.models.template import LONGEST, Variable, VariableKind
from templates_app.rules import structure
from templates_app.rules.result import Level, Result, Subject

Words = str | Promise
# Of these nobody could tell from the text what they bring.
TEXT_KINDS = frozenset({VariableKind.TEXT, VariableKind.NEW_TEXT, VariableKind.LONG_TEXT})
MEANING_MAX = 100
EXAMPLE_MAX = 100

# What an example of each kind must be; those of no kind here are text.
FITTING: dict[str, Words] = {
    VariableKind.NUMBER: _("Only letters A to Z and digits."),
    VariableKind.MONEY: _("Only digits with a decimal point, such as 128.50, or Chinese numerals."),
    VariableKind.TIME: _("Only a date such as 2026-03-31 or a time such as 09:30."),
    VariableKind.PHONE: _("Only a phone number of digits and hyphens."),
    VariableKind.OLD_NUMBER: _("Only digits."),
    VariableKind.OLD_DATE: _("Only a date such as 2026/03/31."),
    VariableKind.OLD_TIME: _("Only a time such as 09:30 or 09:30:00."),
}


def variable_faults(variable: Variable) -> dict[str, Words]:
    """What is wrong with one variable, by the field at fault. Older ones say kind and length in the text itself."""
    faults: dict[str, Words] = {}
    if variable.kind not in VariableKind.values:
        return {"kind": _("Choose a type.")}
    kind = VariableKind(variable.kind)
    if not variable.is_old and not 1 <= variable.longest <= LONGEST[kind]:
        faults["longest"] = _("1 to %(most)s.") % {"most": LONGEST[kind]}
    if kind in TEXT_KINDS and not variable.meaning.strip():
        faults["meaning"] = _("Say what it stands for.")
    elif len(variable.meaning) > MEANING_MAX:
        faults["meaning"] = _("At most %(most)s characters.") % {"most": MEANING_MAX}
    if not variable.example.strip():
        faults["example"] = _("Give an example.")
    elif len(variable.example.strip()) > variable.longest:
        faults["example"] = _("Longer than the longest value.")
    elif words := _misfit(variable):
        faults["example"] = words
    return faults


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


def table(it: Subject) -> Iterator[Result]:
    """The table of variables says of each what the text holds, and each is whole."""
    codes = [f"${{{code}}}" for code in it.codes]
    known = all(v.kind in VariableKind.values for v in it.variables)
    if known and [v.code for v in it.variables] != codes and _may_match(it):
        words = gettext("The table of variables does not match the text. Save the draft again.")
        yield Result(Level.FAULT, "variable_table", words)
    for variable in it.variables:
        for fault in variable_faults(variable).values():
            code = f"${{{variable.name}}}" if variable.kind not in VariableKind.values else variable.code
            yield Result(Level.FAULT, "variable", f"{code}: {fault}")


def _may_match(it: Subject) -> bool:
    """Whether no other rule says already that the variables of the text are none."""
    return not (list(structure.one_way(it)) or list(structure.numbered(it)))


_CONTACT = re.compile(
    r"(?i)https?://|www\.|(?<![a-z])[a-z0-9\-]{1,40}\.(?:com|cn|net|org)\b|微信|\bwechat\b|\bwx[_:：]|\bqq\b|\bQQ[0-9]"
)
_PHONE = re.compile(
    r"(?:\+?86[\- ]?)?1[3-9][0-9][\- ]?[0-9*]{4}[\- ]?[0-9]{4}|0[0-9]{2,3}-[0-9]{7,8}|(?:400|800)-?[0-9]{3}-?[0-9]{4}"
)
_PHONE_WORDS = re.compile(r"(?i)电话|手机|座机|热线|號碼|联系方式|\bphone\b|\bmobile\b|\btel(?:ephone)?\b|\bhotline\b")
_ADDRESS_WORDS = re.compile(r"(?i)微信|网址|链接|網址|連結|\bQQ\b|\bwechat\b|\burl\b|\blinks?\b|\bweb ?site\b")
_MOMENT = re.compile(
    r"[0-9]{4}(?:[\-/][0-9]{1,2}[\-/][0-9]{1,2}|年[0-9]{1,2}月[0-9]{1,2}日)|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
)
_DIGITS = re.compile(r"[0-9]{2,}")
_AMOUNT = re.compile(r"[0-9]+[.][0-9]{1,2}")
_WORDY = TEXT_KINDS | {VariableKind.OLD_TEXT}


def use(it: Subject) -> Iterator[Result]:
    """A kind that fits its values is checked for each row; text lets everything through, so little may be text."""
    for variable in it.variables:
        if variable.kind not in VariableKind.values:
            continue
        yield from _contact(variable)
        yield from _better_kind(variable)


def _contact(variable: Variable) -> Iterator[Result]:
    example, quote = variable.example.strip(), (variable.code, variable.example.strip())
    phone = VariableKind.PHONE.label
    if variable.kind not in _WORDY and variable.kind not in (VariableKind.NUMBER, VariableKind.OLD_NUMBER):
        return
    if _CONTACT.search(example):
        words = gettext("%(code)s: links, QQ and WeChat names cannot be variables.") % {"code": variable.code}
        yield Result(Level.FAULT, "variable_contact", words, gettext("Write them into the text itself."), (), quote)
    elif _PHONE.fullmatch(example):
        words = gettext("%(code)s brings a phone number.") % {"code": variable.code}
        todo = gettext("Give it the type “%(kind)s”, or write the number into the text.") % {"kind": phone}
        level = Level.FAULT if variable.kind in _WORDY else Level.WARN
        yield Result(level, "variable_contact", words, todo, (), quote)
    elif _ADDRESS_WORDS.search(variable.meaning):
        words = gettext("%(code)s may bring a link or an account name.") % {"code": variable.code}
        todo = gettext("Links, QQ and WeChat names cannot be variables: write them into the text itself.")
        yield Result(Level.WARN, "variable_contact", words, todo, (), (variable.code, variable.meaning))
    elif variable.kind in _WORDY and _PHONE_WORDS.search(variable.meaning):
        words = gettext("%(code)s may bring a phone number.") % {"code": variable.code}
        todo = gettext("Give it the type “%(kind)s”, or write the number into the text.") % {"kind": phone}
        yield Result(Level.WARN, "variable_contact", words, todo, (), (variable.code, variable.meaning))


def _better_kind(variable: Variable) -> Iterator[Result]:
    example = variable.example.strip()
    if variable.kind not in _WORDY or _PHONE.fullmatch(example):
        return
    old = variable.kind == VariableKind.OLD_TEXT
    better: VariableKind | None = None
    if _MOMENT.fullmatch(example):
        better = (VariableKind.OLD_TIME if ":" in example else VariableKind.OLD_DATE) if old else VariableKind.TIME
    elif _AMOUNT.fullmatch(example):
        better = None if old else VariableKind.MONEY
    elif _DIGITS.fullmatch(example):
        better = VariableKind.OLD_NUMBER if old else VariableKind.NUMBER
    if better is not None:
        words = gettext("%(code)s is text, but its example is none.") % {"code": variable.code}
        todo = gettext("Give it the type “%(kind)s”: then each row is checked for it.") % {"kind": better.label}
        yield Result(Level.WARN, "variable_kind", words, todo, (), (variable.code, example))
