"""What the check before review looks at, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from django.utils.functional import Promise

from templates_app.models.message_type import MessageType
from templates_app.models.template import VARIABLE, Brackets, Variable

Words = str | Promise
# Stands for a character of a variable's code where only the fixed words count; never part of a text that passes.
GAP = "\0"


class Level(StrEnum):
    FAULT = "fault"  # cannot be sent in
    WARN = "warn"  # may be sent in; author and reviewer see it
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the check: what was found, what to do, and where.

    `spans` are (start, end) in the text, in characters; `quotes` the words at fault, to show.
    """

    level: Level
    code: str
    words: Words
    todo: Words = ""
    spans: tuple[tuple[int, int], ...] = ()
    quotes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.level == Level.OK

    @property
    def is_fault(self) -> bool:
        return self.level == Level.FAULT

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, as one line of text."""
        return f"{self.words} {self.todo}".strip()


@dataclass(frozen=True, slots=True)
class Theme:
    """One list of words, its name in the reader's language; `refuse`: a text with one of them cannot be sent in."""

    name: str
    words: tuple[str, ...]
    refuse: bool = False


@dataclass(frozen=True)
class Subject:
    """A text with its variables and everything around it that the rules need to know."""

    text: str
    variables: tuple[Variable, ...] = ()
    type: str = MessageType.NOTIFICATION
    mainland: bool = True
    signature: str = ""  # its name, without brackets
    brackets: str = Brackets.CHINESE
    universal: bool = False
    countries: tuple[str, ...] = ()
    countries_needed: bool = (
        False  # a new international template names them; those approved before they were asked do not
    )
    themes: tuple[Theme, ...] = ()  # of this type of message
    twins: tuple[str, ...] = field(default=())  # names of other templates of the application with the same text

    @cached_property
    def codes(self) -> list[str]:
        """What stands between the braces of each variable, in order: "1", "TXT_8", "DATE"."""
        return VARIABLE.findall(self.text)

    @cached_property
    def masked(self) -> str:
        """The text with GAPs in place of the variables: as long as the text, so that places are the same."""
        return VARIABLE.sub(lambda found: GAP * len(found[0]), self.text)

    @cached_property
    def fixed(self) -> str:
        return self.masked.replace(GAP, "")
