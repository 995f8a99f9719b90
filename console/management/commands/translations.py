"""`manage.py translations update | compile | check`: the Chinese of every string, without the gettext programs.

`update` collects the strings of code and templates into the .po file and keeps what is translated; `compile` writes the
.mo that Django reads; `check` fails with a list when a string has no translation or one that does not fit.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

ROOTS = ("console", "accounts", "templates_app", "sending", "statistics")
LOCALE = "zh_Hans"
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_STRING = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
# What templatize leaves of a template: calls with literal strings between blanked-out text.
_CALL = re.compile(rf"(?<![\w.])(n?p?gettext|_)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)", re.DOTALL)
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")

# (context, singular, plural): what tells two strings apart
Key = tuple[str | None, str, str | None]


def strings(base: Path) -> dict[Key, set[str]]:
    """Every marked string under `base`, with the files it stands in."""
    found: dict[Key, set[str]] = {}
    for root in ROOTS:
        for path in sorted((base / root).rglob("*")):
            if path.suffix == ".py" and "migrations" not in path.parts:
                keys = _of_code(path)
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:  # mails are text
                keys = _of_template(path)
            else:
                continue
            for key in keys:
                found.setdefault(key, set()).add(path.relative_to(base).as_posix())
    return found


def _of_code(path: Path) -> Iterator[Key]:
    for _line, message, _comments, context in extract_from_file("python", path, keywords=KEYWORDS):
        if isinstance(message, tuple):
            yield context, message[0], message[1]
        elif message:
            yield context, message, None


def _of_template(path: Path) -> Iterator[Key]:
    for name, literals in _CALL.findall(templatize(path.read_text("utf-8"), origin=str(path))):
        words = list(ast.literal_eval(f"({literals},)"))
        context = words.pop(0) if "p" in name.removesuffix("gettext") else None
        if words and words[0]:
            yield context, words[0], words[1] if len(words) > 1 else None


def po_path(base: Path) -> Path:
    return base / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def read(base: Path) -> Catalog:
    path = po_path(base)
    if not path.exists():
        return _empty()
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def _empty() -> Catalog:
    header = "# Simplified Chinese of the console. Made by `manage.py translations update`; translate by hand."
    return Catalog(
        locale=LOCALE,
        header_comment=header,
        project="Group SMS Console",
        version="0.1",
        creation_date=BEGUN,  # a date of the day would change the file at every update
        revision_date=BEGUN,
        last_translator="the project",
        msgid_bugs_address="the project",
        language_team="the project",
        charset="utf-8",
        fuzzy=False,
    )


def _key(message: Message) -> Key:
    if isinstance(message.id, tuple):
        return message.context, message.id[0], message.id[1]
    return message.context, str(message.id), None


def merged(base: Path) -> Catalog:
    """A catalogue of exactly the strings in the code, with the translations there were."""
    known = {_key(message): message for message in read(base) if message.id}
    fresh = _empty()
    for key, files in sorted(strings(base).items(), key=lambda item: (sorted(item[1])[0], item[0][1])):
        context, singular, plural = key
        old = known.get(key)
        fresh.add(
            (singular, plural) if plural else singular,
            old.string if old else None,
            locations=[(file, 0) for file in sorted(files)],
            flags={"fuzzy"} if old and old.fuzzy else set(),
            user_comments=old.user_comments if old else (),
            context=context,
        )
    return fresh


def faults(base: Path) -> list[str]:
    """What is wrong with the translation, one line each."""
    wanted, kept = strings(base), {_key(message): message for message in read(base) if message.id}
    lines = [
        f"not in the .po file: {key[1]!r} ({', '.join(sorted(wanted[key]))})" for key in wanted.keys() - kept.keys()
    ]
    lines += [f"no longer in the code: {key[1]!r}" for key in kept.keys() - wanted.keys()]
    for key in wanted.keys() & kept.keys():
        lines += [f"{fault}: {key[1]!r}" for fault in _message_faults(kept[key])]
    return sorted(lines)


def _message_faults(message: Message) -> Iterator[str]:
    ids = [str(words) for words in (message.id if isinstance(message.id, (tuple, list)) else [message.id])]
    given = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    translations = [str(words or "") for words in given]
    if message.fuzzy:
        yield "fuzzy"
    if not all(translations):
        yield "not translated"
        return
    allowed = [set(_PLACEHOLDER.findall(words)) for words in ids]
    for words in translations:
        if set(_PLACEHOLDER.findall(words)) not in allowed:
            yield "placeholders differ"


class Command(BaseCommand):
    help = "Collect, compile and check the translations."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("deed", choices=["update", "compile", "check"])

    def handle(self, *args: Any, deed: str, **options: Any) -> None:
        deeds = {"update": self.update_po, "compile": self.write_mo, "check": self.check_po}
        deeds[deed](Path(settings.BASE_DIR))

    def update_po(self, base: Path) -> None:
        catalogue = merged(base)
        path = po_path(base)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, include_lineno=False, omit_header=False)
        open_ones = sum(not message.string or not all(message.string) for message in catalogue if message.id)
        self.stdout.write(f"{len(catalogue)} strings, {open_ones} without a translation: {path}")

    def write_mo(self, base: Path) -> None:
        path = po_path(base).with_suffix(".mo")
        with path.open("wb") as file:
            write_mo(file, read(base))
        self.stdout.write(f"Written: {path}")

    def check_po(self, base: Path) -> None:
        if lines := faults(base):
            raise CommandError(
                "\n".join([*lines, f"{len(lines)} faults. `manage.py translations update`, then translate."])
            )
        self.stdout.write("Every string is translated.")
