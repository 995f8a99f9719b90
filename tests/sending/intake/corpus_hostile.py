"""Files that lie, swell, or ask for what is not theirs."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from tests.console.sheets import files
from tests.sending.intake.corpus import PEOPLE, Maker
from tests.sending.intake.corpus_books import MAIN, STRINGS, rows, sheet

_XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_LAUGHS = "<!DOCTYPE x [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
)
MACRO_TYPE = b'<Types x="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/>'
UTF_16 = sheet(rows(PEOPLE)).decode().encode("utf-16")
ODS = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}
XLSB = {"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"x"}
DOCX = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}
_CELL = '<c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c>'


def archive(changed: Mapping[str, bytes]) -> Maker:
    """A good workbook with some members changed or added."""
    return lambda path: files.zipped(path, files.BASE | {files.SHEET: sheet(rows(PEOPLE))} | dict(changed))


def zipped(members: Mapping[str, bytes]) -> Maker:
    return lambda path: files.zipped(path, dict(members))


def _declared(data: bytes, doctype: str) -> bytes:
    head, _, rest = data.partition(b"?>")
    return head + b"?>" + doctype.encode() + rest


def _row(entity: str) -> bytes:
    return sheet(rows(PEOPLE) + '<row r="5">' + _CELL.format(n=5, text=entity) + "</row>")


def entity_in_sheet(doctype: str, entity: str) -> Maker:
    return lambda path: files.zipped(path, files.BASE | {files.SHEET: _declared(_row(entity), doctype)})


def entity_in_strings(doctype: str, entity: str) -> Maker:
    def make(path: Path) -> None:
        strings = f'<?xml version="1.0"?><sst xmlns="{MAIN}"><si><t>手机号</t></si><si><t>{entity}</t></si></sst>'
        body = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
        body += '<row r="3"><c r="A3"><v>13800138000</v></c></row>'
        members = {files.SHEET: sheet(body), STRINGS: _declared(strings.encode(), doctype)}
        files.zipped(path, files.BASE | members)

    return make


def entity_in_workbook(doctype: str, entity: str) -> Maker:
    book = _declared(files.WORKBOOK, doctype).replace(b'name="S"', f'name="{entity}"'.encode())
    return archive({"xl/workbook.xml": book})


XXE = (_XXE, "&e;")
LAUGHS = (_LAUGHS, "&a9;")


def bomb(declared: int) -> Maker:
    return lambda path: files.bomb(path, 3 << 30, declared=declared)


def cut_short(path: Path) -> None:
    whole = files.zipped(path, files.BASE | {files.SHEET: sheet(rows(PEOPLE))}).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])


def lying(change: int) -> Maker:
    """The sheet's size in the directory is wrong by so many bytes."""

    def make(path: Path) -> None:
        data = bytearray(files.zipped(path, files.BASE | {files.SHEET: sheet(rows(PEOPLE))}).read_bytes())
        entry = data.rfind(b"PK\x01\x02", 0, data.rfind(files.SHEET.encode()))
        (size,) = struct.unpack_from("<L", data, entry + 24)
        struct.pack_into("<L", data, entry + 24, size + change)
        path.write_bytes(data)

    return make


def twice(path: Path) -> None:
    """Two members of one name; which of them is the sheet?"""
    other = "xl/worksheets/sheet2.xml"
    files.zipped(path, files.BASE | {files.SHEET: sheet(rows(PEOPLE)), other: sheet(rows(PEOPLE[:2]))})
    path.write_bytes(path.read_bytes().replace(other.encode(), files.SHEET.encode()))


def encrypted_member(path: Path) -> None:
    data = bytearray(files.zipped(path, files.BASE | {files.SHEET: sheet(rows(PEOPLE))}).read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.find(signature) + offset] |= 1
    path.write_bytes(data)


def pointing(target: str) -> Maker:
    """The workbook says that its sheet is elsewhere."""
    relations = files.RELATIONS.replace(b"worksheets/sheet1.xml", target.encode())
    return archive({"xl/_rels/workbook.xml.rels": relations})


def ole2(stream: str) -> Maker:
    return lambda path: files.ole2(path, stream)
