"""Saying one thing in both languages at once, for what is stored and read later by others."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.functional import Promise


def both(words: Promise, **facts: object) -> dict[str, Any]:
    """`{"reason": English, "reason_zh": Chinese}` of a lazy sentence, as reviews store what is said to applicants."""
    said = {}
    for key, language in (("reason", "en"), ("reason_zh", "zh-hans")):
        with translation.override(language):
            said[key] = str(words) % facts if facts else str(words)
    return said
