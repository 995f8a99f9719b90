"""How long a text is on the air: alphabets, segments, and the bodies a long message is split into.

Answers for 3GPP TS 23.038 (the GSM 7-bit default alphabet with its extension table, and UCS-2) and TS 23.040 9.2.3.24.1
(a concatenated part loses six octets to its header). `segments` counts what `split` makes, always: what a person is
shown and billed is what leaves. Knows nothing about templates, prices or SMPP.
"""

from __future__ import annotations

import codecs
import re
from enum import Enum

# 3GPP TS 23.038, 6.2.1. The place of a character in the string is its code; 0x1B is the escape to the extension table.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# 3GPP TS 23.038, 6.2.1.1: each takes two septets, the escape and its own.
_EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_ESCAPE = 0x1B
_ENCODE: dict[int, int | bytes] = {
    **{ord(character): code for code, character in enumerate(_BASIC) if code != _ESCAPE},
    **{ord(character): bytes((_ESCAPE, code)) for character, code in _EXTENSION.items()},
}
_EXTENDED = {code: character for character, code in _EXTENSION.items()}
_GSM7 = frozenset(map(chr, _ENCODE))
_TWO_SEPTETS = frozenset(_EXTENSION)
_ESCAPED = re.compile(rb"\x1b(.?)", re.DOTALL)

_GSM7_SINGLE, _GSM7_JOINED = 160, 153  # septets
_UCS2_SINGLE, _UCS2_JOINED = 70, 67  # UTF-16 code units


class Alphabet(Enum):
    """The two alphabets a text message travels in."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


def alphabet(text: str, *, mainland: bool) -> Alphabet:
    """The alphabet `text` is sent and billed in.

    Mainland China counts every character the same (70, then 67 a segment), so its messages always go as UCS-2.
    Elsewhere GSM-7 holds as long as every character is in its two tables; one other character makes the whole UCS-2.
    """
    return Alphabet.GSM7 if not mainland and _GSM7.issuperset(text) else Alphabet.UCS2


def length(text: str, alphabet: Alphabet) -> int:
    """Septets (GSM-7) or UTF-16 code units (UCS-2) that `text` takes.

    Characters outside the GSM-7 tables count one septet there; `alphabet()` never picks GSM-7 for them.
    """
    if alphabet is Alphabet.UCS2:
        return len(text) if text.isascii() else len(_utf16(text)) // 2
    return len(text) if _TWO_SEPTETS.isdisjoint(text) else len(text) + sum(map(text.count, _TWO_SEPTETS))


def segments(text: str, *, mainland: bool) -> int:
    """How many messages a carrier sends and counts for `text`: `len(split(text, alphabet(...)))`, at least 1."""
    if not mainland and _GSM7.issuperset(text):
        size = length(text, Alphabet.GSM7)
        if size <= _GSM7_SINGLE:
            return 1
        if size == len(text):
            return -(-size // _GSM7_JOINED)
        return len(_split_gsm7(encode_gsm7(text)))
    # Almost every text ends here, without being encoded: no character takes more than two code units.
    if len(text) * 2 <= _UCS2_SINGLE:
        return 1
    body = _utf16(text)
    return 1 if len(body) <= _UCS2_SINGLE * 2 else len(_split_ucs2(body))


def split(text: str, alphabet: Alphabet) -> list[bytes]:
    """The bodies to send, without concatenation headers: one when it fits, else 153 septets or 67 code units each.

    GSM-7 is one octet a septet, not packed, which is what carriers expect over SMPP; UCS-2 is UTF-16, big-endian.
    An extension character (GSM-7) or a surrogate pair (UCS-2) is never cut: it moves to the next part whole.
    Raises UnicodeEncodeError for GSM-7 where the tables lack a character.
    """
    if alphabet is Alphabet.GSM7:
        body = encode_gsm7(text)
        return [body] if len(body) <= _GSM7_SINGLE else _split_gsm7(body)
    body = _utf16(text)
    return [body] if len(body) <= _UCS2_SINGLE * 2 else _split_ucs2(body)


def encode_gsm7(text: str) -> bytes:
    """GSM 03.38 septets of `text`, one an octet. Raises UnicodeEncodeError for a character outside the tables."""
    return codecs.charmap_encode(text, "strict", _ENCODE)[0]


def decode_gsm7(data: bytes) -> str:
    """The text of unpacked septets; never fails.

    As TS 23.038 asks, an escape followed by a code the extension table lacks shows the basic character, and an escape
    followed by nothing or another escape shows a space. Octets above 0x7F become U+FFFD.
    """
    if _ESCAPE not in data:
        return codecs.charmap_decode(data, "replace", _BASIC)[0]
    shown: list[str] = []
    after = 0
    for match in _ESCAPED.finditer(data):
        shown.append(codecs.charmap_decode(data[after : match.start()], "replace", _BASIC)[0])
        code = match[1]
        if not code or code[0] == _ESCAPE:
            shown.append(" ")
        else:
            shown.append(_EXTENDED.get(code[0]) or codecs.charmap_decode(code, "replace", _BASIC)[0])
        after = match.end()
    shown.append(codecs.charmap_decode(data[after:], "replace", _BASIC)[0])
    return "".join(shown)


def _utf16(text: str) -> bytes:
    # A lone surrogate in a sheet is the sender's typo, not a reason to fail while counting.
    return text.encode("utf-16-be", "surrogatepass")


def _split_gsm7(body: bytes) -> list[bytes]:
    parts, start = [], 0
    while start < len(body):
        end = start + _GSM7_JOINED
        if end < len(body) and body[end - 1] == _ESCAPE:
            end -= 1
        parts.append(body[start:end])
        start = end
    return parts


def _split_ucs2(body: bytes) -> list[bytes]:
    parts, start = [], 0
    while start < len(body):
        end = start + _UCS2_JOINED * 2
        # 0xD800-0xDBFF opens a surrogate pair; where its low half follows, both go to the next part.
        if end < len(body) and body[end - 2] & 0xFC == 0xD8 and body[end] & 0xFC == 0xDC:
            end -= 2
        parts.append(body[start:end])
        start = end
    return parts
