"""The table of variables in the template editor: a row for each variable of the text, whatever becomes of the text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from templates_app import rules
from templates_app.models import VariableKind
from templates_app.models.template import (
    LONGEST,
    OLD_KINDS,
    TEXT_MAX,
    VARIABLE,
    VARIABLES_MAX,
    Variable,
    cut,
    old_variable,
)

# Further than this a text is not looked at for its variables.
LOOKED_AT = 2 * TEXT_MAX
COLUMNS = ("kind", "longest", "meaning", "example")
KINDS = [(kind.value, kind.label) for kind in VariableKind if kind not in OLD_KINDS]
# What the buttons of the older way put into the text.
OLD_CODES = {
    VariableKind.OLD_TEXT: "TXT_20",
    VariableKind.OLD_NUMBER: "NUM_6",
    VariableKind.OLD_DATE: "DATE",
    VariableKind.OLD_TIME: "TIME",
}


@dataclass(slots=True)
class VariableRow:
    """One row of the table of variables, as typed, with what is wrong with it."""

    variable: Variable
    faults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> str:
        """What the row looks like: a row of another shape must be drawn anew."""
        return f"{self.variable.name}:{self.variable.kind}:{self.variable.code}"


def shape_of(rows: list[VariableRow]) -> str:
    return ",".join(row.shape for row in rows)


def variable_rows(text: str, data: Mapping[str, str], known: list[Variable], *, check: bool) -> list[VariableRow]:
    """A row for each variable of `text`: as typed in `data`, else as `known` from the draft, else empty."""
    text = text[:LOOKED_AT]
    codes = dict(zip(rules.names(text), VARIABLE.findall(text), strict=True))
    by_name = {variable.name: variable for variable in known}
    before = _moved(data.get("shown", ""), codes)
    rows = []
    for name, inner in list(codes.items())[:VARIABLES_MAX]:
        variable = _typed(name, inner, data, by_name.get(name), before.get(name, name))
        rows.append(VariableRow(variable, rules.variable_faults(variable) if check else {}))
    return rows


def _moved(shown: str, codes: Mapping[str, str]) -> dict[str, str]:
    """Which row of the table that was shown belongs to which variable: older ones have their place for a name, so one
    put in before others moves them.
    """
    rows = [part.split(":") for part in shown.split(",")[:VARIABLES_MAX] if part.count(":") == 2]
    if not rows or all(code.isdigit() for code in codes.values()):
        return {}
    names, now = [row[0] for row in rows], list(codes)
    before, after = [row[2] for row in rows], [f"${{{code}}}" for code in codes.values()]
    moved: dict[str, str] = {}
    for change, i, j, k, end in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if change == "equal":
            moved |= {now[k + step]: names[i + step] for step in range(j - i)}
        elif change == "insert":
            moved |= {now[place]: "" for place in range(k, end)}
    return moved


def _typed(name: str, inner: str, data: Mapping[str, str], known: Variable | None, row: str) -> Variable:
    """`row`: under which name it was typed; "" for a variable that is new in the text."""

    def said(column: str, otherwise: str, at_most: int) -> str:
        # No row was drawn for it yet: nothing was typed, which is not the same as nothing.
        return data.get(f"{column}-{row}", "" if not row else otherwise).replace("\0", "")[:at_most]

    meaning = said("meaning", known.meaning if known else "", rules.MEANING_MAX + 1)
    example = said("example", known.example if known else "", rules.EXAMPLE_MAX + 1)
    if old := old_variable(name, inner):
        return replace(old, meaning=meaning, example=example)
    kind = data.get(f"kind-{name}", known.kind if known else "")
    if kind not in VariableKind.values or kind in OLD_KINDS:
        kind = VariableKind.TEXT.value
    return Variable(name, kind, _longest(name, kind, data, known), meaning, example)


def _longest(name: str, kind: str, data: Mapping[str, str], known: Variable | None) -> int:
    """As typed; with a new kind the longest of that kind, unless a shorter one was set by hand. 0 is no number."""
    most = LONGEST[VariableKind(kind)]
    typed = data.get(f"longest-{name}", "").strip()
    if not typed:
        gap = f"longest-{name}" in data
        return 0 if gap else min(known.longest, most) if known else most
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
    drawn = next((part.split(":")[1] for part in data.get("shown", "").split(",") if part.startswith(f"{name}:")), kind)
    if drawn != kind and drawn in VariableKind.values and number in (LONGEST[VariableKind(drawn)], max(number, most)):
        return most
    return number


def with_inserted(data: QueryDict) -> QueryDict:
    """Without scripts a variable's button posts; the variable is put at the end of the text."""
    kind, text = data.get("insert", ""), data.get("text", "")
    if kind not in VariableKind.values:
        return data
    data = data.copy()
    if old := OLD_CODES.get(VariableKind(kind)):
        data["text"] = f"{text}${{{old}}}"
        return data
    numbers = [int(name) for name in rules.names(text[:LOOKED_AT])]
    name = max(numbers, default=0) + 1
    data["text"] = f"{text}${{{name}}}"
    data[f"kind-{name}"] = kind
    return data


def renumbered(data: QueryDict) -> QueryDict:
    """The variables ${1}, ${2}, … in the order they stand, each with what was typed of it."""
    pieces, old, out = cut(data.get("text", "")[:LOOKED_AT]), data, data.copy()
    text, number = "", 0
    for kind, part in pieces:
        if kind == "text":
            text += part
            continue
        number += 1
        text += f"${{{number}}}"
        for column in COLUMNS:
            out.pop(f"{column}-{number}", None)
            if (said := old.get(f"{column}-{part}")) is not None:
                out[f"{column}-{number}"] = said
    out["text"], out["shown"] = text + data.get("text", "")[LOOKED_AT:], ""
    return out
