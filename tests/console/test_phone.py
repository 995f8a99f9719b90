"""Every way a number is known to arrive, and what becomes of it."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.lib import phone
from console.lib.phone import Fault, Number, Repair, mask, normalise
from sending import states

MOBILE = "+8613800138000"


@pytest.mark.parametrize(
    ("cell", "repairs"),
    [
        ("13800138000", 0),
        (" 13800138000 ", Repair.SEPARATORS),
        ("+86 138-0013-8000", Repair.SEPARATORS | Repair.PREFIX),
        ("+8613800138000", Repair.PREFIX),
        ("0086 13800138000", Repair.SEPARATORS | Repair.PREFIX),
        ("8613800138000", Repair.PREFIX),
        ("(+86)13800138000", Repair.SEPARATORS | Repair.PREFIX),
        ("（+86）138 0013 8000", Repair.SEPARATORS | Repair.PREFIX),
        ("＋８６１３８００１３８０００", Repair.FULL_WIDTH | Repair.PREFIX),
        ("１３８００１３８０００", Repair.FULL_WIDTH),
        ("138\u00a00013\u200b8000\ufeff", Repair.SEPARATORS),
        ("\u202d13800138000\u202c", Repair.SEPARATORS),
        ("'13800138000", Repair.SEPARATORS),
        ("138–0013—8000", Repair.SEPARATORS),
        ("138.0013.8000", Repair.SEPARATORS),
        ("13800138000.0", Repair.DECIMAL),
        ("13800138000.00", Repair.DECIMAL),
        ("1.3800138000E+10", Repair.NUMBER_CELL),
        (13800138000, Repair.NUMBER_CELL),
        (13800138000.0, Repair.NUMBER_CELL),
        (8613800138000.0, Repair.NUMBER_CELL | Repair.PREFIX),
    ],
)
def test_mainland_mobiles_in_all_their_forms(cell, repairs):
    assert normalise(cell, mainland=True) == Number(MOBILE, "CN", repairs)


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (None, Fault.MISSING),
        ("", Fault.MISSING),
        (" \u00a0\u200b", Fault.MISSING),
        ("1380013800", Fault.TOO_SHORT),
        ("12345", Fault.TOO_SHORT),
        ("+86138001380", Fault.TOO_SHORT),
        (0.0, Fault.TOO_SHORT),
        ("138001380001", Fault.TOO_LONG),
        ("1380013800013800138000", Fault.TOO_LONG),
        (1e300, Fault.TOO_LONG),
        ("张三", Fault.LETTERS),
        ("13800138OOO", Fault.LETTERS),
        ("13800138000/13900139000", Fault.LETTERS),
        ("138+00138000", Fault.LETTERS),
        (True, Fault.LETTERS),
        (-13800138000.0, Fault.LETTERS),
        (13800138000.5, Fault.LETTERS),
        (float("nan"), Fault.LETTERS),
        (float("inf"), Fault.LETTERS),
        ("021-62345678", Fault.FIXED_LINE),
        ("010 6234567", Fault.FIXED_LINE),
        ("0755-23456789", Fault.FIXED_LINE),
        ("+86 755 2345 6789", Fault.FIXED_LINE),
        ("+86 21 6234 5678", Fault.FIXED_LINE),
        (75523456789.0, Fault.FIXED_LINE),
        (2162345678.0, Fault.TOO_SHORT),  # as well a mobile without its last digit
        ("400-123-4567", Fault.FIXED_LINE),
        ("+86 800 810 1234", Fault.FIXED_LINE),
        ("12000000000", Fault.NOT_MOBILE),
        ("013800138000", Fault.NOT_MOBILE),
        ("14012345678", Fault.IOT),
        ("+86 146 1234 5678", Fault.IOT),
        ("8614812345678", Fault.IOT),
        (14412345678.0, Fault.IOT),
        ("1440123456789", Fault.IOT),
        ("0086 1061234567890", Fault.TOO_LONG),
        ("1064612345678", Fault.IOT),
        ("+861064712345678", Fault.IOT),
        (1064812345678.0, Fault.IOT),
        ("106 4912 345678", Fault.IOT),
        ("10657123456789", Fault.TOO_LONG),  # a service's own number
        ("1.38E+10", Fault.DIGITS_LOST),
        ("1.3800138E+10", Fault.DIGITS_LOST),
        ("+852 9123 4567", Fault.COUNTRY),
        ("00447911123456", Fault.COUNTRY),
    ],
)
def test_what_no_mainland_application_can_text(cell, fault):
    assert normalise(cell, mainland=True) is fault


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("+44 7400 123456", Number("+447400123456", "GB", Repair.SEPARATORS)),
        ("00447400123456", Number("+447400123456", "GB", Repair.PREFIX)),
        ("447400123456", Number("+447400123456", "GB", 0)),
        (447400123456.0, Number("+447400123456", "GB", Repair.NUMBER_CELL)),
        ("+44 (0)7400 123456", Number("+447400123456", "GB", Repair.SEPARATORS)),
        ("+852 9123 4567", Number("+85291234567", "HK", Repair.SEPARATORS)),
        ("+33 6.12.34.56.78", Number("+33612345678", "FR", Repair.SEPARATORS)),
        ("+1 415 555 0132", Number("+14155550132", "US", Repair.SEPARATORS)),
        ("+8613800138000", Fault.COUNTRY),
        ("0086 13800138000", Fault.COUNTRY),
        ("13800138000", Fault.COUNTRY),
        # As +1 860 555 0132 this would be somebody in Connecticut, as +1 415 555 0132 in California.
        ("18605550132", Fault.COUNTRY),
        ("14155550132", Fault.COUNTRY),
        ("+44 20 7946 0958", Fault.FIXED_LINE),
        ("+44 800 808 5000", Fault.FIXED_LINE),
        ("+44 56 0000 0000", Fault.NOT_MOBILE),  # spoken over the internet
        ("+4474001234", Fault.TOO_SHORT),
        ("+4474001234564567", Fault.TOO_LONG),
        ("+447400123456456789", Fault.TOO_LONG),
        ("+881612345678", Fault.COUNTRY),  # a satellite
        ("+999123456789", Fault.COUNTRY),
        ("hello", Fault.LETTERS),
        ("+", Fault.LETTERS),
        ("1.38E+10", Fault.DIGITS_LOST),
    ],
)
def test_numbers_of_the_rest_of_the_world(cell, expected):
    assert normalise(cell, mainland=False) == expected


def test_the_quick_way_for_the_world_agrees_with_the_library():
    compared = 0
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            if country := phone._by_pattern(e164):
                compared += 1
                assert phonenumbers.number_type(phonenumbers.parse(e164)) in phone._MOBILE
                assert phonenumbers.region_code_for_number(example) == country
    assert compared > 150


@pytest.mark.parametrize("number", ["14500000001", "14700000001", "14900000001", "16500000001", "19900000001"])
def test_data_cards_and_newer_ranges_take_texts(number):
    assert normalise(number, mainland=True) == Number("+86" + number, "CN", 0)
    assert normalise(float(number), mainland=True) == Number("+86" + number, "CN", Repair.NUMBER_CELL)


@given(st.one_of(st.from_regex(r"1[0-9]{10}", fullmatch=True), st.floats(1e10, 3e10), st.integers(10**10, 3 * 10**10)))
def test_the_quick_way_for_the_mainland_agrees_with_the_thorough_one(cell):
    quick = phone.mainland(cell)
    if quick:
        assert normalise(cell, mainland=True) == Number(quick[0], "CN", quick[1])


@given(
    st.one_of(st.text(), st.text("0123456789+-().eE ０１"), st.floats(), st.integers(), st.booleans(), st.none()),
    st.booleans(),
)
def test_normalise_never_raises_and_gives_e164(cell, mainland):
    found = normalise(cell, mainland=mainland)
    if isinstance(found, Number):
        assert found.e164[0] == "+" and found.e164[1:].isdecimal() and found.e164.isascii() and len(found.e164) <= 16
        assert len(found.country) == 2
        assert mainland == found.e164.startswith("+86")
        again = normalise(found.e164, mainland=mainland)
        assert isinstance(again, Number) and again.e164 == found.e164


def test_codes_are_those_of_the_ledger():
    assert {fault.value for fault in Fault} <= set(states.Problem.values)
    assert {bit.name: bit.value for bit in Repair if bit} == {bit.name: bit.value for bit in states.Repair}


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613812345678", "138****5678"),
        ("13812345678", "138****5678"),
        ("+447911123391", "+44****3391"),
        ("+14155550132", "+1****0132"),
        ("138 1234 5678", "1****78"),
        ("1234", "1****"),
        ("", "****"),
        ("张三", "张****"),
    ],
)
def test_mask(number, shown):
    assert mask(number) == shown


@given(st.one_of(st.from_regex(r"\+?[0-9]{3,21}", fullmatch=True), st.text(min_size=3)))
def test_mask_never_leaks(text):
    shown = mask(text)
    digits = "".join(c for c in text if c.isdigit())
    assert len(text.strip()) < 2 or text.strip() not in shown
    # At least four digits of anything like a number are gone, or all but one character of what is short.
    assert len("".join(c for c in shown if c.isdigit())) <= max(len(digits) - 4, 1)
