"""Files as bytes: honest and hostile ones, made by hand where a writer would refuse."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter

TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
WORKBOOK = (
    b'<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    b'<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    b'Target="worksheets/sheet1.xml"/></Relationships>'
)
ROOT = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    b'Target="xl/workbook.xml"/></Relationships>'
)
SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FOOT = b"</sheetData></worksheet>"
BASE = {
    "[Content_Types].xml": TYPES,
    "_rels/.rels": ROOT,
    "xl/workbook.xml": WORKBOOK,
    "xl/_rels/workbook.xml.rels": RELATIONS,
}


def xlsx(
    path: Path, rows: Iterable[Iterable[object]], *, row: int = 0, column: int = 0, hide: Iterable[int] = ()
) -> Path:
    """A workbook whose cells begin at (`row`, `column`), counted from 0; `hide`: row numbers as Excel shows them."""
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for r, cells in enumerate(rows, row):
            for c, value in enumerate(cells, column):
                if value is not None:
                    sheet.write_string(r, c, value) if isinstance(value, str) else sheet.write(r, c, value)
        for number in hide:
            sheet.set_row(number - 1, None, None, {"hidden": True})
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def by_hand(path: Path, body: bytes, **more: bytes) -> Path:
    """A workbook around the rows `body`."""
    return zipped(path, BASE | {SHEET: HEAD + body + FOOT} | more)


def blanks(length: int) -> bytes:
    """A raw deflate stream of `length` blanks, made in no time: one flushed block, many times over."""
    step = 64 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * step) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (length // step) + packer.flush()


def bomb(path: Path, length: int, *, declared: int) -> Path:
    """A workbook whose sheet really unpacks to `length` bytes and says `declared`."""
    packed = blanks(length)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in BASE.items():
            archive.writestr(name, data)
        # Reserve a member's place, then put the packed bytes there by hand.
        info = zipfile.ZipInfo(SHEET)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.header_offset = buffer.tell()
        info.file_size, info.compress_size, info.CRC = declared, len(packed), 0
        encoded = SHEET.encode()
        sizes = struct.pack("<LLL", 0, len(packed) & 0xFFFFFFFF, min(declared, 0xFFFFFFFF))
        buffer.write(b"PK\x03\x04" + struct.pack("<HHHHH", 45, 0, 8, 0, 33) + sizes)
        buffer.write(struct.pack("<HH", len(encoded), 0) + encoded + packed)
        archive.filelist.append(info)
        archive.NameToInfo[SHEET] = info
        archive.start_dir = buffer.tell()
        archive._didModify = True  # type: ignore[attr-defined]
    path.write_bytes(buffer.getvalue())
    return path


def ole2(path: Path, stream: str) -> Path:
    """Enough of a compound file for its kind to show: the signature and the name of a stream."""
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + (stream + "\0").encode("utf-16-le") + bytes(512)
    )
    return path


def numbers(count: int) -> bytes:
    """The XML of `count` rows below a header, each a number of its own."""
    rows = [b'<row r="1"><c r="A1" t="inlineStr"><is><t>mobile</t></is></c></row>']
    rows += [b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (i, i, 13_000_000_000 + i) for i in range(2, count + 2)]
    return b"".join(rows)
