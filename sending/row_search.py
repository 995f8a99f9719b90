"""Finding rows of a job: by a number however it is written, whole or its beginning; by the row of the spreadsheet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sending.intake import labels
from sending.models import JobFile, Message, SendJob
from sending.models.message import MessageQuerySet

# All that people put between digits; what else stands there makes it no number.
_BETWEEN = re.compile(r"[\s\-()\[\].'’`\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_NUMBER = re.compile(r"(\+|00)?([0-9]{1,15})").fullmatch


def beginning(text: str, *, mainland: bool) -> str:
    """How the numbers meant by `text` begin in E.164; empty where it is no number."""
    match = _NUMBER(_BETWEEN.sub("", unicodedata.normalize("NFKC", text)))
    if not match:
        return ""
    coded, digits = match.groups()
    if coded or not mainland:
        return f"+{digits}"
    # No mobile number of the mainland begins with 86.
    return f"+86{digits.removeprefix('86')}"


def with_number(rows: MessageQuerySet, job: SendJob, start: str) -> MessageQuerySet:
    """Those of `rows` whose number begins with `start`, by the index of numbers."""
    return rows.filter(enterprise_id=job.enterprise_id, number__startswith=start).exclude(number="")


def at_row(files: Iterable[JobFile], text: str) -> list[int]:
    """Ids of the rows that the spreadsheet calls `text`: "17" in every file, "17 (2)" in the second. One statement.

    A row stands at most as far behind its file's first as its number says, and blank rows only bring it closer: so it
    is looked for from there backwards.
    """
    found = labels.parse(text)
    if found is None:
        return []
    number, row = found
    places = [
        Message.objects.filter(id__gte=file.first_id, id__lt=min(file.first_id + row, file.end_id), row__lte=row)
        .order_by("-id")
        .values_list("id", "row")[:1]
        for file in files
        if "(" not in unicodedata.normalize("NFKC", text) or file.number == number
    ]
    if not places:
        return []
    rows = places[0] if len(places) == 1 else places[0].union(*places[1:], all=True)
    return [pk for pk, at in rows if at == row]
