"""Honest workbooks, in the XML that different programs write."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import openpyxl.comments
import openpyxl.drawing.image
import PIL.Image
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet

from console.lib.sheets import letter
from sending.intake.columns import headers_digest
from tests.console.sheets import files
from tests.sending.intake.corpus import NUMBERS, PEOPLE, Maker

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STRINGS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"


def styles(format: str) -> str:
    """Style 1 has this format: "14" is a date, "49" text."""
    formats = f'<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="{format}"/></cellXfs>'
    return f'<styleSheet xmlns="{MAIN}">{formats}</styleSheet>'


Cell = Callable[[str, Any], str]


def inline(address: str, value: Any) -> str:
    """Texts in the cell itself; numbers, and whatever is an XML cell already, as they are."""
    if isinstance(value, str):
        if value.startswith("<c"):
            return value.replace("<c", f'<c r="{address}"', 1)
        return f'<c r="{address}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{address}" t="b"><v>{int(value)}</v></c>'
    return f'<c r="{address}"><v>{value}</v></c>'


def rows(table: Iterable[Sequence[Any]], cell: Cell = inline, *, attributes: str = "", first: int = 1) -> str:
    found = []
    for number, cells in enumerate(table, first):
        inner = "".join(
            cell(f"{letter(place)}{number}", value) for place, value in enumerate(cells) if value is not None
        )
        found.append(f'<row r="{number}"{attributes}>{inner}</row>')
    return "".join(found)


def sheet(body: str, *, before: str = "", after: str = "") -> bytes:
    inner = f"{before}<sheetData>{body}</sheetData>{after}"
    return f'<?xml version="1.0"?><worksheet xmlns="{MAIN}">{inner}</worksheet>'.encode()


def by_hand(body: str, *, before: str = "", after: str = "", more: Mapping[str, str] | None = None) -> Maker:
    """A workbook of one sheet; `more`: further members of the archive."""
    members = {name: data.encode() for name, data in (more or {}).items()}
    return lambda path: files.zipped(
        path, files.BASE | {files.SHEET: sheet(body, before=before, after=after)} | members
    )


def book(*cells: Any) -> Maker:
    """One column below its header; numbers are number cells, what begins with "<c" is a cell's XML."""
    return by_hand(_column(*cells))


def _column(*cells: Any) -> str:
    return rows([PEOPLE[0][:1], *([cell] for cell in cells)])


def table(*cells: Sequence[Any], format: str = "49") -> Maker:
    """Rows below the headers of number and name; cells as of `book`, those with s="1" of this format."""
    return by_hand(rows([PEOPLE[0], *cells]), more={STYLES: styles(format)})


def with_more(more: str, *cells: Any) -> Maker:
    """As `book`, and the XML of further rows."""
    return by_hand(_column(*cells) + more, more={STYLES: styles("49")})


ERROR, FAILED_LOOKUP = '<c t="e"><v>#N/A</v></c>', '<c t="e"><f>VLOOKUP(A2,X:Y,2,0)</f><v>#REF!</v></c>'
WITH_RESULT, WITHOUT_RESULT = "<c><f>B2</f><v>13800138001</v></c>", "<c><f>B2</f></c>"
TEXT_RESULT = '<c t="str"><f>B3</f><v>13800138002</v></c>'
SHARED = '<c t="str"><f t="shared" ref="A2:A3" si="0">B2</f><v>13800138000</v></c>'
SHARES = '<c t="str"><f t="shared" si="0"/><v>13800138001</v></c>'
FORMATTED_CELL = '<c s="1"><v>{}</v></c>'
LAST_ROW = '<row r="1048576" s="1" customFormat="1"><c r="A1048576" s="1"/></row>'
LAST_COLUMN = '<row r="9"><c r="XFD9" s="1"/></row>'
BEYOND = '<row r="9"><c r="XFD9"><v>1</v></c></row>'
NOWHERE = '<row r="99999999"><c r="ZZZZ99999999"><v>1</v></c></row>'
MANY_FORMATTED = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(3, 50_003))
ODD_NUMBERS = [f"<c><v>{value}</v></c>" for value in ("NaN", "1e999", "-13800138000", "13800138000.5")]
SECOND = {"sheet": "表2"}
TWICE_NUMBER = [["手机号", "手机号"], NUMBERS[:2]]
TWICE_NAME = [["手机号", "姓名", "姓名"], [NUMBERS[0], "Li", "Wang"]]
NO_NAME = [["手机号", "a", "b"], [NUMBERS[0], "x", "y"]]
FIRST_NAME = {"headers": headers_digest(["手机号", "姓名", "姓名"]), "header": True, "number": 0, "values": {"1": 1}}
AGAIN = [*PEOPLE, [NUMBERS[0], "王先生"], [NUMBERS[1], "Li Lei"]]
ONE_DIFFERS = {"duplicates": {"same": 1, "differ": 1}}
TITLED = [["三月客户"], [], ["导出于 2026-03-01"], *PEOPLE]
WITH_BLANKS = [PEOPLE[0], [], PEOPLE[1], [], [], PEOPLE[2], [" "], PEOPLE[3]]


def at_c5(path: Path) -> None:
    files.xlsx(path, PEOPLE, row=4, column=2)


def upside_down(path: Path) -> None:
    """The rows of the XML in the wrong order."""
    body = rows([PEOPLE[0][:1], *([int(number)] for number in NUMBERS)])
    files.zipped(path, files.BASE | {files.SHEET: sheet("</row>".join(body.split("</row>")[-2::-1]) + "</row>")})


def row_twice(path: Path) -> None:
    body = _column(NUMBERS[0])
    files.zipped(path, files.BASE | {files.SHEET: sheet(body + body)})


def _shared(table: Iterable[Sequence[Any]]) -> tuple[Cell, Callable[[], str]]:
    """A writer of cells whose texts stand in one place for the whole workbook, and what stands there in the end."""
    texts: dict[str, int] = {}

    def cell(address: str, value: Any) -> str:
        return f'<c r="{address}" s="1" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'

    def strings() -> str:
        items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
        return f'<sst xmlns="{MAIN}" count="{len(texts)}" uniqueCount="{len(texts)}">{items}</sst>'

    return cell, strings


def excel(path: Path) -> None:
    """Dimension, views, widths, spans, descents, shared strings, a text format with a quote prefix."""
    cell, strings = _shared(PEOPLE)
    before = '<dimension ref="A1:B4"/><sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews>'
    before += '<sheetFormatPr defaultRowHeight="14.25"/><cols><col min="1" max="1" width="14" style="1"/></cols>'
    body = rows(PEOPLE, cell, attributes=' spans="1:2" x14ac:dyDescent="0.2"')
    after = '<phoneticPr fontId="1" type="noConversion"/><pageMargins left="0.7" right="0.7" top="1" bottom="1"/>'
    data = sheet(body, before=before, after=after)
    data = data.replace(b"<worksheet ", b'<worksheet xmlns:x14ac="http://schemas.microsoft.com/office/2009/9/ac" ', 1)
    files.zipped(path, files.BASE | {files.SHEET: data, STRINGS: strings().encode(), STYLES: styles("49").encode()})


def excel_rich_text(path: Path) -> None:
    """Texts in several fonts, with the reading of a Chinese name, and an empty string."""
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>手机号</t></si><si><r><t>138</t></r><r><rPr><b/></rPr><t>00138000</t></r></si>'
        '<si><t>13800138001</t><rPh sb="0" eb="1"><t>9</t></rPh><phoneticPr fontId="1"/></si><si><t/></si></sst>'
    )
    body = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>{n - 1}</v></c></row>' for n in range(1, 5))
    files.zipped(path, files.BASE | {files.SHEET: sheet(body), STRINGS: strings.encode()})


def libreoffice(path: Path) -> None:
    """Every row says that it is not hidden; absolute targets; formatted cells without content at the end."""
    cell, strings = _shared(PEOPLE)
    attributes = (
        ' customFormat="false" ht="12.8" hidden="false" customHeight="false" outlineLevel="0" collapsed="false"'
    )
    body = rows(PEOPLE, cell, attributes=attributes)
    body += f'<row r="1048576"{attributes}><c r="A1048576" s="1"/></row>'
    before = '<sheetPr filterMode="false"><pageSetUpPr fitToPage="false"/></sheetPr><dimension ref="A1:B1048576"/>'
    before += '<sheetFormatPr defaultColWidth="11.5" defaultRowHeight="12.8" zeroHeight="false"/>'
    relations = files.RELATIONS.replace(b'Target="worksheets', b'Target="/xl/worksheets')
    members = {files.SHEET: sheet(body, before=before), STRINGS: strings().encode()}
    files.zipped(path, files.BASE | members | {"xl/_rels/workbook.xml.rels": relations})


def wps(path: Path) -> None:
    """WPS's namespaces, its element behind the rows, its pictures in cells, and its notes in the workbook."""
    cell, strings = _shared(PEOPLE)
    own = b' xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"'
    body = (
        rows(PEOPLE, cell, attributes=' spans="1:2"')
        + '<row r="5"><c r="A5" s="1" t="str"><f>A4</f><v>13800138003</v></c></row>'
    )
    data = sheet(body, after="<etc:extLst/>").replace(b"<worksheet", b"<worksheet" + own, 1)
    workbook = files.WORKBOOK.replace(
        b"</sheets>", b'</sheets><extLst><ext xmlns:x15="urn:x" uri="{140A7094-0E35-4892-8432-C4D2E57EDEB5}"/></extLst>'
    )
    pictures = b'<etc:cellImages xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"/>'
    more = {"xl/cellimages.xml": pictures, "customXml/item1.xml": b"<x/>", "docProps/custom.xml": b"<Properties/>"}
    members = {files.SHEET: data, STRINGS: strings().encode(), "xl/workbook.xml": workbook}
    files.zipped(path, files.BASE | members | more)


def prefixed(path: Path) -> None:
    """As the Open XML SDK of .NET writes: every tag with a prefix."""
    body = rows(PEOPLE)
    data = sheet(body).decode().replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    workbook = files.WORKBOOK.decode().replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    members = {
        files.SHEET: data.replace("xmlns=", "xmlns:x="),
        "xl/workbook.xml": workbook.replace("xmlns=", "xmlns:x="),
    }
    files.zipped(path, files.BASE | {name: text.encode() for name, text in members.items()})


def without_addresses(path: Path) -> None:
    def cell(_address: str, value: Any) -> str:
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    files.zipped(path, files.BASE | {files.SHEET: sheet(rows(PEOPLE, cell).replace("<row r=", "<row x="))})


def strict(path: Path) -> None:
    """ISO 29500 strict, which Excel offers as a format of its own: other namespaces."""
    old, new = b"http://schemas.openxmlformats.org/officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/"
    members = files.BASE | {files.SHEET: sheet(rows(PEOPLE))}
    files.zipped(
        path, {name: data.replace(old, new).replace(MAIN.encode(), STRICT.encode()) for name, data in members.items()}
    )


def indented(path: Path) -> None:
    data = b"\xef\xbb\xbf" + sheet(rows(PEOPLE)).replace(b"><", b">\r\n  <")
    files.zipped(path, files.BASE | {files.SHEET: data})


def streamed(path: Path) -> None:
    """Written to where one cannot go back: the sizes stand behind the members."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.parts: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.parts.append(bytes(data))
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (files.BASE | {files.SHEET: sheet(rows(PEOPLE))}).items():
            archive.writestr(name, data)
    path.write_bytes(b"".join(pipe.parts))


def stored(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (files.BASE | {files.SHEET: sheet(rows(PEOPLE))}).items():
            archive.writestr(name, data)


# By the libraries that other people's programs use


def by_openpyxl(change: Callable[[Worksheet], object] = lambda _sheet: None, table: Any = PEOPLE) -> Maker:
    def make(path: Path) -> None:
        book = openpyxl.Workbook()
        made = book.active
        assert isinstance(made, Worksheet)
        for row in table:
            made.append(row)
        change(made)
        book.save(path)

    return make


def by_xlsxwriter(path: Path) -> None:
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as made:
        made_sheet = made.add_worksheet()
        for place, row in enumerate(PEOPLE):
            made_sheet.write_row(place, 0, row)


def merged(made: Worksheet) -> None:
    """A title over both columns, and one number for two rows."""
    made.insert_rows(1)
    made["A1"] = "客户名单（电话）"
    made.merge_cells("A1:B1")
    made.merge_cells("A3:A4")


def with_notes(made: Worksheet) -> None:
    made["A2"].comment = openpyxl.comments.Comment("13900139000", "Zhou")


def with_image(made: Worksheet) -> None:
    picture = io.BytesIO()
    PIL.Image.new("RGB", (8, 8), "white").save(picture, "png")
    made.add_image(openpyxl.drawing.image.Image(picture), "A2")


def filtered(made: Worksheet) -> None:
    """Filtered down to the first name, and one row folded away."""
    made.auto_filter.ref = "A1:B4"
    made.auto_filter.add_filter_column(1, ["王女士"])
    made.row_dimensions[3].hidden = True
    made.row_dimensions.group(4, 4, hidden=True)


def hidden_column(made: Worksheet) -> None:
    made.column_dimensions["A"].hidden = True


def of_sheets(*states: str) -> Maker:
    """A sheet for each state, named 表1 and so on, each with one row more than the one before."""
    named = list(enumerate(states, 1))
    entries = "".join(f'<sheet name="表{n}" sheetId="{n}" state="{state}" r:id="rId{n}"/>' for n, state in named)
    workbook = f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}"><sheets>{entries}</sheets></workbook>'
    kind = f'Type="{RELATION}/worksheet"'
    targets = "".join(f'<Relationship Id="rId{n}" {kind} Target="worksheets/sheet{n}.xml"/>' for n, _state in named)
    members = {
        "xl/workbook.xml": workbook.encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{targets}</Relationships>'.encode(),
    }
    for n, _state in named:
        table = [["手机号"], *([str(13900000000 + 100 * n + row)] for row in range(n))]
        members[f"xl/worksheets/sheet{n}.xml"] = sheet(rows(table))
    return lambda path: files.zipped(path, files.BASE | members)


def chart_sheet_first(path: Path) -> None:
    book = openpyxl.Workbook()
    made = book.worksheets[0]
    for row in PEOPLE:
        made.append(row)
    book.create_chartsheet("Chart", 0)
    book.save(path)


def dates(*days: Any) -> Maker:
    return by_openpyxl(table=[["手机号", "日期"], *([number, day] for number, day in zip(NUMBERS, days, strict=False))])


DAYS = [datetime.date(2026, 3, 31), datetime.datetime(2026, 4, 1), datetime.time(9, 30)]
MOMENT = datetime.datetime(2026, 3, 31, 9, 30)


def in_1904(path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    made = book.worksheets[0]
    made.append(["手机号", "日期"])
    made.append([NUMBERS[0], DAYS[0]])
    book.save(path)
