"""What a signature's name may be (product reference, 3.1)."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

NAME_MIN, NAME_MAX = 2, 32
BRACKETS = frozenset("【】[]［］〔〕「」『』()（）<>《》{}")


def is_han(character: str) -> bool:
    return "㐀" <= character <= "䶿" or "一" <= character <= "鿿"


def shown(character: str) -> str:
    """A character as a message can name it: what is invisible or turns the text around by its number."""
    unseen = unicodedata.category(character)[0] in "CZM"
    return f"U+{ord(character):04X}" if unseen else f"“{character}”"


def check_name(name: str) -> None:
    """Raises ValidationError, which says what is wrong with it and what to do."""
    if not BRACKETS.isdisjoint(name):
        raise ValidationError(_("Leave the brackets out; they come by themselves."), code="brackets")
    wrong = next((c for c in name if not (c.isascii() and c.isalnum()) and not is_han(c)), None)
    if wrong is not None:
        words = _("%(character)s cannot be in a signature. Use Chinese characters, letters A to Z and digits only.")
        raise ValidationError(words, code="character", params={"character": shown(wrong)})
    if not NAME_MIN <= len(name) <= NAME_MAX:
        words = _("The name has %(n)s characters; a signature has %(least)s to %(most)s.")
        raise ValidationError(words, code="length", params={"n": len(name), "least": NAME_MIN, "most": NAME_MAX})
    if name.isdigit():
        raise ValidationError(_("A signature cannot be digits only. Add a word that says who sends."), code="digits")
