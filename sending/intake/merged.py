"""What the checks of several files found, as if they were one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sending.models import JobFile

_SUMMED = ("good", "repaired", "refused", "hidden", "segments_total", "total", "seconds")
_COUNTED = ("segments", "alphabets", "countries", "duplicates")
_GREATEST = ("longest", "costliest")


def summary_of(files: Iterable[JobFile]) -> dict[str, Any]:
    """As `intake.summary.Summary`, without the columns; examples and the longest message name their file.

    `id_offset` counts from the job's first row.
    """
    found: dict[str, Any] = dict.fromkeys(_SUMMED, 0)
    counted: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
    examples: dict[str, dict[str, Any]] = {"problems": {}, "repairs": {}}
    for file in files:
        for name in _SUMMED:
            found[name] += file.summary.get(name, 0)
        for name, counter in counted.items():
            counter.update(file.summary.get(name, {}))
        for name, held in examples.items():
            _examples(held, file.summary.get(name, {}), file.number)
        for name in _GREATEST:
            _greatest(found, name, file)
        if why := file.summary.get("why_ucs2"):
            found.setdefault("why_ucs2", why | {"file": file.number})
    return found | {name: dict(counter) for name, counter in counted.items()} | examples


def _examples(held: dict[str, Any], further: dict[str, Any], number: int) -> None:
    """Rows add up; the example is of the first file that has one."""
    for code, what in further.items():
        example = what.get("example") or {}
        before = held.setdefault(code, {"n": 0, "example": example | {"file": number} if example else {}})
        before["n"] += what["n"]


def _greatest(found: dict[str, Any], name: str, file: JobFile) -> None:
    row = file.summary.get(name)
    if row and _size(name, row) > _size(name, found.get(name)):
        found[name] = row | {"file": file.number}
        if "id_offset" in row:
            found[name]["id_offset"] = row["id_offset"] + file.first


def _size(name: str, row: dict[str, Any] | None) -> tuple[int, ...]:
    by = ("characters", "segments") if name == "longest" else ("segments", "characters")
    return tuple(row.get(what, 0) for what in by) if row else (-1, -1)
