"""What a file is by its bytes, and what else it is at the same time."""

from __future__ import annotations

import re
from enum import StrEnum

from console.lib.documents.fault import Code, DocumentFault


class Kind(StrEnum):
    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"
    PDF = "pdf"

    @property
    def content_type(self) -> str:
        return "application/pdf" if self is Kind.PDF else f"image/{self}"


EXTENSIONS = {"jpg": Kind.JPEG, "jpeg": Kind.JPEG, "png": Kind.PNG, "gif": Kind.GIF, "pdf": Kind.PDF}
_OURS = {
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"GIF87a": Kind.GIF,
    b"GIF89a": Kind.GIF,
    b"%PDF-": Kind.PDF,
}
# What people take for one of ours, so that the refusal can name it.
_OTHERS = {
    b"BM": "bmp",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
    b"\x00\x00\x01\x00": "ico",
    b"8BPS": "photoshop",
    b"PK\x03\x04": "archive",
    b"PK\x05\x06": "archive",
    b"Rar!": "archive",
    b"7z\xbc\xaf": "archive",
    b"\x1f\x8b": "archive",
    b"\xd0\xcf\x11\xe0": "office",
    b"MZ": "program",
    b"\x7fELF": "program",
    b"#!": "program",
    b"<?php": "program",
}
_ISO_BRANDS = {b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"msf1": "heic", b"avif": "avif"}  # ISO/IEC 23008-12
_MARKUP_START = (b"<!doctype", b"<html", b"<?xml", b"<svg", b"<script", b"<head", b"<body", b"<!--")
# Long enough that compressed data does not contain them by chance (below 1 in 10,000 for 2 MB).
_MARKUP = re.compile(rb"<(?:!doctype\s|html[\s>]|script|svg[\s>]|iframe|body[\s>]|\?php)", re.IGNORECASE)
_FOREIGN = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"This program cannot be run in DOS mode", b"\x7fELF\x02\x01\x01")
_PDF_HEAD = 1024  # bytes in which readers look for "%PDF", and browsers for markup


def sniff(data: bytes) -> Kind:
    """Raises DocumentFault(not_a_document) for everything that does not begin as one of ours."""
    for magic, kind in _OURS.items():
        if data.startswith(magic):
            return kind
    raise DocumentFault(Code.NOT_A_DOCUMENT, found=_other(data))


def _other(data: bytes) -> str:
    for magic, name in _OTHERS.items():
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _ISO_BRANDS.get(data[8:12], "video")
    start = data[:_PDF_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "markup" if start.startswith(_MARKUP_START) else ""


def refuse_mixed(data: bytes, kind: Kind) -> None:
    """Raises DocumentFault(mixed) when the bytes are also a web page, a program, an archive or another document.

    What cameras append (a second picture, a short film) is none of these; it goes when the picture is encoded anew.
    """
    # A PDF holds text as it is in its middle; only before its first object and after its end is nothing of its own.
    edges = data[:_PDF_HEAD] + data[data.rfind(b"%%EOF") :] if kind is Kind.PDF else data
    is_archive = b"PK\x05\x06" in data and b"PK\x03\x04" in data  # end of directory, and a member (APPNOTE 4.3)
    is_pdf_too = kind is not Kind.PDF and b"%PDF-1" in data
    if is_archive or is_pdf_too or _MARKUP.search(edges) or any(mark in edges for mark in _FOREIGN):
        raise DocumentFault(Code.MIXED)
