"""Tables of any length as xlsx: rows go straight into the archive, nothing is kept, every cell is text (CWE-1236).

`writer` writes sheets with formats and lists to choose from; this one is several times faster and needs no room for the
unpacked sheet, neither in memory nor on the disk.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, BinaryIO
from xml.sax.saxutils import escape, quoteattr

from xlsxwriter.utility import xl_col_to_name

ROWS_MAX = 1_048_575  # of a sheet, below its row of headers
# Unpacked; from 2 GiB on an entry would need the 64 bit form of zip, which not every spreadsheet program reads.
BYTES_MAX = 3 << 29
CELL_MAX = 32_767  # characters, Excel's limit
_LEVEL = 3  # of compression: twice as fast as the usual one for a file a tenth larger
_BATCH = 500  # rows written at a time
_SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Markup, what XML cannot hold, blanks at an end (which are dropped without `xml:space`), and what Excel would unescape.
_SPECIAL = re.compile(r"[&<>\x00-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|^\s|\s$")
_UNHOLDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
# Text format: what is typed into such a cell later is not taken for a formula either.
_STYLES = (
    f"{_HEAD}<styleSheet {_SHEET}>"
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def write_xlsx(file: BinaryIO, name: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """The table as an xlsx of one sheet called `name`, and of further ones ("name 2") where it is too long for one;
    the number of sheets. `file` is open for writing bytes and can be sought in.
    """
    waiting = iter(rows)
    sheets = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as book:
        _write_frame(book)
        first: Sequence[str] | None = next(waiting, None)
        while first is not None or not sheets:
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                first = _write_sheet(sheet, headers, first, waiting)
        _write_book(book, [name if number == 1 else f"{name} {number}" for number in range(1, sheets + 1)])
    return sheets


def _write_sheet(
    sheet: IO[bytes], headers: Sequence[str], first: Sequence[str] | None, waiting: Iterator[Sequence[str]]
) -> Sequence[str] | None:
    """As many rows as one sheet holds; the row with which the next one begins."""
    sheet.write(_opening(headers).encode())
    letters = [xl_col_to_name(index) for index in range(len(headers))]
    after, size, pieces = None, 0, []
    for number, row in enumerate(chain([first] if first is not None else [], waiting), 2):
        if number > ROWS_MAX + 1 or size > BYTES_MAX:
            after = row
            break
        pieces.append(_row(number, letters, row))
        if len(pieces) == _BATCH:
            size += sheet.write("".join(pieces).encode())
            pieces.clear()
    sheet.write(("".join(pieces) + "</sheetData></worksheet>").encode())
    return after


def _opening(headers: Sequence[str]) -> str:
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{min(max(12, 2 * len(header) + 2), 60)}" style="1" customWidth="1"/>'
        for place, header in enumerate(headers, 1)
    )
    cells = "".join(
        f'<c r="{xl_col_to_name(index)}1" s="2" t="inlineStr"><is><t xml:space="preserve">{_text(header)}</t></is></c>'
        for index, header in enumerate(headers)
    )
    return (
        f'{_HEAD}<worksheet {_SHEET}><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
        f' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{columns}</cols>'
        f'<sheetData><row r="1">{cells}</row>'
    )


def _row(number: int, letters: Sequence[str], row: Sequence[str]) -> str:
    cells = [
        f'<c r="{letter}{number}" s="1" t="inlineStr"><is><t>{text}</t></is></c>'
        if len(text) <= CELL_MAX and not _SPECIAL.search(text)
        else f'<c r="{letter}{number}" s="1" t="inlineStr"><is><t xml:space="preserve">{_text(text)}</t></is></c>'
        for letter, text in zip(letters, row, strict=True)
        if text
    ]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _text(text: str) -> str:
    """`text` as XML, and what XML cannot hold as Excel writes it: _x0000_."""
    held = _UNHOLDABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text[:CELL_MAX])
    return escape(held).replace("\r", "&#13;")


def _write_frame(book: zipfile.ZipFile) -> None:
    """What stands before the sheets, as whoever tells files by their beginning expects: what kinds of parts there are.

    How many sheets come is not known yet, so a part is a sheet unless it is said to be something else.
    """
    book.writestr(
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="{_KIND}.worksheet+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    )
    book.writestr(
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    book.writestr("xl/styles.xml", _STYLES)


def _write_book(book: zipfile.ZipFile, names: Sequence[str]) -> None:
    """Which sheets there are."""
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{place}" r:id="rId{place}"/>' for place, name in enumerate(names, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{place}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{place}.xml"/>'
        for place in range(1, len(names) + 1)
    )
    styles = f'<Relationship Id="rId{len(names) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    book.writestr(
        "xl/workbook.xml",
        f'{_HEAD}<workbook {_SHEET} xmlns:r="{_RELATIONS}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets></workbook>",
    )
    book.writestr(
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}{styles}</Relationships>',
    )
