"""The check before review: every rule a machine can know, over one text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from templates_app.models.message_type import MessageType
from templates_app.rules import characters, content, links, size, structure, themes, variables
from templates_app.rules.result import Level, Result, Subject, Words

Check = Callable[[Subject], Iterator[Result]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`checks` that answer one question; `passed` is said when none of them finds anything, unless it is empty."""

    passed: Words
    checks: tuple[Check, ...]
    applies: Callable[[Subject], bool] = lambda it: True


def _is_code(it: Subject) -> bool:
    return it.type == MessageType.VERIFICATION


def _has_variables(it: Subject) -> bool:
    return bool(it.codes) or bool(it.variables)


RULES = (
    Rule(
        _("Variables are written, numbered and kept apart as they should be"),
        (structure.well_formed, structure.one_way, structure.numbered, structure.apart),
        _has_variables,
    ),
    Rule("", (structure.well_formed,), lambda it: not _has_variables(it)),
    Rule(_("Each variable is described and has a fitting example"), (variables.table, variables.use), _has_variables),
    Rule(_("Meaning is clear without the variables"), (structure.speaks,)),
    Rule(_("No brackets, no special symbols"), (characters.brackets, characters.symbols)),
    Rule(_("No invisible characters"), (characters.unseen,)),
    Rule("", (characters.alphabet,)),
    Rule(_("No link, or a full and fixed one"), (links.check,), lambda it: not _is_code(it)),
    Rule(
        _("Type fits: one short variable, says that it is a code, no links"),
        (content.code_variable, content.keyword, content.code_links, content.unsubscribe),
        _is_code,
    ),
    Rule(_("Says how to refuse more"), (content.unsubscribe,), lambda it: it.type == MessageType.PROMOTION),
    Rule("", (content.unsubscribe,), lambda it: it.type == MessageType.NOTIFICATION),
    Rule("", (content.signature, content.brackets_choice, content.countries, content.twins)),
    Rule(_("No forbidden or sensitive subjects"), (themes.check,)),
    Rule(_("One segment a message"), (size.cost,)),
)
_ORDER = {Level.FAULT: 0, Level.WARN: 1, Level.OK: 2}


def precheck(it: Subject) -> list[Result]:
    """What is wrong, then what is worth a look, then what is well. No result is a fault: it may be sent in.

    A text that is too long or empty is not looked at further: of a million characters only the length is said.
    """
    if wrong := list(structure.length(it)):
        return wrong
    found: list[Result] = []
    for rule in RULES:
        if not rule.applies(it):
            continue
        results = [result for check in rule.checks for result in check(it)]
        found += results or ([Result(Level.OK, "ok", rule.passed)] if rule.passed else [])
    return sorted(found, key=lambda result: _ORDER[result.level])
