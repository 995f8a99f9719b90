"""The shapes of what a check found: what the child reports of a file, and pages read."""

from __future__ import annotations

from typing import Any, TypedDict


class Example(TypedDict, total=False):
    row: int  # as the spreadsheet counts it
    raw: str  # the number cell as it was, masked
    number: str  # what became of it, masked; of repairs only
    detail: str  # what the problem's sentence needs; of problems only


class Found(TypedDict):
    n: int  # rows
    example: Example


class Longest(TypedDict, total=False):
    """One message of the file; without a row where all are alike."""

    row: int
    id_offset: int  # its message's id less that of the file's first row
    segments: int
    characters: int


class Mapped(TypedDict):
    number: str  # header of the column, or its letter where it has none
    values: dict[str, str]  # variable's name: header


class Mapping(TypedDict):
    """What to remember of the choice, as `child.Spec.remembered` takes it; columns count from 0 for A."""

    headers: str  # digest, the same as in `Preview`
    header: bool
    number: int
    values: dict[str, int]  # variable's name: column


# The first character that GSM-7 lacks, in a job that GSM-7 would be cheaper for. "row" is 0 where the text itself has
# it; "in" is "text" or the variable's name.
WhyUcs2 = TypedDict("WhyUcs2", {"character": str, "row": int, "in": str}, total=False)


class Duplicates(TypedDict):
    """Of the refused duplicates of rows in this file."""

    same: int  # their message is the kept row's
    differ: int


class Preview(TypedDict):
    """The top of the sheet, told before the columns are: a person may have to choose them. At most 60 columns."""

    sheet: str  # its name; empty of a csv
    sheets: list[dict[str, Any]]  # all of the workbook: {"name", "hidden": bool, "filled": bool}
    header: bool  # it has a row of headers
    header_row: int  # as the spreadsheet counts it; 0 where there is none
    headers: list[str]  # of each column, or its letter
    titled: bool  # rows of a title stand above the headers
    first_column: int  # what `headers` and `rows` begin with; 0 for A
    rows: list[list[Any]]  # the first five below the headers: [row number, [texts cut at 60 characters]]
    digest: str  # of the headers


class Summary(TypedDict):
    """`total` = `good` + `repaired` + `refused`; what will be sent is `good` + `repaired`."""

    columns: Mapped
    found_by: Mapped  # the same shape: how each was found, see intake.columns
    mapping: Mapping
    unread: list[str]  # names of the further visible sheets that hold something
    headers: list[str]  # of all columns of the sheet
    repairs: dict[str, Found]  # by Repair bit, of rows that will be sent; a row with two repairs is in both
    problems: dict[str, Found]  # by Problem, most frequent first
    segments: dict[str, int]  # segments of a message: rows that will be sent
    segments_total: int
    alphabets: dict[str, int]  # "gsm7" and "ucs2": rows that will be sent
    why_ucs2: WhyUcs2  # empty where all are GSM-7, and of mainland jobs, which never are
    countries: dict[str, int]  # ISO code: rows that will be sent, most first
    longest: Longest  # most characters
    costliest: Longest  # most segments, then most characters
    duplicates: Duplicates
    corrects: int  # refused rows of earlier files that this one stands for
    total: int
    good: int  # sendable as they are
    repaired: int  # sendable after a repair
    refused: int  # the hidden ones included
    hidden: int
    seconds: float  # the check took, without storing
    memory: int  # bytes, highest resident size of the process that read the file
