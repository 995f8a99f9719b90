"""Receipts as carriers write them, and ids as they spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.carriers.port import ReceiptState
from sending.carriers.smpp import pdu, receipts

ENROUTE, DELIVERED, FAILED = ReceiptState.ENROUTE, ReceiptState.DELIVERED, ReceiptState.FAILED
STANDARD = "id:{} sub:001 dlvrd:001 submit date:2611212045 done date:2611212046 stat:{} err:{} text:hello"


def deliver(text="", *, esm_class=pdu.ESM_RECEIPT, tlvs=b"", coding=0):
    data = text.encode("utf-16-be") if coding == 8 else text.encode("latin-1")
    return pdu.decode_message(
        pdu.frame(
            pdu.DELIVER_SM,
            0,
            1,
            pdu.message_body(
                pdu.address(1, 1, "8613800000000"),
                pdu.address(0, 1, "1069"),
                data,
                esm_class=esm_class,
                data_coding=coding,
                tlvs=tlvs,
            ),
        )
    )


@pytest.mark.parametrize(
    ("text", "ext_id", "state", "code", "error"),
    [
        (STANDARD.format("123", "DELIVRD", "000"), "123", DELIVERED, "DELIVRD", "000"),
        (STANDARD.format("a_b-C.9", "UNDELIV", "069"), "a_b-C.9", FAILED, "UNDELIV", "069"),
        *[
            (STANDARD.format("1", stat, "0"), "1", FAILED, stat, "0")
            for stat in ("EXPIRED", "DELETED", "UNKNOWN", "REJECTD")
        ],
        *[(STANDARD.format("1", stat, "0"), "1", ENROUTE, stat, "0") for stat in ("ACCEPTD", "ENROUTE")],
        (STANDARD.format("1", "MBBLACK", "999"), "1", FAILED, "MBBLACK", "999"),
        (STANDARD.format("1", "MK:0010", "0"), "1", FAILED, "MK:0010", "0"),
        (STANDARD.format("1", "ID:0076", "0"), "1", FAILED, "ID:0076", "0"),
        ("ID: 77 SUB:1 DLVRD:1 STAT: delivrd ERR: 000 TEXT: x", "77", DELIVERED, "DELIVRD", "000"),
        ("stat:DELIVRD id:5", "5", DELIVERED, "DELIVRD", ""),
        ("id: sub:001 dlvrd:001 stat:DELIVRD err:", "", DELIVERED, "DELIVRD", ""),
        ("id:5 stat: err:001 text:", "5", ENROUTE, "", "001"),
        # The message repeated in the receipt must not speak for it.
        ("id:5 sub:001 text:id:6 stat:DELIVRD err:1", "5", ENROUTE, "", ""),
        ("id:5 stat:UNDELIV text:stat:DELIVRD", "5", FAILED, "UNDELIV", ""),
        ("", "", ENROUTE, "", ""),
        ("quite another text", "", ENROUTE, "", ""),
    ],
)
@pytest.mark.parametrize("coding", [0, 8])
def test_text_receipts(text, ext_id, state, code, error, coding):
    receipt = receipts.parse(deliver(text, coding=coding))
    assert (receipt.ext_id, receipt.state, receipt.code, receipt.error) == (ext_id, state, code, error)
    assert (receipt.number, receipt.reference) == ("8613800000000", None)
    assert receipt.final == (state is not ENROUTE)


@pytest.mark.parametrize(
    ("stat", "told", "state", "code"),
    [
        ("DELIVRD", 2, DELIVERED, "DELIVRD"),
        ("UNDELIV", 2, DELIVERED, "DELIVRD"),  # the parameter wins
        ("DELIVRD", 5, FAILED, "UNDELIV"),
        ("MBBLACK", 5, FAILED, "MBBLACK"),  # they agree, and the text says it better
        ("DELIVRD", 1, ENROUTE, "ENROUTE"),
        ("", 3, FAILED, "EXPIRED"),
        ("DELIVRD", 77, DELIVERED, "DELIVRD"),  # a state of no standard says nothing
    ],
)
def test_parameters_win(stat, told, state, code):
    tlvs = (
        pdu.tlv(pdu.TAG_RECEIPTED_MESSAGE_ID, b"from-tlv\0")
        + pdu.tlv(pdu.TAG_MESSAGE_STATE, bytes([told]))
        + pdu.reference_tlv(0xBEEF)
        + pdu.tlv(0x1500, b"vendor")
    )
    receipt = receipts.parse(deliver(STANDARD.format("from-text", stat, "001"), tlvs=tlvs))
    assert (receipt.ext_id, receipt.state, receipt.code, receipt.reference) == ("from-tlv", state, code, 0xBEEF)


def test_receipt_in_message_payload():
    text = STANDARD.format("12", "DELIVRD", "000").encode()
    assert receipts.parse(deliver(tlvs=pdu.tlv(pdu.TAG_MESSAGE_PAYLOAD, text))).ext_id == "12"


def test_intermediate_is_never_final():
    receipt = receipts.parse(deliver(STANDARD.format("1", "UNDELIV", "1"), esm_class=pdu.ESM_INTERMEDIATE))
    assert (receipt.state, receipt.code) == (ENROUTE, "UNDELIV")


@pytest.mark.parametrize(
    ("esm_class", "tlvs", "expected"),
    [
        (0x04, b"", True),
        (0x44, b"", True),
        (0x20, b"", True),
        (0x00, b"", False),  # a handset can write any text
        (0x40, b"", False),
        (0x08, b"", False),  # an acknowledgement by the handset's owner is a reply
        (0x00, pdu.tlv(pdu.TAG_RECEIPTED_MESSAGE_ID, b"1\0"), True),
    ],
)
def test_what_is_a_receipt(esm_class, tlvs, expected):
    message = deliver(STANDARD.format("1", "DELIVRD", "0"), esm_class=esm_class, tlvs=tlvs)
    assert receipts.is_receipt(message) is expected


@pytest.mark.parametrize(
    ("rule", "response", "receipt"),
    [
        ("as_is", "AbC", " AbC "),
        ("lower", "ABC-1", "abc-1"),
        ("strip_zeros", "00123", "123"),
        ("strip_zeros", "000", "0"),
        ("hex_to_dec", "1A2B", "6699"),
        ("hex_to_dec", "0x1a2b", "0006699"),
        ("dec_to_hex", "6699", "1A2B"),
        ("dec_to_hex", "6699", "00001a2b"),
        ("lower_hex", "0x001A2B", "1a2b"),
    ],
)
def test_ids_become_equal(rule, response, receipt):
    assert receipts.normalise_id(response, rule) == receipts.normalise_id(receipt, rule, receipt=True)


@given(st.text(max_size=64), st.sampled_from(sorted(receipts.ID_RULES)), st.booleans())
def test_ids_no_rule_can_read_are_kept(raw, rule, receipt):
    assert bool(receipts.normalise_id(raw, rule, receipt=receipt)) <= bool(raw.strip())
    if not any(character in "0123456789abcdefABCDEF" for character in raw) and rule not in (
        "lower",
        "dec_to_hex",
        "lower_hex",
    ):
        assert receipts.normalise_id(raw, rule, receipt=receipt) == raw.strip()
