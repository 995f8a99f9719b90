"""How texts are found that say the same as another, or nearly: functions of values, which a database can index.

`fingerprint` is the same for texts that differ in spaces, punctuation, width of characters, case or variables only.
`bands` are 16 numbers of which two texts share at least one nearly always (99 %) where half of their pairs of
characters are the same, and hardly ever where a fifth is (min-hashes of the pairs, two in a band). Which of those found
by them are really like, and how much, says `share`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib

BANDS = 16
IN_BAND = 2
_PRIME = (1 << 61) - 1
_VARIABLE = re.compile(r"\$\{[^{}]*\}")
_SILENT = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Letters and digits only, of one width and case, without the variables."""
    return _SILENT.sub("", unicodedata.normalize("NFKC", _VARIABLE.sub("", text)).casefold())


def fingerprint(text: str) -> str:
    """32 characters; empty for a text without words."""
    words = plain(text)
    return hashlib.sha256(words.encode()).hexdigest()[:32] if words else ""


def _pairs(words: str) -> set[str]:
    return {words[i : i + 2] for i in range(len(words) - 1)} or ({words} if words else set())


def _seeds(count: int) -> list[tuple[int, int]]:
    """Fixed for all time: they are in the numbers that are kept."""
    drawn = [int.from_bytes(hashlib.sha256(b"band %d" % i).digest()[:16]) for i in range(count)]
    return [((seed >> 64) % (_PRIME - 1) + 1, seed % (1 << 60)) for seed in drawn]


_SEEDS = _seeds(BANDS * IN_BAND)


def bands(text: str) -> list[int]:
    """32-bit numbers, each telling its band too; none for a text without words."""
    marks = [zlib.crc32(pair.encode()) for pair in _pairs(plain(text))]
    if not marks:
        return []
    lowest = [min((a * mark + b) % _PRIME for mark in marks) for a, b in _SEEDS]
    rows = (lowest[i : i + IN_BAND] for i in range(0, len(lowest), IN_BAND))
    return [zlib.crc32(f"{band}:{row}".encode()) - (1 << 31) for band, row in enumerate(rows)]


def share(one: str, other: str) -> float:
    """How much of two texts' pairs of characters is the same, 0 to 1."""
    a, b = _pairs(plain(one)), _pairs(plain(other))
    return len(a & b) / len(a | b) if a and b else 0.0
