"""The cell that describes a template's variables: a line for each, such as "1: Text, 20, Name, Mr Wang"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from templates_app.batch import columns
from templates_app.models import VariableKind
from templates_app.models.template import LONGEST, VARIABLE, VARIABLES_MAX, Variable, old_variable

MEANING_MAX, EXAMPLE_MAX = 100, 60  # characters, as the editor takes them
_LINE = re.compile(r"\s*(?:\$\{)?\s*([0-9]{1,2})\s*\}?\s*[:：]\s*(.*?)\s*")
_COMMA = re.compile(r"\s*[,，]\s*")


def write(variables: Sequence[Variable]) -> str:
    """The cell for `variables`, in the reader's language."""
    rows = [[v.kind_label, str(v.longest), v.meaning, v.example] for v in variables]
    return "\n".join(f"{v.name}: {', '.join(row)}" for v, row in zip(variables, rows, strict=True))


def read(text: str, cell: str) -> tuple[list[Variable], list[str]]:
    """The variables of `text` as `cell` describes them, and what cannot be understood, in words for a person."""
    found, faults = _lines(cell)
    inners = VARIABLE.findall(text)[: VARIABLES_MAX + 1]
    variables = []
    for place, inner in enumerate(inners, 1):
        name = inner if inner.isdigit() else str(place)
        old, said = old_variable(name, inner), found.pop(name, None)
        if old is None and said is None:
            faults.append(_("Variables: there is no line for ${%(name)s}.") % {"name": name})
        elif old is None and said is not None:
            variables.append(said)
        elif old is not None:
            meaning, example = (said.meaning, said.example) if said else ("", "")
            variables.append(Variable(old.name, old.kind, old.longest, meaning, example))
    faults += [_("Variables: ${%(name)s} does not stand in the text.") % {"name": name} for name in found]
    return variables, faults


def _lines(cell: str) -> tuple[dict[str, Variable], list[str]]:
    found: dict[str, Variable] = {}
    faults = []
    for line in filter(None, map(str.strip, cell.split("\n"))):
        match = _LINE.fullmatch(line)
        variable = _variable(str(int(match[1])), match[2]) if match else None
        if variable is None:
            words = _("Variables: “%(line)s” is not understood. Write the number, a colon, then type, longest value, "
                      "meaning and example with commas between: %(example)s.")  # fmt: skip
            faults.append(words % {"line": line[:60], "example": _example()})
        elif variable.name in found:
            faults.append(_("Variables: ${%(name)s} has two lines.") % {"name": variable.name})
        else:
            found[variable.name] = variable
    return found, faults


def _example() -> str:
    return f"1: {VariableKind.TEXT.label}, 20, " + _("Name, Mr Wang")


def _variable(name: str, rest: str) -> Variable | None:
    """Of "Text, 20, Name, Mr Wang"; an example may have commas of its own, and a longest value may be missing."""
    kind_words, *others = _COMMA.split(rest, maxsplit=3)
    kind = columns.kind_of(kind_words)
    if kind is None:
        return None
    longest, meaning, example = (*others, "", "", "")[:3]
    if longest and not (longest.isascii() and longest.isdecimal() and len(longest) < 4):
        return None
    most = LONGEST[VariableKind(kind)]
    return Variable(name, kind, int(longest) if longest else most, meaning[:MEANING_MAX], example[:EXAMPLE_MAX])
