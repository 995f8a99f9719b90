"""Length of the text, and how variables stand in it (product reference, 4.3 and 4.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from templates_app.models.template import TEXT_MAX, VARIABLE, VARIABLES_MAX, cut
from templates_app.rules.result import GAP, Level, Result, Subject

_OPENS = re.compile(r"\$\{[^${}]{0,20}\}?")
_BARE = re.compile(r"(?<!\$)\{[0-9A-Za-z_]{1,12}\}")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
_WORD = re.compile(r"\w")
# So many words of its own a text needs for each variable, a Chinese character for one and a Latin word for two.
ENOUGH_PER_VARIABLE = 4


def names(text: str) -> list[str]:
    """The variables of `text` in the order they stand: "1", "2", …"""
    return [part for kind, part in cut(text) if kind == "variable"]


def length(it: Subject) -> Iterator[Result]:
    if not it.text.strip():
        yield Result(Level.FAULT, "length", _("Write 1 to 500 characters of text."))
    elif (over := len(it.text) - TEXT_MAX) > 0:
        words = ngettext("The text is %(n)s character too long.", "The text is %(n)s characters too long.", over) % {
            "n": over
        }
        yield Result(Level.FAULT, "length", words, _("Write 1 to 500 characters of text."), ((TEXT_MAX, len(it.text)),))


def well_formed(it: Subject) -> Iterator[Result]:
    bad = [found for found in _OPENS.finditer(it.text) if not VARIABLE.fullmatch(found[0])]
    if bad:
        todo = _("A variable is written as ${1}, with a number from 1 to 20 between the braces.")
        yield _at(Level.FAULT, "variable_form", _("What looks like a variable is none."), todo, bad)
    elif bare := list(_BARE.finditer(it.masked)):
        words = _("Words between braces stay as they are: a variable has a $ before them.")
        todo = _("Choose a variable above the text to insert one, or take the braces away.")
        yield _at(Level.WARN, "variable_form", words, todo, bare)


def _at(level: Level, code: str, words: str, todo: str, found: list[re.Match[str]]) -> Result:
    quotes = dict.fromkeys(match[0] for match in found)
    return Result(level, code, words, todo, tuple(match.span() for match in found), tuple(quotes))


def one_way(it: Subject) -> Iterator[Result]:
    if len({code.isdigit() for code in it.codes}) > 1:
        yield Result(
            Level.FAULT,
            "variable_mixed",
            _("Two ways of writing variables are mixed: ${1} and the older ${TXT_8}, ${NUM_6}, ${DATE}, ${TIME}."),
            _("Use one of them in the whole text."),
        )


def numbered(it: Subject) -> Iterator[Result]:
    if len(it.codes) > VARIABLES_MAX:
        words = _("%(n)s variables are too many.") % {"n": len(it.codes)}
        yield Result(Level.FAULT, "variable_number", words, _("Use at most 20."))
    numbers = [code for code in it.codes if code.isdigit()]
    if numbers != [str(i) for i in range(1, len(numbers) + 1)]:
        todo = _("Number the variables ${1}, ${2}, … in the order they stand, each once, at most 20.")
        yield Result(Level.FAULT, "variable_order", _("The variables are not numbered in order."), todo)
    wrong = [code for code in it.codes if "_" in code and not _is_length(code.partition("_")[2])]
    if wrong:
        todo = _("Write the longest value as a number from 1 to 20, such as ${TXT_8} or ${NUM_6}.")
        codes = tuple(f"${{{code}}}" for code in dict.fromkeys(wrong))
        yield Result(Level.FAULT, "variable_length", _("An older variable has no possible length."), todo, (), codes)


def _is_length(digits: str) -> bool:
    return not digits.startswith("0") and 1 <= int(digits) <= 20


def apart(it: Subject) -> Iterator[Result]:
    """Two variables stand apart when a character other than white space is between them."""
    found = list(VARIABLE.finditer(it.text))
    touching = [(a, b) for a, b in pairwise(found) if not it.text[a.end() : b.start()].strip()]
    if touching:
        yield Result(
            Level.FAULT,
            "variable_apart",
            _("Two variables stand next to each other."),
            _("Put words between them."),
            tuple((a.start(), b.end()) for a, b in touching),
            tuple(dict.fromkeys(it.text[a.start() : b.end()] for a, b in touching)),
        )


def speaks(it: Subject) -> Iterator[Result]:
    todo = _("Write words around the variables, so that the meaning is clear without their values.")
    if not _WORD.search(it.fixed):
        yield Result(Level.FAULT, "meaning", _("The text has no words of its own."), todo)
    elif _weight(it.masked) < ENOUGH_PER_VARIABLE * len(it.codes):
        yield Result(Level.WARN, "meaning", _("The text has few words of its own for so many variables."), todo)


def _weight(masked: str) -> int:
    latin = len(_LATIN_WORD.findall(masked))
    others = len(_WORD.findall(_LATIN_WORD.sub(GAP, masked)))
    return 2 * latin + others
