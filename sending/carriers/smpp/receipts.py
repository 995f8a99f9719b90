"""Delivery receipts: from a deliver_sm to what became of the message, whichever way the carrier writes it.

The optional parameters win; where they are missing the text of SMPP 3.4 Appendix B is read, as loosely as carriers
write it. Answers for reading only: finding the message and changing its state is the gateway's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sending.carriers.port import Receipt, ReceiptState
from sending.carriers.smpp import pdu

__all__ = ["ID_RULES", "Receipt", "ReceiptState", "is_receipt", "normalise_id", "parse"]

# SMPP 3.4, 5.2.28, and the two values 5.0 adds (0, 9), with the words of Appendix B.
_STATES: Final = {
    0: (ReceiptState.ENROUTE, "SCHEDULED"),
    1: (ReceiptState.ENROUTE, "ENROUTE"),
    2: (ReceiptState.DELIVERED, "DELIVRD"),
    3: (ReceiptState.FAILED, "EXPIRED"),
    4: (ReceiptState.FAILED, "DELETED"),
    5: (ReceiptState.FAILED, "UNDELIV"),
    6: (ReceiptState.ENROUTE, "ACCEPTD"),
    7: (ReceiptState.FAILED, "UNKNOWN"),
    8: (ReceiptState.FAILED, "REJECTD"),
    9: (ReceiptState.FAILED, "SKIPPED"),
}
_DELIVERED_WORDS: Final = frozenset({"DELIVRD", "DELIVERED"})
_ENROUTE_WORDS: Final = frozenset({"ENROUTE", "ACCEPTD", "ACCEPTED", "SCHEDULED", "BUFFERED", "BUFFRED"})

_ID = re.compile(r"\bid:[ ]?([^\s]+)", re.IGNORECASE)
_STAT = re.compile(r"\bstat:[ ]?([^\s]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:[ ]?([^\s]+)", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+", re.IGNORECASE)  # int() alone would also take "1_0" and "+1"
# The last field repeats the message itself, which may well say "stat:".
_TEXT = re.compile(r"(?:^|\s)text:", re.IGNORECASE)
# An empty field followed by the next one: "id: sub:001".
_NEXT_FIELD = re.compile(r"(?:sub|dlvrd|submit|done|date|stat|err|text)(?::|$)", re.IGNORECASE)


def is_receipt(message: pdu.Message) -> bool:
    """Whether a deliver_sm is a receipt: by its esm_class, or by a receipted_message_id where a carrier forgot that.

    Never by its text, which anyone with a handset can write.
    """
    return (
        message.esm_class & pdu.ESM_TYPE_MASK in (pdu.ESM_RECEIPT, pdu.ESM_INTERMEDIATE)
        or pdu.TAG_RECEIPTED_MESSAGE_ID in message.tlvs
    )


def parse(message: pdu.Message, id_rule: str = "as_is") -> Receipt:
    """Read a receipt (see `is_receipt`); `id_rule` is one of `ID_RULES`.

    What cannot be found stays empty; a receipt without any readable state is ENROUTE, so that it decides nothing.
    """
    tlvs = message.tlvs
    ext_id = code = error = ""
    told = None
    if tlvs:
        value = tlvs.get(pdu.TAG_RECEIPTED_MESSAGE_ID)
        if value:
            ext_id = value.partition(b"\0")[0][: pdu.MAX_MESSAGE_ID].decode("latin-1")
        value = tlvs.get(pdu.TAG_MESSAGE_STATE)
        if value:
            told = _STATES.get(value[-1])
    if told is not None and ext_id and told[0] is ReceiptState.DELIVERED:
        state, code = told  # the ordinary case needs nothing from the text
    else:
        text = _receipt_text(message)
        ext_id = ext_id or _field(_ID, text)[: pdu.MAX_MESSAGE_ID]
        code = _field(_STAT, text).upper()
        error = _field(_ERROR, text)
        state = _state_of(code)
        if told is not None and told[0] is not state:
            state, code = told
        elif told is not None:
            # Both agree, and the text may be the more exact one: MBBLACK where the parameter only says undeliverable.
            code = code or told[1]
    if message.esm_class & pdu.ESM_TYPE_MASK == pdu.ESM_INTERMEDIATE:
        state = ReceiptState.ENROUTE
    return Receipt(normalise_id(ext_id, id_rule, receipt=True), state, code, message.source, message.reference(), error)


def _receipt_text(message: pdu.Message) -> str:
    data, _ = message.body()
    # Receipts are written in ASCII whatever coding 0 means to the carrier; GSM-7 would turn an underscore into §.
    text = pdu.decode_text(data, pdu.CODING_UCS2 if message.data_coding == pdu.CODING_UCS2 else pdu.CODING_LATIN1)
    end = _TEXT.search(text)
    return text[: end.start()] if end else text


def _field(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return "" if found is None or _NEXT_FIELD.match(found[1]) else found[1]


def _state_of(code: str) -> ReceiptState:
    if code in _DELIVERED_WORDS:
        return ReceiptState.DELIVERED
    return ReceiptState.ENROUTE if not code or code in _ENROUTE_WORDS else ReceiptState.FAILED


def _strip_zeros(value: str) -> str:
    return value.lstrip("0") or value[:1]


def _to_decimal(value: str) -> str:
    return str(int(value, 16)) if _HEX.fullmatch(value) else value


def _to_hex(value: str) -> str:
    return f"{int(value):x}" if value.isascii() and value.isdecimal() else value


def _lower_hex(value: str) -> str:
    return _strip_zeros(value.lower().removeprefix("0x"))


def _same(value: str) -> str:
    return value


# What to do to the id in the response, and to the id in the receipt, so that both become the same string.
ID_RULES: Final[dict[str, tuple[Callable[[str], str], Callable[[str], str]]]] = {
    "as_is": (_same, _same),
    "lower": (str.lower, str.lower),
    "strip_zeros": (_strip_zeros, _strip_zeros),
    "hex_to_dec": (_to_decimal, _strip_zeros),  # hex in the response, decimal in the receipt
    "dec_to_hex": (_to_hex, _lower_hex),  # decimal in the response, hex in the receipt
    "lower_hex": (_lower_hex, _lower_hex),  # hex in both, differing in case, zeros or 0x
}


def normalise_id(raw: str, rule: str, *, receipt: bool = False) -> str:
    """The carrier's message id in the form both the response and the receipt can be brought to.

    `receipt` tells which of the two `raw` was read from. An id the rule cannot read is kept. Raises KeyError for a rule
    not in `ID_RULES`.
    """
    if rule == "as_is":
        return raw.strip()
    return ID_RULES[rule][receipt](raw.strip())
