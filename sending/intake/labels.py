"""How a row is called in a job of several files: "17" in the first, "17 (2)" in the second. Knows no Django."""

from __future__ import annotations

import re
import unicodedata

_LABEL = re.compile(r"([0-9]{1,9})\s*(?:\(\s*([0-9]{1,4})\s*\))?").fullmatch
_FILE_SHIFT = 32


def label(row: int, file: int = 1) -> str:
    """`file` counts from 1."""
    return str(row) if file == 1 else f"{row} ({file})"


def parse(text: str) -> tuple[int, int] | None:
    """(file, row) of a label as it may come back from a spreadsheet; None for anything else."""
    match = _LABEL(unicodedata.normalize("NFKC", text).strip())
    if not match or not int(match[1]) or match[2] and not int(match[2]):
        return None
    return int(match[2] or 1), int(match[1])


def packed(row: int, file: int = 1) -> int:
    """Both in one negative number, which stands beside the plain rows of the file being read."""
    return -(row + (file - 1 << _FILE_SHIFT))


def unpacked(number: int) -> str:
    """The label that was `packed`."""
    return label(-number & (1 << _FILE_SHIFT) - 1, (-number >> _FILE_SHIFT) + 1)
