"""Words that tell what a text is about, from the lists that administrators keep (product reference, 4.3)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.utils.translation import gettext as _

from templates_app.rules.result import Level, Result, Subject, Theme


def folded(text: str) -> str:
    """Width, capitals and blanks make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=8192)
def _latin(word: str) -> re.Pattern[str]:
    """Latin words stand alone: "bar" is not in "barcode". Blanks between them are free, and so is a plural."""
    parts = [re.escape(part) for part in word.split()]
    return re.compile(r"(?<![a-z0-9])" + r"[\s\-]{0,4}".join(parts) + r"(?:s|es)?(?![a-z0-9])")


class Folded:
    """A text in the forms that words are looked for in, each character with its place in the text."""

    def __init__(self, text: str) -> None:
        wide = [(c, place) for place, character in enumerate(text) for c in _fold(character)]
        self.loose, self._loose = "".join(c for c, _p in wide), [place for _c, place in wide]
        tight = [(c, place) for c, place in wide if not c.isspace()]
        self.tight, self._tight = "".join(c for c, _p in tight), [place for _c, place in tight]

    def find(self, word: str) -> tuple[int, int] | None:
        """(start, end) in the text of the first place that has `word`."""
        plain = unicodedata.normalize("NFKC", word).casefold().strip()
        if not plain:
            return None
        if plain.isascii():
            found = _latin(plain).search(self.loose)
            return (self._loose[found.start()], self._loose[found.end() - 1] + 1) if found else None
        close = "".join(plain.split())
        at = self.tight.find(close)
        return (self._tight[at], self._tight[at + len(close) - 1] + 1) if at >= 0 else None


def _fold(character: str) -> str:
    return unicodedata.normalize("NFKC", character).casefold()


def found(text: str, themes: Iterable[Theme]) -> Iterator[tuple[Theme, list[tuple[int, int]]]]:
    """Each theme that `text` is about, with the places of its words."""
    shape = Folded(text)
    for theme in themes:
        places = sorted({place for word in theme.words if (place := shape.find(word))})
        if places:
            yield theme, places


def check(it: Subject) -> Iterator[Result]:
    for theme, places in found(it.masked, it.themes):
        quotes = tuple(dict.fromkeys(it.text[start:end] for start, end in places))
        if theme.refuse:
            words = _("Forbidden subject: %(theme)s.") % {"theme": theme.name}
            todo = _("Messages about it are not sent. Take these words out.")
            yield Result(Level.FAULT, "theme", words, todo, tuple(places), quotes)
        else:
            words = _("Sensitive subject: %(theme)s.") % {"theme": theme.name}
            todo = _(
                "Reviewers look closely. Use other words if the message is not about it; else say in the purpose why."
            )
            yield Result(Level.WARN, "theme", words, todo, tuple(places), quotes)
