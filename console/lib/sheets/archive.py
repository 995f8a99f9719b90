"""What a file really is, by its bytes, and the safe unpacking of an xlsx (ECMA-376, ISO/IEC 21320-1).

Nothing here trusts a name, an extension or a size that the file states about itself: every member is unpacked once,
chunk by chunk, and the bytes that really come out are counted.
"""

from __future__ import annotations

import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from console.lib.sheets.fault import Code, SheetFault

MEMBERS_MAX = 200
UNPACKED_MAX = 1 << 30  # bytes; a million honest rows with ten columns stay below
RATIO_MAX = 200  # unpacked to packed; honest sheets, whose rows are numbered, reach 10 to 40
RATIO_FROM = 64 << 20  # small members may pack as well as they like
CHUNK = 1 << 20

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] 2.2: old Office files, and encrypted new ones
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # APPNOTE 4.3.7: signature … name length, extra length
_MAGIC = {
    b"%PDF": "pdf",
    b"\x89PNG": "image",
    b"\xff\xd8\xff": "image",
    b"GIF8": "image",
    b"BM": "image",
    b"RIFF": "image",
    b"Rar!": "zip",
    b"7z\xbc\xaf": "zip",
    b"\x1f\x8b": "zip",
    b"\x7fELF": "binary",
    b"MZ": "binary",
    b"SQLite": "binary",
}
# A cell's value, or its text where that stands in the cell itself (ECMA-376, 18.3.1.96 and 18.3.1.53).
_CONTENT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?[vt](?:\s[^<>]*)?>[^<]")
_TAG_MOST = 64  # bytes such a tag has
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def kind(path: Path) -> str:
    """ "xlsx" (or at least a zip) or "csv". Raises SheetFault for everything that is neither."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\x00\t\r\n "):
        raise SheetFault(Code.EMPTY)
    if head.startswith(_ZIP):
        return "xlsx"
    if head.startswith(_OLE2):
        raise SheetFault(_ole2(path.read_bytes()))
    binary = b"\x00" in head and not head.startswith(_UTF16)
    for magic, name in _MAGIC.items():
        # "BM", "MZ" and "RIFF" may also begin an honest csv; pictures and programs have zero bytes.
        if head.startswith(magic) and (len(magic) > 2 and magic != b"RIFF" or binary):
            raise SheetFault(Code.NOT_A_SHEET, kind=name)
    if binary:
        raise SheetFault(Code.NOT_A_SHEET, kind="binary")
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise SheetFault(Code.NOT_A_SHEET, kind="html")
    return "csv"


def _ole2(data: bytes) -> Code:
    """Which of the files in this container it is, by the names of its streams (UTF-16)."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Code.ENCRYPTED
    if any(name.encode("utf-16-le") in data for name in ("Workbook\0", "Book\0")):
        return Code.OLD_XLS
    return Code.NOT_A_SHEET


class Archive:
    """The zip container of an xlsx, its directory checked; use as a context manager. Raises SheetFault."""

    def __init__(self, path: Path) -> None:
        self._size = os.path.getsize(path)
        self._budget = UNPACKED_MAX
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
            raise SheetFault(Code.DAMAGED) from error
        try:
            self._check_directory()
        except SheetFault:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        return self._zip.namelist()

    def _check_directory(self) -> None:
        members = self._zip.infolist()
        names = [member.filename for member in members]
        lower = [name.lower() for name in names]
        if any(name.endswith("vbaproject.bin") for name in lower):
            raise SheetFault(Code.MACROS)
        if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
            raise SheetFault(Code.NOT_A_SHEET, kind=_other_zip(names))
        if len(members) > MEMBERS_MAX:
            raise SheetFault(Code.BOMB)
        if any(name.endswith((".zip", ".xlsx", ".xlsm", ".docx", ".7z", ".rar", ".gz")) for name in lower):
            raise SheetFault(Code.NOT_A_SHEET, kind="nested")
        # Two members of one name: which of them a reader takes is anybody's guess.
        if len(set(lower)) != len(lower):
            raise SheetFault(Code.DAMAGED)
        for member in members:
            if member.flag_bits & 0x1:
                raise SheetFault(Code.ENCRYPTED)
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise SheetFault(Code.DAMAGED)
            if _too_dense(member.file_size, member.compress_size):
                raise SheetFault(Code.BOMB)
        if sum(member.file_size for member in members) > UNPACKED_MAX:
            raise SheetFault(Code.BOMB)

    def read(self, name: str, limit: int = 8 << 20) -> bytes:
        """A small member whole. Raises SheetFault when it is missing or longer than `limit` bytes."""
        parts, length = [], 0
        for chunk in self.stream(name):
            length += len(chunk)
            if length > limit:
                raise SheetFault(Code.BOMB)
            parts.append(chunk)
        return b"".join(parts)

    def stream(self, name: str) -> Iterator[bytes]:
        """The member's bytes as they really unpack, at most 1 MiB at a time, counted against the archive's budget."""
        try:
            member = self._zip.getinfo(name)
        except KeyError as error:
            raise SheetFault(Code.DAMAGED) from error
        file = self._zip.fp
        assert file is not None
        try:
            file.seek(member.header_offset)
            header = file.read(_LOCAL_HEADER.size)
            signature, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        except (struct.error, OSError, ValueError) as error:
            raise SheetFault(Code.DAMAGED) from error
        if signature != _ZIP[0]:
            raise SheetFault(Code.DAMAGED)
        start = member.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if start + member.compress_size > self._size:
            raise SheetFault(Code.DAMAGED)
        unpacked = 0
        pieces = _inflate if member.compress_type == zipfile.ZIP_DEFLATED else _stored
        for chunk in pieces(file, start, member.compress_size):
            unpacked += len(chunk)
            self._budget -= len(chunk)
            lying = unpacked > member.file_size
            if lying or self._budget < 0 or _too_dense(unpacked, member.compress_size):
                raise SheetFault(Code.BOMB)
            yield chunk
        if unpacked != member.file_size:
            raise SheetFault(Code.DAMAGED)

    def unpack_all(self, *, but: frozenset[str] = frozenset(), ask: frozenset[str] = frozenset()) -> set[str]:
        """Unpack every member once and forget it, so that each is known to be whole and of bearable size.

        Returns those worksheets of `ask` in which a cell holds something.
        """
        filled = set()
        for name in self.names:
            if name in but or name.endswith("/"):
                continue
            tail = b""
            for number, chunk in enumerate(self.stream(name)):
                if number == 0 and chunk.startswith(_ZIP):
                    raise SheetFault(Code.NOT_A_SHEET, kind="nested")
                if name in ask and name not in filled:
                    if _CONTENT.search(tail + chunk):
                        filled.add(name)
                    tail = chunk[-_TAG_MOST:]
        return filled


def _too_dense(unpacked: int, packed: int) -> bool:
    return unpacked > RATIO_FROM and unpacked > packed * RATIO_MAX


def _other_zip(names: list[str]) -> str:
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "mimetype" in names and "content.xml" in names:
        return "ods"
    return "zip"


def _stored(file: BinaryIO | object, start: int, size: int) -> Iterator[bytes]:
    assert hasattr(file, "seek") and hasattr(file, "read")
    for offset in range(0, size, CHUNK):
        file.seek(start + offset)  # whoever reads another member meanwhile moves the file
        yield file.read(min(CHUNK, size - offset))


def _inflate(file: BinaryIO | object, start: int, size: int) -> Iterator[bytes]:
    """Raw deflate (RFC 1951), at most CHUNK bytes at a time however well they are packed."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in _stored(file, start, size):
            waiting = piece
            while waiting and not unpacker.eof:
                if chunk := unpacker.decompress(waiting, CHUNK):
                    yield chunk
                waiting = unpacker.unconsumed_tail
        while not unpacker.eof and (chunk := unpacker.decompress(b"", CHUNK)):
            yield chunk
    except zlib.error as error:
        raise SheetFault(Code.DAMAGED) from error
    if not unpacker.eof:
        raise SheetFault(Code.DAMAGED)
