"""Spreadsheets for journeys: quick to make, with real-looking rows."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter


def people(path: Path, *, rows: int, first: int = 13800000000, header: bool = True) -> list[str]:
    """An .xlsx with number, name and amount in each row; returns the numbers. None ends in a scripted way."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet("People")
    if header:
        sheet.write_row(0, 0, ["手机号", "姓名", "金额"])
    numbers = []
    number = first
    for row in range(rows):
        while 90001 <= number % 100_000 <= 90019:
            number += 1
        sheet.write_row(row + header, 0, [str(number), f"客户{row}", f"{row % 900 + 1}.50"])
        numbers.append(str(number))
        number += 1
    book.close()
    return numbers
