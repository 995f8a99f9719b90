"""SMPP 3.4 on the wire: framing, the PDUs this product speaks, their optional parameters, and concatenation headers.

Answers for bytes only; knows nothing about sockets, windows or what a receipt means. Section numbers are those of the
SMPP Protocol Specification v3.4 Issue 1.2. Numbers are unsigned and big-endian; addresses and ids are ASCII (read as
Latin-1, so that a carrier's odd byte is kept rather than fatal); `raw` is always a whole PDU with its 16-byte header.

These functions run for every message: they join bytes and read at offsets, and make no object a caller does not need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from console.lib import text as alphabets
from sending.carriers.port import Concat

# 5.1.2.1. Plain integers, since an enum's comparison would be paid for every message.
GENERIC_NACK: Final = 0x80000000
BIND_RECEIVER: Final = 0x00000001
BIND_TRANSMITTER: Final = 0x00000002
SUBMIT_SM: Final = 0x00000004
DELIVER_SM: Final = 0x00000005
UNBIND: Final = 0x00000006
BIND_TRANSCEIVER: Final = 0x00000009
OUTBIND: Final = 0x0000000B
ENQUIRE_LINK: Final = 0x00000015
RESPONSE: Final = 0x80000000  # set in every answer
SUBMIT_SM_RESP: Final = SUBMIT_SM | RESPONSE
DELIVER_SM_RESP: Final = DELIVER_SM | RESPONSE
UNBIND_RESP: Final = UNBIND | RESPONSE
ENQUIRE_LINK_RESP: Final = ENQUIRE_LINK | RESPONSE

BINDS: Final = frozenset({BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER})
# Of the standard, but not spoken here: refused by name, where an id of no standard at all means the framing is lost.
OTHER_REQUESTS: Final = frozenset({0x03, 0x07, 0x08, 0x21, 0x103})  # query, replace, cancel, submit_multi, data
ALERT_NOTIFICATION: Final = 0x00000102  # has no answer

# 5.1.3
STATUSES: Final[Mapping[int, str]] = {
    0x00: "ESME_ROK",
    0x01: "ESME_RINVMSGLEN",
    0x02: "ESME_RINVCMDLEN",
    0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS",
    0x05: "ESME_RALYBND",
    0x06: "ESME_RINVPRTFLG",
    0x07: "ESME_RINVREGDLVFLG",
    0x08: "ESME_RSYSERR",
    0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR",
    0x0C: "ESME_RINVMSGID",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x11: "ESME_RCANCELFAIL",
    0x13: "ESME_RREPLACEFAIL",
    0x14: "ESME_RMSGQFUL",
    0x15: "ESME_RINVSERTYP",
    0x33: "ESME_RINVNUMDESTS",
    0x34: "ESME_RINVDLNAME",
    0x40: "ESME_RINVDESTFLAG",
    0x42: "ESME_RINVSUBREP",
    0x43: "ESME_RINVESMCLASS",
    0x44: "ESME_RCNTSUBDL",
    0x45: "ESME_RSUBMITFAIL",
    0x48: "ESME_RINVSRCTON",
    0x49: "ESME_RINVSRCNPI",
    0x50: "ESME_RINVDSTTON",
    0x51: "ESME_RINVDSTNPI",
    0x53: "ESME_RINVSYSTYP",
    0x54: "ESME_RINVREPFLAG",
    0x55: "ESME_RINVNUMMSGS",
    0x58: "ESME_RTHROTTLED",
    0x61: "ESME_RINVSCHED",
    0x62: "ESME_RINVEXPIRY",
    0x63: "ESME_RINVDFTMSGID",
    0x64: "ESME_RX_T_APPN",
    0x65: "ESME_RX_P_APPN",
    0x66: "ESME_RX_R_APPN",
    0x67: "ESME_RQUERYFAIL",
    0xC0: "ESME_RINVOPTPARSTREAM",
    0xC1: "ESME_ROPTPARNOTALLWD",
    0xC2: "ESME_RINVPARLEN",
    0xC3: "ESME_RMISSINGOPTPARAM",
    0xC4: "ESME_RINVOPTPARAMVAL",
    0xFE: "ESME_RDELIVERYFAILURE",
    0xFF: "ESME_RUNKNOWNERR",
}
OK: Final = 0x00
INVALID_MESSAGE_LENGTH: Final = 0x01
INVALID_COMMAND_LENGTH: Final = 0x02
INVALID_COMMAND: Final = 0x03
INVALID_BIND_STATE: Final = 0x04
ALREADY_BOUND: Final = 0x05
SYSTEM_ERROR: Final = 0x08
INVALID_SOURCE: Final = 0x0A
INVALID_DESTINATION: Final = 0x0B
BIND_FAILED: Final = 0x0D
INVALID_PASSWORD: Final = 0x0E
INVALID_SYSTEM_ID: Final = 0x0F
QUEUE_FULL: Final = 0x14
THROTTLED: Final = 0x58
TEMPORARY_ERROR: Final = 0x64
INVALID_TLV_STREAM: Final = 0xC0

# 5.3.2
TAG_RECEIPTED_MESSAGE_ID: Final = 0x001E
TAG_USER_MESSAGE_REFERENCE: Final = 0x0204
TAG_SAR_REFERENCE: Final = 0x020C
TAG_SAR_TOTAL: Final = 0x020E
TAG_SAR_PART: Final = 0x020F
TAG_MESSAGE_PAYLOAD: Final = 0x0424
TAG_MESSAGE_STATE: Final = 0x0427

HEADER_SIZE: Final = 16
MAX_PDU: Final = 64 * 1024
MAX_SHORT_MESSAGE: Final = 254
MAX_ADDRESS: Final = 20
MAX_MESSAGE_ID: Final = 64
LAST_SEQUENCE: Final = 0x7FFFFFFF
INTERFACE_VERSION: Final = 0x34

ESM_UDH: Final = 0x40
ESM_TYPE_MASK: Final = 0x3C  # 5.2.12, bits 5-2
ESM_RECEIPT: Final = 0x04
ESM_INTERMEDIATE: Final = 0x20

CODING_DEFAULT: Final = 0
CODING_ASCII: Final = 1
CODING_LATIN1: Final = 3
CODING_UCS2: Final = 8

_HEADER = struct.Struct(">IIII")
_LENGTH = struct.Struct(">I")
_BEFORE_VALIDITY = struct.Struct(">4B")
_AFTER_VALIDITY = struct.Struct(">5B")
_TAG = struct.Struct(">HH")
_REFERENCE = struct.Struct(">HHH")


class ProtocolError(Exception):
    """The peer sent what SMPP does not allow. `status` is the command_status an answer would carry."""

    def __init__(self, why: str, status: int = INVALID_MESSAGE_LENGTH) -> None:
        super().__init__(why)
        self.status = status


class FieldError(ValueError):
    """A value of ours does not fit its field. `status` names it as the carrier would have."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


class Frame(NamedTuple):
    """One PDU cut out of the stream; `raw` includes the header."""

    command: int
    status: int
    sequence: int
    raw: bytes


class Bind(NamedTuple):
    """What a bind request says (4.1.1)."""

    system_id: str
    password: str
    system_type: str


class Message:
    """The fields of a submit_sm or deliver_sm (4.4.1, 4.6.1), as `decode_message` found them.

    `short_message` is the field as sent; `body()` looks through message_payload and the user data header.
    """

    __slots__ = (
        "data_coding",
        "destination",
        "destination_npi",
        "destination_ton",
        "esm_class",
        "registered_delivery",
        "service_type",
        "short_message",
        "source",
        "source_npi",
        "source_ton",
        "tlvs",
        "validity",
    )

    service_type: str
    source_ton: int
    source_npi: int
    source: str
    destination_ton: int
    destination_npi: int
    destination: str
    esm_class: int
    validity: str
    registered_delivery: int
    data_coding: int
    short_message: bytes
    tlvs: dict[int, bytes]

    def body(self) -> tuple[bytes, Concat | None]:
        """The user data without its header, and the place of this part in a long message, if it is one."""
        data = self.short_message
        if not data and self.tlvs:
            data = self.tlvs.get(TAG_MESSAGE_PAYLOAD, b"")
        if self.esm_class & ESM_UDH:
            return split_udh(data)
        return data, sar(self.tlvs) if self.tlvs else None

    def reference(self) -> int | None:
        """The user_message_reference (5.3.2.17), or None where it is missing or of another size."""
        value = self.tlvs.get(TAG_USER_MESSAGE_REFERENCE)
        return int.from_bytes(value, "big") if value is not None and len(value) == 2 else None


class Framer:
    """Cuts a byte stream into PDUs, holding back no more than one incomplete PDU of at most `limit` bytes."""

    __slots__ = ("_limit", "_missing", "_rest")

    def __init__(self, limit: int = MAX_PDU) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._missing = 0  # bytes that must still come before looking again is worthwhile

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield each whole PDU; iterate to the end before feeding again.

        Raises ProtocolError at an impossible command_length, after yielding the PDUs before it and without waiting
        for or keeping the bytes it announces.
        """
        if self._rest:
            self._rest += data
            if len(data) < self._missing:
                self._missing -= len(data)
                return
            data = bytes(self._rest)
            self._rest.clear()
        position, end = 0, len(data)
        unpack, limit = _HEADER.unpack_from, self._limit
        while end - position >= HEADER_SIZE:
            size, command, status, sequence = unpack(data, position)
            if not HEADER_SIZE <= size <= limit:
                raise _impossible(size)
            if end - position < size:
                self._missing = size - (end - position)
                break
            yield Frame(command, status, sequence, data[position : position + size])
            position += size
        else:
            self._missing = (HEADER_SIZE if end - position >= 4 else 4) - (end - position)
            if end - position >= 4:
                size = _LENGTH.unpack_from(data, position)[0]
                if not HEADER_SIZE <= size <= limit:
                    raise _impossible(size)
        if position < end:
            self._rest += data[position:]

    @property
    def held(self) -> int:
        """Bytes of an incomplete PDU held back."""
        return len(self._rest)


def _impossible(size: int) -> ProtocolError:
    return ProtocolError(f"impossible command_length {size}", INVALID_COMMAND_LENGTH)


def status_name(status: int) -> str:
    """The standard's name of a command_status, or its number in hex where the standard has none."""
    return STATUSES.get(status) or f"0x{status:08X}"


def frame(command: int, status: int, sequence: int, body: bytes = b"") -> bytes:
    """A whole PDU: header and body (5.1)."""
    return _HEADER.pack(HEADER_SIZE + len(body), command, status, sequence) + body


def address(ton: int, npi: int, number: str, *, status: int = INVALID_DESTINATION) -> bytes:
    """Type of number, numbering plan and the address as a C-octet string of at most 20 characters (5.2.5 to 5.2.8).

    Raises FieldError with `status` where the address does not fit.
    """
    if len(number) > MAX_ADDRESS or not number.isascii() or "\0" in number:
        raise FieldError(f"an address is at most {MAX_ADDRESS} ASCII characters", status)
    return bytes((ton, npi)) + number.encode("ascii") + b"\0"


def message_body(
    source: bytes,
    destination: bytes,
    short_message: bytes,
    *,
    service_type: bytes = b"\0",
    esm_class: int = 0,
    registered_delivery: int = 0,
    data_coding: int = CODING_DEFAULT,
    validity: bytes = b"\0",
    tlvs: bytes = b"",
) -> bytes:
    """The body of a submit_sm or deliver_sm; `source` and `destination` as `address` made them.

    `service_type` and `validity` come with their terminators, `tlvs` encoded. Raises FieldError for a short_message
    over 254 octets.
    """
    size = len(short_message)
    if size > MAX_SHORT_MESSAGE:
        raise FieldError(f"short_message has {size} octets, 254 fit", INVALID_MESSAGE_LENGTH)
    return b"".join((
        service_type,
        source,
        destination,
        # protocol_id, priority, no schedule, replace_if_present and default message id are always 0.
        _BEFORE_VALIDITY.pack(esm_class, 0, 0, 0),
        validity,
        _AFTER_VALIDITY.pack(registered_delivery, 0, data_coding, 0, size),
        short_message,
        tlvs,
    ))  # fmt: skip


def decode_message(raw: bytes) -> Message:
    """Read a submit_sm or deliver_sm. Raises ProtocolError where fields run out, are too long or TLVs are cut."""
    message = Message()
    try:
        end = raw.index(0, HEADER_SIZE)
        message.service_type = raw[HEADER_SIZE:end].decode("latin-1")
        start = end + 3
        message.source_ton, message.source_npi = raw[end + 1], raw[end + 2]
        end = raw.index(0, start, start + MAX_ADDRESS + 1)
        message.source = raw[start:end].decode("latin-1")
        start = end + 3
        message.destination_ton, message.destination_npi = raw[end + 1], raw[end + 2]
        end = raw.index(0, start, start + MAX_ADDRESS + 1)
        message.destination = raw[start:end].decode("latin-1")
        message.esm_class = raw[end + 1]
        end = raw.index(0, end + 4, end + 4 + 17)  # schedule_delivery_time
        start = end + 1
        end = raw.index(0, start, start + 17)
        message.validity = raw[start:end].decode("latin-1")
        message.registered_delivery = raw[end + 1]
        message.data_coding = raw[end + 3]
        size = raw[end + 5]
    except (ValueError, IndexError):
        raise ProtocolError("a message ends in the middle of its fields, or a field is too long") from None
    start = end + 6
    end = start + size
    if size > MAX_SHORT_MESSAGE or end > len(raw):
        raise ProtocolError(f"sm_length {size} does not fit")
    message.short_message = raw[start:end]
    message.tlvs = decode_tlvs(raw, end) if end < len(raw) else {}
    return message


def tlv(tag: int, value: bytes) -> bytes:
    """One optional parameter (3.2.4.1)."""
    return _TAG.pack(tag, len(value)) + value


def reference_tlv(reference: int) -> bytes:
    """user_message_reference (5.3.2.17); `reference` is 16 bits."""
    return _REFERENCE.pack(TAG_USER_MESSAGE_REFERENCE, 2, reference)


def decode_tlvs(raw: bytes, start: int) -> dict[int, bytes]:
    """Optional parameters from `start` to the end, unknown tags included; of a repeated tag the first counts.

    Raises ProtocolError where one is cut off.
    """
    found: dict[int, bytes] = {}
    end = len(raw)
    while start < end:
        if end - start < 4:
            raise ProtocolError("an optional parameter is cut off", INVALID_TLV_STREAM)
        tag, size = _TAG.unpack_from(raw, start)
        start += 4
        if end - start < size:
            raise ProtocolError("an optional parameter is cut off", INVALID_TLV_STREAM)
        found.setdefault(tag, raw[start : start + size])
        start += size
    return found


def c_octets(value: str, most: int, name: str) -> bytes:
    """A C-octet string with its terminator. Raises FieldError over `most` ASCII characters; never repeats `value`."""
    if len(value) > most or not value.isascii() or "\0" in value:
        raise FieldError(f"{name} is at most {most} ASCII characters", INVALID_MESSAGE_LENGTH)
    return value.encode("ascii") + b"\0"


def bind(command: int, sequence: int, system_id: str, password: str, system_type: str = "") -> bytes:
    """A bind request of the kind `command` names (4.1). Raises FieldError for values over 15, 8 and 12 characters."""
    return frame(
        command,
        OK,
        sequence,
        c_octets(system_id, 15, "system_id")
        + c_octets(password, 8, "password")
        + c_octets(system_type, 12, "system_type")
        + bytes((INTERFACE_VERSION, 0, 0, 0)),  # TON, NPI and range: whatever the account is configured for
    )


def decode_bind(raw: bytes) -> Bind:
    """Read a bind request. Raises ProtocolError where a field is missing or too long."""
    fields = []
    start = HEADER_SIZE
    for room in (16, 9, 13):
        try:
            end = raw.index(0, start, start + room)
        except ValueError:
            raise ProtocolError("a bind field is too long or missing") from None
        fields.append(raw[start:end].decode("latin-1"))
        start = end + 1
    return Bind(*fields)


def decode_id(raw: bytes) -> str:
    """The C-octet string a submit_sm_resp or bind response opens with; empty where the body is missing.

    Some carriers leave out the terminator or the whole body. Raises ProtocolError over 64 characters, as no id is
    that long (5.2.23) and it would be stored.
    """
    end = raw.find(0, HEADER_SIZE)
    found = raw[HEADER_SIZE:] if end < 0 else raw[HEADER_SIZE:end]
    if len(found) > MAX_MESSAGE_ID:
        raise ProtocolError(f"an id of {len(found)} characters")
    return found.decode("latin-1")


def concat_udh(reference: int, total: int, part: int) -> bytes:
    """The user data header of one part with an 8-bit reference (3GPP TS 23.040, 9.2.3.24.1).

    Of `reference` the low 8 bits count. Raises FieldError for more than 255 parts.
    """
    if total > 255:
        raise FieldError(f"{total} parts, 255 fit", INVALID_MESSAGE_LENGTH)
    return bytes((5, 0, 3, reference & 0xFF, total, part))


def split_udh(data: bytes) -> tuple[bytes, Concat | None]:
    """User data without its header, and the concatenation it names with an 8- or 16-bit reference.

    A header that does not add up is dropped as far as it claims to reach: the text behind it is still worth having.
    """
    if not data:
        return data, None
    end = min(1 + data[0], len(data))
    concat = None
    at = 1
    while at + 2 <= end:
        kind, size = data[at], data[at + 1]
        value = data[at + 2 : min(at + 2 + size, end)]
        if kind == 0x00 and size == 3 and len(value) == 3:
            concat = _concat(value[0], value[1], value[2])
        elif kind == 0x08 and size == 4 and len(value) == 4:
            concat = _concat(value[0] << 8 | value[1], value[2], value[3])
        at += 2 + size
    return data[end:], concat


def sar(tlvs: Mapping[int, bytes]) -> Concat | None:
    """The concatenation the three sar_ parameters name (5.3.2.22 to 24), or None where one is missing or odd."""
    reference, total, part = (tlvs.get(tag) for tag in (TAG_SAR_REFERENCE, TAG_SAR_TOTAL, TAG_SAR_PART))
    if not reference or not total or not part:
        return None
    return _concat(*(int.from_bytes(value, "big") for value in (reference, total, part)))


def _concat(reference: int, total: int, part: int) -> Concat | None:
    # As TS 23.040 asks: a part 0, or beyond the total, means the header is to be ignored.
    return Concat(reference, total, part) if 1 <= part <= total <= 255 else None


def decode_text(data: bytes, data_coding: int) -> str:
    """The text of user data (5.2.19); never fails, and never holds NUL, which no database stores as text.

    Coding 0 is read as GSM-7. Codings that name no alphabet known here are read as Latin-1.
    """
    if data_coding == CODING_UCS2:
        shown = data.decode("utf-16-be", "replace")
    elif data_coding == CODING_DEFAULT:
        shown = alphabets.decode_gsm7(data)
    elif data_coding == CODING_ASCII:
        shown = data.decode("ascii", "replace")
    else:
        shown = data.decode("latin-1")
    return shown.replace("\0", "") if "\0" in shown else shown
