"""How long messages of a template become, and what that costs (product reference, 4.4 and 4.8).

The field counts a template in review by its variables: those written ${1} with their maximum, the older ones with 0.
That figure is kept (`Size.characters`), since it is what people compare. What a message may cost must not be talked
down, though: `segments`, and the longest preview, take the older ones at their longest, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.lib import text as sms
from templates_app.models.template import Brackets, Variable, VariableKind, cut, join
from templates_app.rules.result import Level, Result, Subject
from templates_app.rules.structure import names

# Values that a person of another country writes in letters of their own.
_WIDE = frozenset({VariableKind.TEXT, VariableKind.NEW_TEXT, VariableKind.LONG_TEXT, VariableKind.OLD_TEXT})
_CAPACITY = {sms.Alphabet.GSM7: (160, 153), sms.Alphabet.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Size:
    """The longest message of a template, in characters; `older` are the most that older variables add to them."""

    signature: int
    fixed: int
    variables: int
    segments: int
    older: int = 0

    @property
    def characters(self) -> int:
        return self.signature + self.fixed + self.variables

    @property
    def longest(self) -> int:
        return self.characters + self.older


@dataclass(frozen=True, slots=True)
class Measure:
    """One message on the air. `over`: how many characters less would make it a segment less; 0 for one segment."""

    characters: int
    alphabet: sms.Alphabet
    segments: int
    over: int

    @property
    def wide(self) -> bool:
        return self.alphabet is sms.Alphabet.UCS2


def measure(whole: str, *, mainland: bool) -> Measure:
    alphabet = sms.alphabet(whole, mainland=mainland)
    segments = sms.segments(whole, mainland=mainland)
    single, joined = _CAPACITY[alphabet]
    room = single if segments == 2 else joined * (segments - 1)
    over = max(1, sms.length(whole, alphabet) - room) if segments > 1 else 0
    return Measure(len(whole), alphabet, segments, over)


def in_brackets(signature: str, brackets: str = Brackets.CHINESE) -> str:
    around = str(Brackets(brackets).label)
    return f"{around[0]}{signature}{around[1]}" if signature else ""


def longest_values(variables: Sequence[Variable]) -> dict[str, str]:
    """For each variable by name the longest value there may be, of a character that values of its kind have."""
    return {v.name: ("字" if v.kind in _WIDE else "0") * max(0, v.longest) for v in variables}


def rendered(text: str, values: dict[str, str], *, head: str) -> str:
    return head + join(cut(text), {name: values.get(name, "") for name in names(text)})


def longest_size(text: str, variables: Sequence[Variable], *, signature: str, mainland: bool) -> Size:
    """Brackets count with the signature. Abroad a text value may force the wider alphabet; that is assumed."""
    held = set(names(text))
    new = [v for v in variables if v.name in held and not v.is_old]
    old = [v for v in variables if v.name in held and v.is_old]
    whole = rendered(text, longest_values(variables), head=in_brackets(signature))
    return Size(
        signature=len(signature) + 2 if signature else 0,
        fixed=sum(len(part) for kind, part in cut(text) if kind == "text"),
        variables=sum(max(0, v.longest) for v in new),
        segments=sms.segments(whole, mainland=mainland),
        older=sum(max(0, v.longest) for v in old),
    )


def cost(it: Subject) -> Iterator[Result]:
    """What a few characters less would save: with the examples, else with the longest values."""
    head = in_brackets(it.signature, it.brackets)
    examples = {v.name: v.example for v in it.variables}
    usual = measure(rendered(it.text, examples, head=head), mainland=it.mainland)
    longest = measure(rendered(it.text, longest_values(it.variables), head=head), mainland=it.mainland)
    if usual.segments > 1:
        words = _("%(n)s segments with the examples.") % {"n": usual.segments}
        yield Result(Level.WARN, "segments", words, less(usual))
    elif longest.segments > 1:
        words = ngettext(
            "One segment with the examples, up to %(n)s with long values.",
            "One segment with the examples, up to %(n)s with long values.",
            longest.segments,
        ) % {"n": longest.segments}
        yield Result(Level.WARN, "segments", words, less(longest))


def less(found: Measure) -> str:
    """ "7 characters less would make it one segment." """
    if found.segments == 2:
        return ngettext(
            "%(n)s character less would make it one segment.",
            "%(n)s characters less would make it one segment.",
            found.over,
        ) % {"n": found.over}
    return ngettext(
        "%(n)s character less would make it %(segments)s segments.",
        "%(n)s characters less would make it %(segments)s segments.",
        found.over,
    ) % {"n": found.over, "segments": found.segments - 1}
