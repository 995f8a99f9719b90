"""Keeping the lists of words that the check before review looks for: adding, changing, deleting."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from console.lib.errors import NotAllowed
from console.lib.seen import token as token_of
from templates_app.models import WordList

FIELDS = ("theme_en", "theme_zh", "words", "effect", "types")


def token(held: WordList) -> str:
    """Stands for what a list held when it was shown; a change with an older one would undo somebody's work."""
    return token_of(*(getattr(held, name) for name in FIELDS))


@transaction.atomic
def add(values: dict[str, Any], *, by: User) -> WordList:
    """`values` for all FIELDS."""
    made = WordList(**values, changed_by=by)
    _save(made)
    audit.record(
        by=by, verb="wordlist.added", object_id=made.pk, enterprise_id=None, label=str(made), after=_figures(made)
    )
    return made


@transaction.atomic
def change(pk: int, values: dict[str, Any], *, seen: str, by: User) -> WordList:
    held = _hold(pk, seen)
    before = {name: getattr(held, name) for name in FIELDS}
    for name in FIELDS:
        setattr(held, name, values[name])
    changed = [name for name in FIELDS if before[name] != getattr(held, name)]
    if not changed:
        return held
    held.changed_by = by
    _save(held)
    old, new = set(before["words"]), set(held.words)
    audit.record(
        by=by, verb="wordlist.changed", object_id=held.pk, enterprise_id=None, label=str(held),
        before={name: before[name] for name in changed if name != "words"} | _listed(old - new),
        after={name: getattr(held, name) for name in changed if name != "words"} | _listed(new - old),
    )  # fmt: skip
    return held


@transaction.atomic
def remove(pk: int, *, seen: str, by: User) -> None:
    held = _hold(pk, seen)
    audit.record(
        by=by, verb="wordlist.removed", object_id=held.pk, enterprise_id=None, label=str(held), before=_figures(held)
    )
    held.delete()


def _hold(pk: int, seen: str) -> WordList:
    held = WordList.objects.select_for_update().filter(pk=pk).first()
    if held is None:
        raise NotAllowed(_("Somebody has deleted this list meanwhile."))
    if seen != token(held):
        raise NotAllowed(
            _(
                "Somebody has changed this list after you opened it, so nothing was saved. Copy what you wrote, load "
                "the page again, and put in what is missing."
            )
        )
    return held


def _save(held: WordList) -> None:
    try:
        with transaction.atomic():
            held.save()
    except IntegrityError as error:
        raise NotAllowed(_("There is a list of this theme already.")) from error


def _figures(held: WordList) -> dict[str, Any]:
    return {name: getattr(held, name) for name in FIELDS}


def _listed(words: set[str]) -> dict[str, Any]:
    return {"words": sorted(words)} if words else {}
