"""PDFs: nothing in them may act, and what is kept is written anew. Only for the limited process.

Every object is looked at, wherever it stands and whether a page uses it or not (ISO 32000-2: actions 12.6,
attachments 7.11.4, multimedia 13). qpdf has by then undone escapes in names and unpacked the object streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import chain, takewhile
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, settings

from console.lib.documents.fault import Code, DocumentFault

PAGES_MAX = 20
_PIXELS_MAX = 200_000_000  # of a picture in a page: A3 at 1,000 dpi
_UNPACKED_MAX = 200 << 20  # bytes of all streams together
_KEYS = {
    "/JS": "script",
    "/JavaScript": "script",
    "/AA": "action",
    "/XFA": "form",
    "/EF": "attachment",
    "/EmbeddedFiles": "attachment",
    "/AF": "attachment",
    "/Collection": "attachment",
    "/RichMediaContent": "media",
    "/RichMediaSettings": "media",
    "/3DD": "media",
}
_NAMES = {
    "/JavaScript": "script",
    "/Launch": "program",
    "/PS": "program",
    "/SubmitForm": "form",
    "/ImportData": "form",
    "/ResetForm": "form",
    "/GoToR": "file",
    "/GoToE": "file",
    "/Thread": "file",
    "/Rendition": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/Screen": "media",
    "/RichMedia": "media",
    "/RichMediaExecute": "media",
    "/3D": "media",
    "/GoTo3DView": "media",
    "/FileAttachment": "attachment",
    "/EmbeddedFile": "attachment",
}
# Links of a proof lead reviewers away: without its address a link is dead. The rest is what programs note.
_DROPPED = {"/URI", "/Metadata", "/PieceInfo"}
_SAYS_WHAT = ("/S", "/Subtype", "/Type")
_UNPACKABLE = {
    "/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/ASCII85Decode", "/A85", "/ASCIIHexDecode", "/AHx",
    "/RunLengthDecode", "/RL",
}  # fmt: skip


def normalise(data: bytes) -> tuple[bytes, int]:
    """(file, pages). Raises DocumentFault."""
    settings.set_qpdf_limits(
        flate_max_memory=_UNPACKED_MAX, run_length_max_memory=_UNPACKED_MAX, png_max_memory=_UNPACKED_MAX,
        tiff_max_memory=_UNPACKED_MAX, doc_max_warnings=100,
    )  # fmt: skip
    try:
        with pikepdf.open(BytesIO(data), attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                raise DocumentFault(Code.ENCRYPTED)
            pages = _count(pdf)
            _refuse_active(pdf)
            return _write(pdf), pages
    except pikepdf.PasswordError as error:
        raise DocumentFault(Code.ENCRYPTED) from error
    except (pikepdf.PdfError, pikepdf.PikepdfError, ValueError, TypeError, KeyError) as error:
        raise DocumentFault(_why(str(error))) from error


def _why(said: str) -> Code:
    """By qpdf's words."""
    if "no pages" in said:
        return Code.NO_PAGES
    return Code.BOMB if "limit exceeded" in said else Code.DAMAGED


def _count(pdf: pikepdf.Pdf) -> int:
    pages = len(pdf.pages)
    if pages > PAGES_MAX:
        raise DocumentFault(Code.TOO_MANY_PAGES, pages=pages, most=PAGES_MAX)
    return pages


def _refuse_active(pdf: pikepdf.Pdf) -> None:
    opening = pdf.Root.get("/OpenAction")
    # Where to open is a place in the document, which many programs write, or an action that goes to one.
    if isinstance(opening, Dictionary) and opening.get("/S") != Name.GoTo:
        raise DocumentFault(Code.ACTIVE, what="action")
    unpacked = 0
    for node in _nodes(pdf):
        for key in _KEYS.keys() & node.keys():
            _refuse(_KEYS[key])
        for key in _SAYS_WHAT:
            says = node.get(key)
            if isinstance(says, Name) and str(says) in _NAMES:
                _refuse(_NAMES[str(says)])
        for key in _DROPPED & node.keys():
            del node[key]
        if isinstance(node, Stream):
            unpacked += _unpacked(node)
            if unpacked > _UNPACKED_MAX:
                raise DocumentFault(Code.BOMB)


def _refuse(what: str) -> None:
    if what == "attachment":
        raise DocumentFault(Code.ATTACHMENT)
    raise DocumentFault(Code.ACTIVE, what=what)


def _nodes(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary, and every stream, which has one; those inside others too."""
    for whole in chain([pdf.trailer], pdf.objects):
        waiting: list[Any] = [whole]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Dictionary | Stream):
                yield node
                inside = [value for _key, value in node.items()]
            elif isinstance(node, Array):
                inside = list(node)
            else:
                continue
            waiting += [one for one in inside if isinstance(one, Dictionary | Array) and not one.is_indirect]


def _unpacked(stream: Stream) -> int:
    """Bytes it really unpacks to; of compressed pictures up to those, whose stated size is looked at."""
    if "/F" in stream or "/Ref" in stream:
        raise DocumentFault(Code.ACTIVE, what="file")  # its data, or what it shows, would come from another file
    if stream.get("/Subtype") == Name.Image:
        width, height = stream.get("/Width", 0), stream.get("/Height", 0)
        if not (isinstance(width, int) and isinstance(height, int)) or width * height > _PIXELS_MAX:
            raise DocumentFault(Code.BOMB)
    filters: Any = stream.get("/Filter", Array())
    names = [str(name) for name in (filters if isinstance(filters, Array) else [filters])]
    outer = list(takewhile(_UNPACKABLE.__contains__, names))
    if outer == names:
        return len(stream.read_bytes())
    return _unpacked_outside(stream, outer) if outer else 0


def _unpacked_outside(stream: Stream, filters: list[str]) -> int:
    """Bytes that come of its first filters, before the one for a picture, which only viewers undo."""
    with pikepdf.new() as apart:
        return len(Stream(apart, stream.read_raw_bytes(), Filter=Array([Name(name) for name in filters])).read_bytes())


def _write(pdf: pikepdf.Pdf) -> bytes:
    """Only what the pages need: no earlier revisions, no metadata, nothing before the beginning or behind the end."""
    if "/OpenAction" in pdf.Root:
        del pdf.Root["/OpenAction"]
    if "/Info" in pdf.trailer:
        del pdf.trailer["/Info"]
    out = BytesIO()
    pdf.save(out, deterministic_id=True, fix_metadata_version=False)
    return out.getvalue()
