"""One SMPP bind, from the bind request to the end of its connection.

Answers for the exact set of what was submitted and not answered: whatever happens to the connection, each part gets one
answer. Reconnecting is the link's, storing is the handler's. SMPP 3.4 throughout; nothing here awaits per message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Final

from sending.carriers import port
from sending.carriers.port import Accepted, Delivery, Handler, NoAnswer, Refused
from sending.carriers.smpp import pdu, receipts
from sending.carriers.smpp.config import LinkConfig
from sending.carriers.smpp.times import relative_time

logger = logging.getLogger(__name__)

# A generic_nack with one of these says the PDU was not even looked at.
_NEVER_PROCESSED: Final = frozenset({pdu.INVALID_COMMAND_LENGTH, pdu.INVALID_COMMAND})
_UNREAD_LIMIT: Final = 4 * 1024 * 1024  # bytes a peer may leave unread; far above any window
_SOURCES_KEPT: Final = 1024
_UNBOUND: Final = "the carrier unbound"


class Session(asyncio.Protocol):
    """The protocol of one connection; binds by itself once connected.

    `command` is one of `pdu.BINDS`. `on_up` and `on_down` are called in the same loop turn as the bind's answer and the
    connection's end; by the time of `on_down` every outstanding part has been answered. `on_down` comes only after
    `on_up`.
    """

    def __init__(
        self,
        config: LinkConfig,
        command: int,
        handler: Handler,
        link: port.Link,
        on_up: Callable[[Session], None],
        on_down: Callable[[Session, str], None],
    ) -> None:
        self.config = config
        self.bound = False
        self.late = 0
        """Answers to parts that had been given up, or that answer nothing."""
        self.command = command
        self._handler = handler
        self._link = link
        self._on_up = on_up
        self._on_down = on_down
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._framer = pdu.Framer()
        self._out: list[bytes] = []
        self._sequence = 0
        self._bind_sequence = 0
        self._outstanding: dict[int, tuple[int, int, float]] = {}  # sequence → key, part, submitted; oldest first
        self._owed: set[int] = set()  # sequences of deliveries handed over and not acknowledged
        self._sources: dict[str, bytes] = {}
        self._service_type = pdu.c_octets(config.options.service_type, 5, "service_type")
        self._enquired: float | None = None  # when an enquire_link was sent, until anything comes
        self._enquire_sequence = 0
        self._heard = self._started = self._loop.time()
        self._ticker: asyncio.TimerHandle | None = None
        self._tick_interval = min(1.0, config.response_timeout / 4, config.enquire_interval / 4)
        self._why = ""
        self._closing = False
        self._drained: asyncio.Future[None] | None = None
        self._unbound_at: float | None = None  # when the carrier unbound
        self._refused: int | None = None
        self._bound_at: float | None = None
        self._bound_seconds = 0.0
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is gone; `why` and `refused` then say how."""

    @property
    def outstanding(self) -> int:
        """Parts submitted and not answered yet."""
        return len(self._outstanding)

    @property
    def free(self) -> int:
        """Room in the window; 0 unless bound for sending and not closing."""
        if not self.bound or self._closing or self.command == pdu.BIND_RECEIVER:
            return 0
        return max(0, self.config.window - len(self._outstanding))

    @property
    def why(self) -> str:
        """Why the session ended; empty before."""
        return self._why

    @property
    def refused(self) -> int | None:
        """The command_status the bind was refused with, if that is how the session ended."""
        return self._refused

    @property
    def bound_seconds(self) -> float:
        """How long the ended session was bound; 0 where it never was."""
        return self._bound_seconds

    # sending

    def submit(
        self,
        key: int,
        parts: Sequence[bytes],
        destination: str,
        source: str,
        reference: int,
        data_coding: int,
        valid_for: int = 0,
    ) -> None:
        """Write one submit_sm a part and expect its answer; see `port.Link.submit`.

        What cannot be put into a PDU, and what comes while the session cannot send, is refused (in a later loop turn)
        without a byte written. `reference` is 16 bits; its low 8 number a long message's parts.
        """
        if not self.bound or self._closing or self.command == pdu.BIND_RECEIVER:
            self._refuse_all(key, len(parts), Refused(port.LINK_DOWN, again=True))
            return
        config = self.config
        try:
            origin = self._sources.get(source) or self._remember_source(source)
            target = pdu.address(config.dest_ton, config.dest_npi, destination)
            tlvs = pdu.reference_tlv(reference)
            validity = relative_time(valid_for) if valid_for and config.options.validity else b"\0"
            if len(parts) == 1:
                esm_class, bodies = 0, parts
            else:
                total = len(parts)
                esm_class = pdu.ESM_UDH
                bodies = [pdu.concat_udh(reference, total, at) + part for at, part in enumerate(parts, 1)]
            messages = [
                pdu.message_body(
                    origin,
                    target,
                    body,
                    service_type=self._service_type,
                    esm_class=esm_class,
                    registered_delivery=1,
                    data_coding=data_coding,
                    validity=validity,
                    tlvs=tlvs,
                )
                for body in bodies
            ]
        except pdu.FieldError as error:
            self._refuse_all(key, len(parts), Refused(pdu.status_name(error.status), again=False))
            return
        now = self._loop.time()
        outstanding = self._outstanding
        for part, message in enumerate(messages):
            sequence = self._next_sequence()
            outstanding[sequence] = (key, part, now)
            self._write(pdu.frame(pdu.SUBMIT_SM, pdu.OK, sequence, message))

    def acknowledge(self, delivery: Delivery, *, ok: bool) -> None:
        """Answer a delivery of this session: stored, or to be brought again. Answering twice writes once."""
        if delivery.sequence in self._owed:
            self._owed.discard(delivery.sequence)
            self._write(pdu.frame(pdu.DELIVER_SM_RESP, pdu.OK if ok else pdu.TEMPORARY_ERROR, delivery.sequence, b"\0"))

    async def close(self) -> None:
        """Take no more, wait for the outstanding answers, unbind, disconnect; each for as long as the options say."""
        options = self.config.options
        self._closing = True
        if self.bound:
            if self._outstanding:
                self._drained = self._loop.create_future()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._drained, options.drain_timeout)
            if self.bound:
                self._write(pdu.frame(pdu.UNBIND, pdu.OK, self._next_sequence()))
                await asyncio.wait({self.ended}, timeout=options.unbind_timeout)
        self._drop("closed")
        await asyncio.wait({self.ended})

    def abort(self, why: str) -> None:
        """End the connection now; what is outstanding gets NoAnswer."""
        self._drop(why)

    def _remember_source(self, source: str) -> bytes:
        config = self.config
        if source.removeprefix("+").isdigit() or not source:
            made = pdu.address(config.source_ton, config.source_npi, source, status=pdu.INVALID_SOURCE)
        else:
            made = pdu.address(5, 0, source, status=pdu.INVALID_SOURCE)  # 5.2.5: alphanumeric
        if len(self._sources) >= _SOURCES_KEPT:
            self._sources.clear()
        self._sources[source] = made
        return made

    def _refuse_all(self, key: int, parts: int, answer: Refused) -> None:
        # Not from inside submit(): the caller may not have noted yet what it submits.
        for part in range(parts):
            self._loop.call_soon(self._handler.answered, key, part, answer)

    def _next_sequence(self) -> int:
        sequence = self._sequence
        while True:
            sequence = sequence + 1 if sequence < pdu.LAST_SEQUENCE else 1
            if sequence not in self._outstanding:
                self._sequence = sequence
                return sequence

    def _write(self, data: bytes) -> None:
        """Collect what one loop turn has to say into one write."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    # the connection's life

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bind (asyncio.Protocol)."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_UNREAD_LIMIT)
        self._bind_sequence = self._next_sequence()
        config = self.config
        self._write(pdu.bind(self.command, self._bind_sequence, config.system_id, config.password, config.system_type))
        self._heard = self._started = self._loop.time()
        self._ticker = self._loop.call_later(self._tick_interval, self._tick)

    def pause_writing(self) -> None:
        """The peer has stopped reading (asyncio.Protocol): nothing it is owed may pile up here."""
        self._drop("the carrier does not read")

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer everything outstanding, then tell the link (asyncio.Protocol)."""
        was_bound, self.bound = self.bound, False
        if self._bound_at is not None:
            self._bound_seconds = self._loop.time() - self._bound_at
        self._transport = None
        self._out.clear()
        self._owed.clear()
        if self._ticker is not None:
            self._ticker.cancel()
        if self._unbound_at is not None:
            self._why = self._why or _UNBOUND
        self._why = self._why or (f"connection lost: {exc}" if exc else "the carrier closed the connection")
        lost, self._outstanding = self._outstanding, {}
        answer = NoAnswer(self._why)
        for key, part, _ in lost.values():
            self._answered_safely(key, part, answer)
        self._settle_drain()
        try:
            if was_bound:
                self._on_down(self, self._why)
        finally:
            if not self.ended.done():
                self.ended.set_result(None)

    def _answered_safely(self, key: int, part: int, answer: port.Answer) -> None:
        # One handler's failure must not leave the rest of the window without an answer.
        try:
            self._handler.answered(key, part, answer)
        except Exception:
            logger.exception("carrier %s: the handler failed on an answer", self.config.name)

    def _settle_drain(self) -> None:
        """Nothing is outstanding any more: whoever waited for that goes on."""
        if self._unbound_at is not None:
            self._drop(_UNBOUND, at_once=False)
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _drop(self, why: str, *, at_once: bool = True) -> None:
        """End the connection; unless `at_once`, after what is still to be written."""
        self._why = self._why or why
        self._closing = True
        if self._transport is None:
            return
        if at_once:
            self._transport.abort()
        else:
            self._flush()
            self._transport.close()

    def _tick(self) -> None:
        """The one timer: the bind's, the answers' and the peer's time limits."""
        now = self._loop.time()
        config = self.config
        self._ticker = self._loop.call_later(self._tick_interval, self._tick)
        if not self.bound:
            if now - self._started >= config.options.bind_timeout:
                self._drop("no answer to the bind")
            return
        if self._unbound_at is not None and now - self._unbound_at >= config.options.unbind_timeout:
            self._drop(_UNBOUND)
            return
        outstanding = self._outstanding
        if outstanding:
            oldest_allowed = now - config.response_timeout
            overdue = []
            for sequence, (_, _, submitted) in outstanding.items():
                if submitted > oldest_allowed:
                    break
                overdue.append(sequence)
            answer = NoAnswer(f"no answer in {config.response_timeout:g} s")
            for sequence in overdue:
                key, part, _ = outstanding.pop(sequence)
                self._answered_safely(key, part, answer)
            if not outstanding:
                self._settle_drain()
        if self._enquired is not None:
            if now - self._enquired >= config.response_timeout:
                self._drop("the carrier is silent")
        elif now - self._heard >= config.enquire_interval:
            self._enquired = now
            self._enquire_sequence = self._next_sequence()
            self._write(pdu.frame(pdu.ENQUIRE_LINK, pdu.OK, self._enquire_sequence))

    # receiving

    def data_received(self, data: bytes) -> None:
        """Take what came, one PDU after the other (asyncio.Protocol)."""
        self._heard = self._loop.time()
        self._enquired = None  # anything at all shows that the peer lives
        outstanding = self._outstanding
        retryable, rule = self.config.retryable, self.config.id_rule
        answered = self._handler.answered
        try:
            for command, status, sequence, raw in self._framer.feed(data):
                if command == pdu.SUBMIT_SM_RESP:
                    entry = outstanding.pop(sequence, None)
                    if entry is None:
                        self.late += 1
                        continue
                    answer: port.Answer
                    if status == pdu.OK:
                        try:
                            answer = Accepted(receipts.normalise_id(pdu.decode_id(raw), rule))
                        except pdu.ProtocolError as error:
                            answer = NoAnswer(str(error))
                    else:
                        answer = Refused(pdu.status_name(status), again=status in retryable)
                    answered(entry[0], entry[1], answer)
                    if not outstanding:
                        self._settle_drain()
                elif command == pdu.DELIVER_SM and self.bound:
                    self._deliver(sequence, raw)
                else:
                    self._control(command, status, sequence)
                if self._why:
                    return
        except pdu.ProtocolError as error:
            self._drop(f"not SMPP: {error}")

    def _deliver(self, sequence: int, raw: bytes) -> None:
        try:
            message = pdu.decode_message(raw)
        except pdu.ProtocolError as error:
            # The framing holds, so the session does. Dropping it would bring the same PDU back for ever.
            logger.warning("carrier %s: unreadable deliver_sm refused: %s", self.config.name, error)
            self._write(pdu.frame(pdu.DELIVER_SM_RESP, error.status, sequence, b"\0"))
            return
        if len(self._owed) >= self.config.options.inbound_limit:
            self._write(pdu.frame(pdu.DELIVER_SM_RESP, pdu.TEMPORARY_ERROR, sequence, b"\0"))
            return
        self._owed.add(sequence)
        if receipts.is_receipt(message):
            delivery = Delivery(
                "receipt",
                receipts.parse(message, self.config.id_rule),
                message.source,
                message.destination,
                "",
                None,
                raw,
                sequence,
                self,
            )
        else:
            data, concat = message.body()
            shown = pdu.decode_text(data, message.data_coding)
            delivery = Delivery("reply", None, message.source, message.destination, shown, concat, raw, sequence, self)
        self._handler.delivered(self._link, delivery)

    def _control(self, command: int, status: int, sequence: int) -> None:
        if command == pdu.ENQUIRE_LINK:
            self._write(pdu.frame(pdu.ENQUIRE_LINK_RESP, pdu.OK, sequence))
        elif command == pdu.ENQUIRE_LINK_RESP or command == pdu.OUTBIND:
            pass  # that it came is all there is to it; an outbind asks for the bind already under way
        elif command == self.command | pdu.RESPONSE and not self.bound and sequence == self._bind_sequence:
            if status == pdu.OK:
                self.bound = True
                self._bound_at = self._heard
                self._on_up(self)
            else:
                self._refused = status
                self._drop(f"bind refused: {pdu.status_name(status)}")
        elif command == pdu.GENERIC_NACK:
            self._nack(status, sequence)
        elif command == pdu.UNBIND:
            self._write(pdu.frame(pdu.UNBIND_RESP, pdu.OK, sequence))
            self._closing = True
            self._unbound_at = self._heard
            if not self._outstanding:
                self._settle_drain()
        elif command == pdu.UNBIND_RESP and self._closing:
            self._drop("closed")
        elif command in pdu.OTHER_REQUESTS:
            self._write(pdu.frame(pdu.GENERIC_NACK, pdu.INVALID_COMMAND, sequence))
        elif command != pdu.ALERT_NOTIFICATION:
            self._drop(f"unexpected command_id 0x{command:08X}")

    def _nack(self, status: int, sequence: int) -> None:
        name = pdu.status_name(status)
        entry = self._outstanding.pop(sequence, None)
        if entry is None and sequence == self._enquire_sequence:
            return  # a carrier that knows no enquire_link has shown that it is there
        if entry is None:
            # Which PDU it means cannot be known, so nothing outstanding can be trusted to be answered.
            self._drop(f"generic_nack for nothing sent: {name}")
        elif status in _NEVER_PROCESSED:
            self._handler.answered(entry[0], entry[1], Refused(name, again=False))
        else:
            self._handler.answered(entry[0], entry[1], NoAnswer(f"generic_nack: {name}"))
        if not self._outstanding:
            self._settle_drain()
