"""What is refused, and what becomes of the good ones."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any
from unittest import mock

import pikepdf
import pytest
from django.utils import translation
from PIL import Image, ImageChops

from console.lib.documents import BYTES_MAX, Code, DocumentFault, Kind, check, process, words
from tests.console import hostile

SECONDS_MAX = 30  # it ends; how fast is for a quiet machine
GROWTH_MAX = 100 << 20  # bytes
ROOT = Path(__file__).resolve().parents[2]
DETAILS: dict[Code, dict[str, Any]] = {
    Code.NAME_LONG: {"length": 70},
    Code.NAME_SIGN: {"sign": "%"},
    Code.NAME_HIDDEN: {"character": "U+202E"},
    Code.NAME_DOUBLE: {"first": "php", "last": "jpg"},
    Code.OTHER_KIND: {"extension": "png", "kind": "jpeg"},
    Code.NOT_A_DOCUMENT: {"found": "heic"},
    Code.TOO_MANY_PIXELS: {"million": 50},
    Code.ACTIVE: {"what": "script"},
    Code.TOO_MANY_PAGES: {"pages": 21, "most": 20},
}


def peak() -> int:
    """Bytes this process has had at most since `forget_peak`."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) << 10


def forget_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def sentences(fault: DocumentFault) -> list[str]:
    found = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            found.append(words.describe(fault))
    return found


def refusal(name: str, data: bytes) -> DocumentFault:
    with pytest.raises(DocumentFault) as caught:
        check(name, data)
    return caught.value


def picture(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of a channel of a pixel, 0 to 255."""
    extremes: Any = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return max(most for _least, most in extremes)


@pytest.mark.parametrize("title", hostile.CORPUS)
def test_hostile_files_are_refused(title):
    bad = hostile.CORPUS[title]
    data = bad.data()
    assert len(data) <= BYTES_MAX + 1, "refused for its size, not for what it is"
    before = forget_peak()
    began = time.monotonic()
    fault = refusal(bad.name, data)
    assert time.monotonic() - began < SECONDS_MAX
    assert peak() - before < GROWTH_MAX
    # A slow machine may end a bomb by its limit of time before its size is known.
    codes = {bad.code, Code.TOO_SLOW} if bad.code is Code.BOMB else {bad.code}
    assert fault.code in codes, fault.detail
    for sentence in sentences(fault):
        assert sentence and "%(" not in sentence


@pytest.mark.parametrize("name", hostile.NAMES, ids=ascii)
def test_bad_names_are_refused(name):
    fault = refusal(name, hostile.jpeg())
    assert fault.code == hostile.NAMES[name]
    assert all(sentences(fault))


@pytest.mark.parametrize("name", hostile.GOOD_NAMES)
def test_good_names_pass(name):
    assert check(name, hostile.jpeg()).name == name


def test_names_are_kept_composed():
    assert check("e\u0301.jpg", hostile.jpeg()).name == "é.jpg"


@pytest.mark.parametrize("code", Code)
def test_every_reason_has_its_own_words(code):
    said = {other: words.describe(DocumentFault(other, **DETAILS.get(other, {}))) for other in Code}
    assert said[code] and "%(" not in said[code]
    assert list(said.values()).count(said[code]) == 1


@pytest.mark.parametrize("found", ["markup", "program", "archive", "office", "video", "webp", ""])
def test_what_it_is_instead_is_named(found):
    assert words.describe(DocumentFault(Code.NOT_A_DOCUMENT, found=found)).startswith("The file is")


@pytest.mark.parametrize("what", ["script", "action", "program", "form", "file", "media"])
def test_what_a_pdf_would_do_is_named(what):
    assert words.describe(DocumentFault(Code.ACTIVE, what=what)).startswith("The PDF contains")


def test_jpeg_is_written_anew():
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    sent = hostile.jpeg(exif=exif, comment=b"secret words", icc_profile=b"secret colours", dpi=(300, 300))
    kept = check("licence.jpg", io.BytesIO(sent + b"secret film" * 50))
    assert kept.kind is Kind.JPEG and (kept.width, kept.height, kept.pages) == (600, 400, 1)
    assert b"secret" in sent and b"secret" not in kept.data and kept.data.endswith(b"\xff\xd9")
    shown = picture(kept.data)
    assert not shown.getexif() and "comment" not in shown.info and "icc_profile" not in shown.info
    assert difference(shown, picture(sent)) < 40


def test_photo_is_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    sent = hostile.jpeg(exif=exif)
    kept = check("photo.jpg", sent)
    assert (kept.width, kept.height) == (400, 600)
    assert difference(picture(kept.data), picture(sent).transpose(Image.Transpose.ROTATE_270)) < 40


def test_broken_metadata_is_no_reason_to_refuse():
    kept = check("photo.jpg", hostile.jpeg(exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
    assert (kept.width, kept.height) == (600, 400)


def test_second_picture_of_a_phone_is_dropped():
    more = hostile.encoded(hostile.drawing(), "MPO", save_all=True, append_images=[Image.new("RGB", (60, 40))])
    assert getattr(picture(more), "n_frames", 1) == 2
    kept = check("photo.jpg", more)
    assert getattr(picture(kept.data), "n_frames", 1) == 1 and (kept.width, kept.height) == (600, 400)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_png_keeps_what_is_seen(mode):
    image = Image.new("I;16", (60, 40), 40_000) if mode == "I;16" else hostile.drawing().convert(mode)
    sent = hostile.encoded(image, "PNG", icc_profile=b"secret")
    kept = check("licence.png", sent + b"behind the end")
    assert kept.kind is Kind.PNG and b"secret" not in kept.data and kept.data.endswith(b"IEND\xaeB`\x82")
    seen = Image.new("RGB", (60, 40), (156, 156, 156)) if mode == "I;16" else image
    assert difference(picture(kept.data), seen) == 0


def test_transparent_parts_become_white():
    ghost = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    kept = check("licence.png", hostile.encoded(ghost, "PNG"))
    assert picture(kept.data).convert("RGB").getextrema() == ((255, 255),) * 3


def test_gif_becomes_png():
    kept = check("licence.gif", hostile.gif())
    assert kept.kind is Kind.PNG and difference(picture(kept.data), picture(hostile.gif())) == 0


def test_print_colours_are_read():
    kept = check("licence.jpg", hostile.encoded(hostile.drawing().convert("CMYK"), "JPEG"))
    assert picture(kept.data).mode == "RGB"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_ones_become_smaller(kind):
    """50 million pixels, what phones take: read, and kept with 4,000 on the longer side."""
    extension = {"JPEG": "jpg", "PNG": "png"}[kind]
    kept = check(f"photo.{extension}", hostile.encoded(Image.new("RGB", (8_160, 6_120), "#c00000"), kind))
    assert (kept.width, kept.height) == (4_000, 3_000) == picture(kept.data).size


def test_noise_stays_small():
    noise = Image.frombytes("L", (2_400, 1_600), os.urandom(2_400 * 1_600))
    sent = hostile.encoded(noise.convert("RGB"), "JPEG", quality=20)
    assert len(sent) < BYTES_MAX
    assert len(check("photo.jpg", sent).data) <= 4 << 20


def test_pdf_is_written_anew():
    info = b"<< /Title (secret title) >>"
    sent = hostile.pdf(root=b"/OpenAction [3 0 R /Fit]", more=(info,)).replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Info 5 0 R"
    )
    kept = check("letter.pdf", sent + b"\n% only a remark\n")
    assert kept.kind is Kind.PDF and kept.pages == 1
    assert b"secret" not in kept.data and b"remark" not in kept.data and kept.data.rstrip().endswith(b"%%EOF")
    with pikepdf.open(io.BytesIO(kept.data)) as pdf:
        assert b"(Letter of attorney) Tj" in pdf.pages[0].Contents.read_bytes()
        assert "/OpenAction" not in pdf.Root and "/Info" not in pdf.trailer


def test_links_of_a_pdf_lead_nowhere():
    link = b"/Annots [<< /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (http://evil.example) >> >>]"
    kept = check("letter.pdf", hostile.pdf(page=link))
    with pikepdf.open(io.BytesIO(kept.data)) as pdf:
        assert "/URI" not in pdf.pages[0].Annots[0].A
    assert b"evil.example" not in kept.data


def test_earlier_revision_of_a_pdf_is_dropped():
    """A script that a later revision replaced; some readers can be made to go back to it."""
    first = hostile.pdf(more=(hostile.JS,))
    at = len(first)
    table = at + len(b"5 0 obj\nnull\nendobj\n")
    start = int(first.split()[-2])
    later = b"5 0 obj\nnull\nendobj\nxref\n5 1\n%010d 00000 n \n" % at
    later += b"trailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (start, table)
    assert refusal("letter.pdf", first).code == Code.ACTIVE
    assert b"JavaScript" not in check("letter.pdf", first + later).data


def test_notes_of_programs_on_a_page_are_dropped():
    notes = b"/Metadata 5 0 R /PieceInfo << /Editor << /Private (secret piece) >> >>"
    sent = hostile.pdf(page=notes, more=(hostile.stream(b"secret place", b"/Type /Metadata /Subtype /XML"),))
    assert b"secret" in sent and b"secret" not in check("letter.pdf", sent).data


def test_a_packed_picture_in_a_pdf_passes():
    """Some programs pack the JPEG once more."""
    entries = b"/Subtype /Image /Width 600 /Height 400 /Filter [/FlateDecode /DCTDecode] /DecodeParms [null null]"
    image = hostile.stream(zlib.compress(hostile.jpeg()), entries)
    page = b"/Resources << /XObject << /Im 5 0 R >> >>"
    assert check("letter.pdf", hostile.pdf(page=page, more=(image,))).pages == 1


def test_twenty_pages_pass():
    assert check("letter.pdf", hostile.pdf(pages=20)).pages == 20


def test_two_megabytes_pass():
    padded = hostile.jpeg().ljust(BYTES_MAX, b"\x00")
    assert check("licence.jpg", padded).width == 600


def test_sum_is_of_what_is_kept():
    kept = check("licence.png", hostile.png())
    assert kept.sha256 == check("licence.png", kept.data).sha256 and len(kept.sha256) == 64


def test_the_process_has_its_limits():
    code = "from console.lib.documents.child import restrict; restrict(); bytearray(1 << 30)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "MemoryError" in done.stderr


def test_the_kernel_ends_what_takes_too_long():
    code = "from console.lib.documents import child; child.CPU_SECONDS = 1; child.restrict()\nwhile True: pass"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
    assert done.returncode == -signal.SIGXCPU and time.monotonic() - began < 10


@pytest.mark.parametrize("ending, code", [(-signal.SIGXCPU, "too_slow"), (-signal.SIGKILL, "bomb"), (1, "damaged")])
def test_an_ending_without_answer_is_a_refusal(monkeypatch, ending, code):
    monkeypatch.setattr(process, "_talk", lambda source, kind: (ending, b""))
    assert refusal("licence.jpg", hostile.jpeg()).code == code


def test_the_process_sees_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    started = mock.Mock(wraps=subprocess.Popen)
    monkeypatch.setattr(subprocess, "Popen", started)
    check("licence.png", hostile.png())
    (seen,) = [call.kwargs["env"] for call in started.call_args_list]
    assert "PATH" in seen and "SECRET_KEY" not in seen


def test_a_slow_process_is_ended(monkeypatch):
    monkeypatch.setattr(process, "SECONDS", 0.01)
    assert refusal("licence.jpg", hostile.jpeg()).code == Code.TOO_SLOW


def test_an_endless_answer_is_not_taken(monkeypatch):
    monkeypatch.setattr(process, "_ANSWER_MAX", 100)
    assert refusal("licence.jpg", hostile.jpeg()).code == Code.DAMAGED


def test_one_may_wait_and_the_others_are_told_at_once():
    with process._slot(), process._slot(), process._places:  # the third waits for one of the two
        began = time.monotonic()
        assert refusal("licence.jpg", hostile.jpeg()).code == Code.BUSY
        assert time.monotonic() - began < process.SECONDS / 2


def test_only_a_few_at_once(monkeypatch):
    monkeypatch.setattr(process, "SECONDS", 0.01)
    with process._slot(), process._slot():
        assert refusal("licence.jpg", hostile.jpeg()).code == Code.BUSY
