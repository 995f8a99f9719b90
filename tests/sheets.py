"""Spreadsheets for journeys: quick to make, with real-looking rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import xlsxwriter


def people(path: Path, *, rows: int, first: int = 13800000000, header: bool = True) -> list[str]:
    """An .xlsx with number, name and amount in each row; returns the numbers. None ends in a scripted way."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet("People")
    if header:
        sheet.write_row(0, 0, ["手机号", "姓名", "金额"])
    numbers = []
    for row, number in zip(range(rows), unscripted(first), strict=False):
        sheet.write_row(row + header, 0, [number, f"客户{row}", f"{row % 900 + 1}.50"])
        numbers.append(number)
    book.close()
    return numbers


def unscripted(first: int) -> Iterator[str]:
    """Numbers from `first` on, but for those to which the simulator ends in a way of their own."""
    return (str(number) for number in count(first) if not 90001 <= number % 100_000 <= 90019)


@dataclass(frozen=True, slots=True)
class Flawed:
    """What stands in a sheet of `flawed`: `good` rows as they are, `repaired` ones, and of each flaw `of_each` rows."""

    rows: int
    of_each: int
    numbers: list[str]  # of the good and the repaired rows, in their order

    @property
    def repaired(self) -> int:
        return self.of_each

    @property
    def refused(self) -> int:
        return self.of_each * len(FLAWS)

    @property
    def good(self) -> int:
        return self.rows - self.repaired - self.refused


# What a page calls each flaw, and the row of each thousand that has it.
FLAWS = {
    "Number too short": 101,
    "Digits lost by the spreadsheet": 203,
    "A variable has no value": 307,
    "Number already in an earlier row": 409,
    "Hidden row": 503,
}
REPAIRED = 607


def flawed(path: Path, *, rows: int, first: int = 13700000000) -> Flawed:
    """An .xlsx below a title, with headings that say nothing and a column that is not needed; `rows`, a multiple of
    1,000, with one of each flaw in every thousand.
    """
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet("Members")
    sheet.write_row(0, 0, ["Members of spring"])
    sheet.write_row(1, 0, ["phone", "col1", "col2", "remark"])
    numbers: list[str] = []
    fresh = unscripted(first)
    for row in range(rows):
        place, amount = row % 1_000, f"{row % 900 + 1}.50"
        good = place == REPAIRED or place not in FLAWS.values()
        if good:
            numbers.append(next(fresh))
            number = f"+86 {numbers[-1]}" if place == REPAIRED else numbers[-1]
        elif place == FLAWS["Number too short"]:
            number = "1370000"
        elif place == FLAWS["Digits lost by the spreadsheet"]:
            number = "1.37E+10"
        elif place == FLAWS["Number already in an earlier row"]:
            number = numbers[-1]
        else:
            number = next(fresh)
            amount = "" if place == FLAWS["A variable has no value"] else amount
        if place == FLAWS["Hidden row"]:
            sheet.set_row(row + 2, None, None, {"hidden": True})
        sheet.write_row(row + 2, 0, [number, amount, f"客户{row}", "seen" if place else ""])
    book.close()
    return Flawed(rows, rows // 1_000, numbers)
