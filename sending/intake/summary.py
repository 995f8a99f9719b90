"""The shape of what a check found: `SendJob.summary`, as the child reports it and pages read it."""

from __future__ import annotations

from typing import TypedDict


class Example(TypedDict, total=False):
    row: int  # as the spreadsheet counts it
    raw: str  # the number cell as it was, masked
    number: str  # what became of it, masked; of repairs only
    detail: str  # what the problem's sentence needs; of problems only


class Found(TypedDict):
    n: int  # rows
    example: Example


class Longest(TypedDict, total=False):
    """The longest message of the file; without a row where all messages are alike."""

    row: int
    id_offset: int  # its message's id less the job's first_id
    segments: int
    characters: int


class Mapped(TypedDict):
    number: str  # header of the column, or its letter where it has none
    values: dict[str, str]  # variable's name: header


class Summary(TypedDict):
    """`total` = `good` + `repaired` + `refused`; what will be sent is `good` + `repaired`."""

    columns: Mapped
    found_by: Mapped  # the same shape: how each was found, see intake.columns
    unread: list[str]  # names of the further visible sheets that hold something
    headers: list[str]  # of all columns of the sheet
    repairs: dict[str, Found]  # by Repair bit, of rows that will be sent; a row with two repairs is in both
    problems: dict[str, Found]  # by Problem, most frequent first
    segments: dict[str, int]  # segments of a message: rows that will be sent
    segments_total: int
    longest: Longest
    total: int
    good: int  # sendable as they are
    repaired: int  # sendable after a repair
    refused: int  # the hidden ones included
    hidden: int
    seconds: float  # the check took, without storing
    memory: int  # bytes, highest resident size of the process that read the file
