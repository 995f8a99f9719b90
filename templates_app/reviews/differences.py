"""What a version changes against the one before it."""

from __future__ import annotations

import difflib
import re

from accounts.models import ReviewState
from templates_app.models import TemplateVersion

# Words and variables, of either way of writing them, are never cut.
_TOKENS = re.compile(r"\$\{[0-9A-Z_]{1,6}\}|[A-Za-z0-9]+|\s+|.", re.DOTALL)


def compared_with(version: TemplateVersion) -> TemplateVersion | None:
    """The last approved version before this one, else the one before it."""
    earlier = version.template.versions.filter(number__lt=version.number).order_by("-number")
    return earlier.filter(review_state=ReviewState.APPROVED).first() or earlier.first()


def changes(old: str, new: str) -> list[tuple[str, str]]:
    """`new` against `old` in pieces: ("same" | "ins" | "del", words)."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    pieces: list[tuple[str, str]] = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(after[j1:j2])))
            continue
        if i2 > i1:
            pieces.append(("del", "".join(before[i1:i2])))
        if j2 > j1:
            pieces.append(("ins", "".join(after[j1:j2])))
    return pieces
