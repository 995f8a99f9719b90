"""Spreadsheets in and out: what is really in a file (`archive`), its rows (`reader`), its hidden rows and error cells
(`marks`), and writing sheets whose every cell is text (`writer`). Hostile files are expected: read them in a limited
process only.
"""

from console.lib.sheets.fault import Code, SheetFault
from console.lib.sheets.reader import Cell, Sheet, as_text, letter, open_sheet
from console.lib.sheets.writer import Writer, write_rows

__all__ = ["Cell", "Code", "Sheet", "SheetFault", "Writer", "as_text", "letter", "open_sheet", "write_rows"]
