"""What must not be kept or shown in full: phone numbers and secret links, and values whose key names a secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

NUMBER = re.compile(r"(?<!\d)(\+?\d{3})\d{2,8}(\d{4})(?!\d)")
# A mainland number as people write it, 138 0013 8000.
SPACED = re.compile(r"(?<!\d)(1[3-9]\d)[ -]\d{4}[ -](\d{4})(?!\d)")
# A step of an address that is as long as a secret: the link of an invitation, of a new password, of a confirmation.
SECRET_STEP = re.compile(r"(?<=/)[\w:-]{32,}(?=/|\s|$|[\"'?])")
HIDDEN = "…"


def mask(text: str) -> str:
    """Phone-like runs of digits keep three digits in front and four behind."""
    return NUMBER.sub(r"\1****\2", SPACED.sub(r"\1****\2", text))


def clean(value: Any, is_secret: Callable[[str], bool]) -> Any:
    """`value` with numbers masked at every depth, and `HIDDEN` in place of what a secret key holds."""
    if isinstance(value, str):
        return mask(SECRET_STEP.sub(HIDDEN, value))
    if isinstance(value, dict):
        return {
            clean(key, is_secret): HIDDEN if is_secret(str(key)) else clean(item, is_secret)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set):
        return [clean(item, is_secret) for item in value]
    return value
