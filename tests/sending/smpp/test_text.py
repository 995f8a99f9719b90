"""Alphabets, segments and splitting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.lib.text import Alphabet, alphabet, decode_gsm7, encode_gsm7, length, segments, split

GSM_TEXT = st.text(alphabet="abc @£_€[]{}~^|\\\fÄñà1\n")
ANY_TEXT = st.one_of(
    GSM_TEXT, st.text(), st.text(alphabet="a中😀€", max_size=400), st.text(alphabet="a€", max_size=500)
)


@pytest.mark.parametrize(
    ("text", "abroad", "mainland"),
    [
        ("", 1, 1),
        ("a" * 70, 1, 1),
        ("a" * 71, 1, 2),
        ("a" * 160, 1, 3),
        ("a" * 161, 2, 3),
        ("a" * 306, 2, 5),
        ("a" * 307, 3, 5),
        ("中" * 68, 1, 1),
        ("中" * 134, 2, 2),
        ("中" * 135, 3, 3),
        ("€" * 80, 1, 2),
        ("€" * 81, 2, 2),
        ("a" * 152 + "€" + "b" * 6, 1, 3),
        ("a" * 152 + "€" + "b" * 7, 2, 3),
        # 306 septets would be two parts, but the pair at 153|154 moves on whole and pushes the last one over.
        ("a" * 152 + "€" + "b" * 151, 2, 5),
        ("a" * 152 + "€" + "b" * 152, 3, 5),
        ("中" * 66 + "😀" + "中" * 66, 3, 3),
        ("中" * 66 + "😀" + "中" * 65, 2, 2),
        ("😀" * 35, 1, 1),
        ("😀" * 36, 2, 2),
        ("ç", 1, 1),
        ("ç" * 71, 2, 2),
        ("Ç" * 71, 1, 2),
    ],
)
def test_segments(text, abroad, mainland):
    assert segments(text, mainland=False) == abroad
    assert segments(text, mainland=True) == mainland


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", Alphabet.GSM7),
        ("€5", Alphabet.GSM7),
        ("\x1b", Alphabet.UCS2),
        ("ç", Alphabet.UCS2),
        ("你", Alphabet.UCS2),
    ],
)
def test_alphabet(text, expected):
    assert alphabet(text, mainland=False) is expected
    assert alphabet(text, mainland=True) is Alphabet.UCS2


@pytest.mark.parametrize(
    ("text", "septets", "units"), [("", 0, 0), ("abc", 3, 3), ("a€[", 5, 3), ("ΔΩ", 2, 2), ("\f|", 4, 2)]
)
def test_length(text, septets, units):
    assert length(text, Alphabet.GSM7) == septets == len(encode_gsm7(text))
    assert length(text, Alphabet.UCS2) == units


def test_length_counts_code_units():
    assert length("😀中", Alphabet.UCS2) == 3


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\x00\x02\x10\x1a\x7f", "@$ΔΞà"),
        (b"\x1b\x65\x1b\x3c\x1b\x40", "€[|"),
        (b"\x1bA", "A"),  # not in the extension table
        (b"\x1b", " "),
        (b"\x1b\x1be", " e"),
        (b"a\x80\xff", "a��"),
        (b"", ""),
    ],
)
def test_decode_gsm7(octets, text):
    assert decode_gsm7(octets) == text


def test_encode_gsm7_refuses_other_characters():
    with pytest.raises(UnicodeEncodeError):
        encode_gsm7("中")


@given(GSM_TEXT)
def test_gsm7_round_trip(text):
    assert decode_gsm7(encode_gsm7(text)) == text


@given(ANY_TEXT, st.booleans())
def test_segments_counts_what_split_makes(text, mainland):
    kind = alphabet(text, mainland=mainland)
    parts = split(text, kind)
    assert len(parts) == segments(text, mainland=mainland)
    most = {Alphabet.GSM7: (160, 153), Alphabet.UCS2: (140, 134)}[kind][len(parts) > 1]
    assert all(len(part) <= most for part in parts)
    # Each part reads on its own: nothing was cut in two.
    decode = decode_gsm7 if kind is Alphabet.GSM7 else lambda part: part.decode("utf-16-be")
    assert "".join(map(decode, parts)) == text


def test_lone_surrogates_are_counted_not_fatal():
    assert segments("\ud83d" * 71, mainland=True) == 2
