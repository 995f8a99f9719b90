"""The sample file to fill in for a template: headers that are recognised, example rows, and how it is done."""

from __future__ import annotations

import io
from collections.abc import Collection

import phonenumbers
from django.utils import translation
from django.utils.translation import gettext as _

from console.lib.sheets import Writer
from sending.intake.columns import forms
from templates_app.models import MessageTemplate, TemplateVersion, VariableKind
from templates_app.models.template import Variable

# Numbers nobody has: unassigned in China, kept for films in North America.
_EXAMPLE_NUMBERS = {True: ("13900000001", "13900000002"), False: ("+12025550123", "+12025550143")}
# The first that is short enough.
_EXAMPLE_VALUES = {
    VariableKind.NUMBER: ("A1024", "7"),
    VariableKind.MONEY: ("99.50", "9"),
    VariableKind.TIME: ("2026-03-31", "09:30"),
    VariableKind.PHONE: ("4000000000", "95588", "1"),
    VariableKind.OLD_NUMBER: ("1024", "7"),
    VariableKind.OLD_DATE: ("2026/03/31",),
    VariableKind.OLD_TIME: ("09:30",),
}


def sample_file(version: TemplateVersion, language: str) -> bytes:
    """An xlsx to fill in for this version: headers that will be recognised, two example rows, and how it is done."""
    variables = version.typed_variables
    with translation.override(language):
        number = _("Mobile number")
        titles = headers(variables, taken=forms(number))
        examples = [_example(variable) for variable in variables]
        numbers = _example_numbers(version.template)
        buffer = io.BytesIO()
        with Writer(buffer) as book:
            book.sheet(_("Recipients"), [number, *titles], [[example, *examples] for example in numbers])
            lines = _instructions(variables, titles)
            book.sheet(_("How to fill in"), [_("How to fill in")], [[line] for line in lines])
    return buffer.getvalue()


def headers(variables: list[Variable], *, taken: Collection[str] = ()) -> list[str]:
    """A header for each variable that its column is found by: its meaning, where that is clear, else its code; its
    number where an older code stands twice.
    """
    meanings, codes = [v.meaning.strip() for v in variables], [v.code for v in variables]
    found = []
    for variable, meaning in zip(variables, meanings, strict=True):
        if meaning and meanings.count(meaning) == 1 and forms(meaning).isdisjoint(taken):
            found.append(meaning)
        else:
            found.append(variable.code if codes.count(variable.code) == 1 else f"${{{variable.name}}}")
    return found


def _example_numbers(template: MessageTemplate) -> list[str]:
    """Two that nobody has, of a country that the template may be sent to."""
    if template.application.is_mainland or not template.countries or "US" in template.countries:
        return list(_EXAMPLE_NUMBERS[template.application.is_mainland])
    code = template.countries[0]
    found = phonenumbers.example_number_for_type(code, phonenumbers.PhoneNumberType.MOBILE)
    if found is None:
        return list(_EXAMPLE_NUMBERS[False])
    return [phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)]


def _example(variable: Variable) -> str:
    """One that the check takes, as long as the variable's length lets it be."""
    if variable.example:
        return variable.example
    kind, longest = VariableKind(variable.kind), variable.longest
    fitting = [value for value in _EXAMPLE_VALUES.get(kind, (_("example"), "A")) if len(value) <= longest]
    return fitting[0] if fitting else ""


def _instructions(variables: list[Variable], titles: list[str]) -> list[str]:
    lines = [
        _("Fill in the first sheet: one recipient in each row, below the header. Replace the example rows."),
        _("All columns are of text format, so that no number loses digits. Keep it when you paste."),
        _("Numbers of mainland China may be written with or without +86; others begin with + and the country code."),
        _("Hidden rows are not sent to. A number that stands in several rows is sent to once, for the first of them."),
    ]
    for variable, title in zip(variables, titles, strict=True):
        lines.append(
            _("Column “%(title)s” for %(variable)s: %(kind)s, at most %(longest)s characters, never empty.")
            % {
                "title": title,
                "variable": variable.code,
                "kind": VariableKind(variable.kind).label,
                "longest": variable.longest,
            }
        )
    return lines
