"""Characters that no text may have, and those that cost more than they look (product reference, 4.3 and 4.8)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.lib import text as sms
from templates_app.rules.result import GAP, Level, Result, Subject

_AT_AN_END = re.compile(r"\A\s*[\[【［][^\]】］\n]{0,40}[\]】］]|[\[【［][^\[【［\]】］\n]{0,40}[\]】］]\s*\Z")
_BRACKETS = re.compile(r"[\[\]【】［］]")
_SYMBOLS = re.compile(r"\^_\^|[¥￥★☆&＆√※]")
# Letters and marks that show nothing, besides those that Unicode calls controls.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u180e")
# What to write instead of what forces the wider alphabet.
INSTEAD = {
    **dict.fromkeys("‘’‚‛′´`ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\t", " "),
    "…": "...",
    "•": "-",
    "·": "-",
    "×": "x",
    "。": ".",
    "、": ",",
    "→": "->",
    "™": "(TM)",
    "®": "(R)",
    "©": "(C)",
    "№": "No.",
}
_EXTENSION = "^{}\\[~]|€"
SHOWN = 8


def brackets(it: Subject) -> Iterator[Result]:
    if at_an_end := _AT_AN_END.search(it.text):
        words = _("The text has a signature of its own.")
        todo = (
            _("Take it out: the signature is put in front by itself.")
            if it.mainland
            else _("Take it out: international messages carry no signature.")
        )
        yield Result(Level.FAULT, "signature_in_text", words, todo, (at_an_end.span(),), (at_an_end[0].strip(),))
    elif found := list(_BRACKETS.finditer(it.text)):
        todo = _(
            "Leave out the brackets [ ] and 【 】: phones take them for the signature, which is put in front by itself."
        )
        yield _at(Level.FAULT, "brackets", _("Brackets stand in the text."), todo, found)


def symbols(it: Subject) -> Iterator[Result]:
    if found := list(_SYMBOLS.finditer(it.text)):
        todo = _("Leave out the symbols ¥ ★ ^_^ & √ ※: carriers refuse them.")
        yield _at(Level.FAULT, "symbols", _("Symbols that carriers refuse stand in the text."), todo, found)


def _at(level: Level, code: str, words: str, todo: str, found: list[re.Match[str]]) -> Result:
    quotes = tuple(dict.fromkeys(match[0] for match in found))
    return Result(level, code, words, todo, tuple(match.span() for match in found), quotes[:SHOWN])


def is_unseen(character: str) -> bool:
    """A control, a mark that turns the direction of writing, something nobody can see; a line break is none."""
    if character == "\n":
        return False
    return character in _BLANKS or unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}


def code_point(character: str) -> str:
    """ "U+202E RIGHT-TO-LEFT OVERRIDE"."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()


def unseen(it: Subject) -> Iterator[Result]:
    found = [(place, character) for place, character in enumerate(it.text) if is_unseen(character)]
    if found:
        yield Result(
            Level.FAULT,
            "unseen",
            ngettext(
                "The text has an invisible character.", "The text has %(n)s invisible characters.", len(found)
            ) % {"n": len(found)},
            _("Delete it where it is marked; it often comes along when text is copied."),
            tuple((place, place + 1) for place, _character in found),
            tuple(dict.fromkeys(code_point(character) for _place, character in found))[:SHOWN],
        )  # fmt: skip


def instead_of(character: str) -> str | None:
    """What to write so that the text stays in the narrow alphabet; None where there is nothing like it."""
    if (known := INSTEAD.get(character)) is not None:
        return known
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    narrow = bool(plain) and sms.alphabet(plain, mainland=False) is sms.Alphabet.GSM7
    return plain if narrow else None


def alphabet(it: Subject) -> Iterator[Result]:
    """International messages of plain letters hold 160 characters, all others 70."""
    if it.mainland:
        return
    plain = it.masked.replace(GAP, "0")
    wide = [(i, c) for i, c in enumerate(plain) if sms.alphabet(c, mainland=False) is sms.Alphabet.UCS2]
    replaced = {c: instead_of(c) for _i, c in wide}
    if not wide:
        yield from _counted_twice(plain)
    elif None in replaced.values():
        words = _("Written in the wide alphabet: 70 characters fit one segment, not 160.")
        yield Result(Level.OK, "alphabet", words)
    else:
        narrow = "".join(c if (new := replaced.get(c)) is None else new for c in plain)
        before, after = sms.segments(plain, mainland=False), sms.segments(narrow, mainland=False)
        shown = ", ".join(f"{_shown(c)} → {_shown(new or '')}" for c, new in list(replaced.items())[:SHOWN])
        cost = _("70 characters fit one segment then, not 160.")
        if before > after:
            cost = _("Segments with it: %(before)s; without: %(after)s.") % {"before": before, "after": after}
        yield Result(
            Level.WARN,
            "alphabet",
            _("A few characters force the whole message into the wide alphabet.") + f" {cost}",
            _("Write instead: %(pairs)s.") % {"pairs": shown},
            tuple((i, i + 1) for i, _c in wide),
            tuple(_shown(c) for c in list(replaced)[:SHOWN]),
        )


def _shown(character: str) -> str:
    if character == " ":
        return _("a space")
    return code_point(character) if character.isspace() else character


def _counted_twice(plain: str) -> Iterator[Result]:
    if found := [c for c in _EXTENSION if c in plain]:
        words = _("Counted as two characters each: %(characters)s") % {"characters": " ".join(found)}
        yield Result(Level.OK, "alphabet", words)
