"""Pictures, decoded to the last pixel and written anew. Only for the limited process: the decoders are native code.

What comes out is a still picture on white, without metadata, profile, comment or anything behind its end. A JPEG stays
one; PNG and GIF become PNG, which loses nothing. Very large ones are made smaller.
"""

from __future__ import annotations

import contextlib
import struct
import warnings
from io import BytesIO

from PIL import Image, ImageOps

from console.lib.documents.fault import Code, DocumentFault
from console.lib.documents.kinds import Kind

PIXELS_MAX = 50_000_000  # what phones take at most, and A4 at 700 dpi
SIDE_MAX = 4_000  # pixels of the longer side; 340 dpi on A4
_SIZE_WANTED = 4 << 20  # bytes
# (longer side, JPEG quality), tried one after the other until the size is as wanted; small print stays readable.
_LADDER = ((SIDE_MAX, 90), (SIDE_MAX, 80), (3_000, 80), (2_000, 75))
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # 16 bits a pixel
# A progressive JPEG is decoded once for each scan. Honest ones have about ten; the mark occurs by chance, too, in films
# that phones append, some thirty times in 2 MB.
_SCANS_MAX = 200
_SCAN = b"\xff\xda"
_BROKEN_EXIF = (SyntaxError, ValueError, OSError, KeyError, TypeError, IndexError, struct.error)


def reencode(data: bytes, kind: Kind) -> tuple[bytes, int, int]:
    """(file, width, height). Raises DocumentFault."""
    if kind is Kind.JPEG and data.count(_SCAN) > _SCANS_MAX:
        raise DocumentFault(Code.TOO_SLOW)
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    try:
        with Image.open(BytesIO(data), formats=[kind.upper()]) as image:
            _refuse_animated(image, kind)
            return _write(_plain(image), kind)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DocumentFault(Code.TOO_MANY_PIXELS, million=PIXELS_MAX // 10**6) from error
    except (OSError, SyntaxError, EOFError, ValueError, IndexError, struct.error) as error:
        # Pillow's words for a text or profile that unpacks to more than a megabyte.
        is_bomb = "too large" in str(error).lower()
        raise DocumentFault(Code.BOMB if is_bomb else Code.DAMAGED) from error


def _refuse_animated(image: Image.Image, kind: Kind) -> None:
    # A JPEG may carry more pictures, which phones use for depth and brightness: the first is the picture.
    if kind is not Kind.JPEG and getattr(image, "is_animated", False):
        raise DocumentFault(Code.ANIMATED)


def _plain(image: Image.Image) -> Image.Image:
    """Decoded, upright, at most SIDE_MAX long, "L" or "RGB", without anything else."""
    if image.mode in ("L", "RGB"):
        # Before anything else is decoded: a large JPEG is then unpacked to a fraction of its size only.
        image.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    if image.mode in _DEEP:
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    elif image.has_transparency_data:
        image = _on_white(image)
    elif image.mode in ("1", "L", "LA"):
        image = image.convert("L")
    else:
        image = image.convert("RGB")
    image.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.LANCZOS)
    with contextlib.suppress(*_BROKEN_EXIF):
        ImageOps.exif_transpose(image, in_place=True)
    image.info.clear()
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """Nothing may show on one background only."""
    paper = Image.new("RGB", image.size, "white")
    image = image.convert("RGBA")
    paper.paste(image, mask=image)
    return paper


def _write(image: Image.Image, kind: Kind) -> tuple[bytes, int, int]:
    out = BytesIO()
    for side, quality in _LADDER:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = BytesIO()
        if kind is Kind.JPEG:
            image.save(out, "JPEG", quality=quality, subsampling=0)  # colour in full: red seals on black print
        else:
            image.save(out, "PNG", compress_level=6)
        if out.tell() <= _SIZE_WANTED:
            break
    return out.getvalue(), image.width, image.height
