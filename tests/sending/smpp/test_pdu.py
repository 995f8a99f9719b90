"""The codec: known bytes, round trips, framing under hostile input."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.carriers.port import Concat
from sending.carriers.smpp import pdu

numbers = st.text(alphabet="0123456789+", max_size=20)
bytes_ = st.integers(0, 255)
tlv_sets = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=5)


def message(**fields):
    body = pdu.message_body(
        pdu.address(0, 1, "10690001"), pdu.address(1, 1, "8613800000000"), fields.pop("text", b"hi"), **fields
    )
    return pdu.frame(pdu.SUBMIT_SM, 0, 9, body)


def test_bind_transceiver_bytes():
    assert pdu.bind(pdu.BIND_TRANSCEIVER, 1, "user", "secret", "VMA") == bytes.fromhex(
        "00000024 00000009 00000000 00000001 7573657200 73656372657400 564d4100 34 00 00 00"
    )


def test_submit_sm_bytes():
    raw = message(registered_delivery=1, data_coding=8, tlvs=pdu.reference_tlv(0x1234))
    assert raw == bytes.fromhex(
        "0000003e 00000004 00000000 00000009 00 0001 313036393030303100 0101 3836313338303030303030303000"
        "00 00 00 00 00 01 00 08 00 02 6869 0204 0002 1234"
    )


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (pdu.ENQUIRE_LINK, "00000010 00000015 00000000 00000007"),
        (pdu.ENQUIRE_LINK_RESP, "00000010 80000015 00000000 00000007"),
        (pdu.UNBIND, "00000010 00000006 00000000 00000007"),
        (pdu.UNBIND_RESP, "00000010 80000006 00000000 00000007"),
        (pdu.GENERIC_NACK, "00000010 80000000 00000000 00000007"),
    ],
)
def test_header_only_pdus(command, raw):
    assert pdu.frame(command, 0, 7) == bytes.fromhex(raw)


@given(
    source=numbers,
    destination=numbers,
    tons=st.tuples(bytes_, bytes_, bytes_, bytes_),
    text=st.binary(max_size=254),
    esm_class=bytes_,
    registered=bytes_,
    coding=bytes_,
    tlvs=tlv_sets,
)
def test_message_round_trip(source, destination, tons, text, esm_class, registered, coding, tlvs):
    raw = pdu.frame(
        pdu.DELIVER_SM,
        0,
        1,
        pdu.message_body(
            pdu.address(tons[0], tons[1], source),
            pdu.address(tons[2], tons[3], destination),
            text,
            esm_class=esm_class,
            registered_delivery=registered,
            data_coding=coding,
            tlvs=b"".join(pdu.tlv(tag, value) for tag, value in tlvs.items()),
        ),
    )
    read = pdu.decode_message(raw)
    assert (read.source, read.destination) == (source, destination)
    assert (read.source_ton, read.source_npi, read.destination_ton, read.destination_npi) == tons
    assert (read.short_message, read.esm_class, read.registered_delivery) == (text, esm_class, registered)
    assert (read.data_coding, read.tlvs, read.service_type) == (coding, tlvs, "")


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(junk):
    raw = bytes(16) + junk
    for decode in (pdu.decode_message, pdu.decode_bind, pdu.decode_id):
        with contextlib.suppress(pdu.ProtocolError):
            decode(raw)
    pdu.split_udh(junk)
    for coding in (0, 1, 3, 8, 2, 0xF0):
        assert "\0" not in pdu.decode_text(junk, coding)


@given(st.integers(0, 62))
def test_a_message_cut_anywhere_is_refused_or_has_lost_only_whole_tlvs(cut):
    raw = message(tlvs=pdu.reference_tlv(5))
    try:
        read = pdu.decode_message(raw[: max(16, cut)])
    except pdu.ProtocolError:
        return
    assert read.short_message == b"hi"


@pytest.mark.parametrize(
    "make",
    [
        lambda: pdu.address(1, 1, "1" * 21),
        lambda: pdu.address(1, 1, "一"),
        lambda: pdu.address(1, 1, "1\x002"),
        lambda: message(text=b"x" * 255),
        lambda: pdu.bind(pdu.BIND_TRANSMITTER, 1, "u" * 16, "p"),
        lambda: pdu.bind(pdu.BIND_TRANSMITTER, 1, "u", "p" * 9),
        lambda: pdu.bind(pdu.BIND_TRANSMITTER, 1, "u", "p", "t" * 13),
    ],
)
def test_fields_that_do_not_fit(make):
    with pytest.raises(pdu.FieldError) as caught:
        make()
    assert "ppppp" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"abc\0", "abc"), (b"abc", "abc"), (b"", ""), (b"\0", ""), (b"a\0junk", "a"), (b"\xe9\0", "é")],
)
def test_decode_id(body, expected):
    assert pdu.decode_id(bytes(16) + body) == expected


def test_decode_id_refuses_what_is_too_long():
    with pytest.raises(pdu.ProtocolError):
        pdu.decode_id(bytes(16) + b"x" * 65)


def test_unknown_and_repeated_tlvs_are_kept():
    read = pdu.decode_message(
        message(tlvs=pdu.tlv(0x1400, b"vendor") + pdu.tlv(0x1400, b"again") + pdu.tlv(0x3FFF, b""))
    )
    assert read.tlvs == {0x1400: b"vendor", 0x3FFF: b""}


@pytest.mark.parametrize(
    ("data", "text", "concat"),
    [
        (pdu.concat_udh(300, 3, 2) + b"abc", b"abc", Concat(44, 3, 2)),
        (b"\x06\x08\x04\x12\x34\x02\x01abc", b"abc", Concat(0x1234, 2, 1)),
        (b"\x0a\x05\x02\x00\x01\x00\x03\x07\x02\x02ab", b"b", Concat(7, 2, 2)),  # after another element
        (b"\x05\x00\x03\x07\x02\x03abc", b"abc", None),  # part 3 of 2
        (b"\x05\x00\x03\x07\x02\x00abc", b"abc", None),
        (b"\xffabc", b"", None),
        (b"", b"", None),
        (b"\x00abc", b"abc", None),
    ],
)
def test_user_data_header(data, text, concat):
    assert pdu.split_udh(data) == (text, concat)


def test_parts_named_by_sar_parameters():
    tlvs = pdu.tlv(0x020C, b"\x01\x02") + pdu.tlv(0x020E, b"\x03") + pdu.tlv(0x020F, b"\x02")
    assert pdu.decode_message(message(tlvs=tlvs)).body() == (b"hi", Concat(0x102, 3, 2))


def test_message_payload_stands_in_for_short_message():
    assert pdu.decode_message(message(text=b"", tlvs=pdu.tlv(0x0424, b"long"))).body() == (b"long", None)


@pytest.mark.parametrize(
    ("data", "coding", "text"),
    [
        (b"\x00a\x1be", 0, "@a€"),
        (b"a\xff", 1, "a�"),
        (b"a\xe9", 3, "aé"),
        ("中😀".encode("utf-16-be"), 8, "中😀"),
        (b"\x4e\x2d\xd8", 8, "中�"),
        (b"\x00a\x00\x00", 8, "a"),
    ],
)
def test_decode_text(data, coding, text):
    assert pdu.decode_text(data, coding) == text


# framing


@given(st.lists(st.binary(max_size=60), max_size=12), st.lists(st.integers(1, 40), max_size=60))
def test_framing_does_not_depend_on_the_slices(bodies, sizes):
    stream = b"".join(pdu.frame(pdu.DELIVER_SM, 0, number, body) for number, body in enumerate(bodies))
    framer = pdu.Framer()
    found: list[pdu.Frame] = []
    at = 0
    for size in [*sizes, len(stream)]:
        found += framer.feed(stream[at : at + size])
        at += size
    assert [frame.sequence for frame in found] == list(range(len(bodies)))
    assert [frame.raw[16:] for frame in found] == bodies
    assert framer.held == 0


@pytest.mark.parametrize("size", [0, 1, 15, pdu.MAX_PDU + 1, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 16, 20])
def test_impossible_lengths_are_refused_at_the_fourth_byte(size, step):
    stream = pdu.frame(pdu.ENQUIRE_LINK, 0, 1) + size.to_bytes(4, "big") + b"\x00" * 12
    framer = pdu.Framer()
    found: list[pdu.Frame] = []
    fed = 0
    with pytest.raises(pdu.ProtocolError):
        for at in range(0, len(stream), step):
            fed = at + step
            for frame in framer.feed(stream[at : at + step]):
                found.append(frame)  # noqa: PERF402 -- what came before the error counts
    assert [frame.sequence for frame in found] == [1]
    assert fed < 20 + step


def test_the_largest_pdu_passes():
    raw = pdu.frame(pdu.DELIVER_SM, 0, 1, bytes(pdu.MAX_PDU - 16))
    framer = pdu.Framer()
    assert list(framer.feed(raw[:-1])) == []
    assert [frame.raw for frame in framer.feed(raw[-1:])] == [raw]


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_a_framer_never_holds_more_than_one_pdu(chunks):
    framer = pdu.Framer(limit=64)
    with contextlib.suppress(pdu.ProtocolError):
        for chunk in chunks:
            for _ in framer.feed(chunk):
                pass
            assert framer.held < 64
