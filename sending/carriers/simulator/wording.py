"""How the simulated carrier words what it writes: receipts, replies, and the record of what it accepted."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from console.lib import text as alphabets
from sending.carriers.port import Concat
from sending.carriers.simulator.script import Report
from sending.carriers.smpp import pdu

# SMPP 3.4, 5.2.28; the blacklists' own words are undeliverable to the standard.
_STATES: Final = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8}
_UNDELIVERABLE: Final = 5


def record_line(ext_id: int, message: pdu.Message, data: bytes, concat: Concat | None, system_id: str, at: str) -> str:
    """One accepted submit_sm as a line of JSON; `data` is its body without header, `at` when it was accepted.

    Written out by hand: json.dumps of such a dict costs as much as all the rest of a message.
    """
    number = quoted(message.destination)
    reference = message.reference()
    joined, total, part = concat if concat is not None else ("null", 1, 1)
    return (
        f'{{"id":"{ext_id}","source":{quoted(message.source)},"destination":{number},"number":{number},'
        f'"text":{quoted(pdu.decode_text(data, message.data_coding))},'
        f'"reference":{"null" if reference is None else reference},"part":{part},"parts":{total},'
        f'"concat_reference":{joined},"segments":1,"data_coding":{message.data_coding},'
        f'"validity":{quoted(message.validity)},'
        f'"system_id":{quoted(system_id)},"time":"{at}"}}\n'
    )


def receipt(ext_id: int, message: pdu.Message, data: bytes, report: Report, now: str) -> bytes:
    """The body of the deliver_sm that reports on `message`, in text and in parameters; `now` is YYMMDDhhmm."""
    stat = report.stat
    delivered = stat == "DELIVRD"
    # As Appendix B has it, the first 20 characters; left out where ASCII does not hold them.
    start = data[:20] if message.data_coding in (pdu.CODING_DEFAULT, pdu.CODING_ASCII) else b""
    text = (
        f"id:{ext_id} sub:001 dlvrd:00{delivered:d} submit date:{now} done date:{now} stat:{stat} "
        f"err:00{not delivered:d} text:"
    ).encode("ascii") + (start if start.isascii() else b"")
    reference = message.tlvs.get(pdu.TAG_USER_MESSAGE_REFERENCE)
    tlvs = (
        pdu.tlv(pdu.TAG_RECEIPTED_MESSAGE_ID, b"%d\0" % ext_id)
        + pdu.tlv(pdu.TAG_MESSAGE_STATE, bytes((_STATES.get(stat, _UNDELIVERABLE),)))
        + (pdu.tlv(pdu.TAG_USER_MESSAGE_REFERENCE, reference) if reference is not None else b"")
    )
    return pdu.message_body(
        pdu.address(message.destination_ton, message.destination_npi, message.destination),
        pdu.address(message.source_ton, message.source_npi, message.source),
        text,
        esm_class=pdu.ESM_INTERMEDIATE if report.intermediate else pdu.ESM_RECEIPT,
        tlvs=tlvs,
    )


def reply(message: pdu.Message, words: str) -> bytes:
    """The body of the deliver_sm in which the handset `message` went to writes back `words` (one segment)."""
    plain = alphabets.alphabet(words, mainland=False) is alphabets.Alphabet.GSM7
    return pdu.message_body(
        pdu.address(message.destination_ton, message.destination_npi, message.destination),
        pdu.address(message.source_ton, message.source_npi, message.source),
        alphabets.encode_gsm7(words) if plain else words.encode("utf-16-be"),
        data_coding=pdu.CODING_DEFAULT if plain else pdu.CODING_UCS2,
    )
