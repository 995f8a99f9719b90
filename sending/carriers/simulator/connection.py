"""One peer of the simulated carrier: what it says is cut into PDUs, and what it is told is written once a loop turn."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from sending.carriers.smpp import pdu

if TYPE_CHECKING:
    from sending.carriers.simulator.server import Account, Simulator

logger = logging.getLogger(__name__)

_UNREAD_LIMIT: Final = 16 * 1024 * 1024  # bytes a peer may leave unread


class Connection(asyncio.Protocol):
    """One ESME's connection."""

    def __init__(self, server: Simulator) -> None:
        self.account: Account | None = None
        self.system_id = ""
        self.command = 0  # of the bind
        self.unacknowledged: dict[int, tuple[bytes, float]] = {}  # sequence → body, sent; oldest first
        self._server = server
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._framer = pdu.Framer()
        self._out: list[bytes] = []
        self._sequence = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=_UNREAD_LIMIT)
        self._transport = transport
        self._server.connected(self)

    def pause_writing(self) -> None:
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._out.clear()
        if self.system_id:
            logger.info("%s gone", self.system_id)
        self._server.lost(self)
        if not self.ended.done():
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        server = self._server
        sending = self.account is not None and self.command != pdu.BIND_RECEIVER
        try:
            for command, status, sequence, raw in self._framer.feed(data):
                if command == pdu.SUBMIT_SM and sending:
                    server.submitted(self, sequence, raw)
                elif command == pdu.DELIVER_SM_RESP:
                    server.acknowledged(self, sequence, status)
                else:
                    self._control(command, sequence, raw)
                    sending = self.account is not None and self.command != pdu.BIND_RECEIVER
                if self._transport is None or self._transport.is_closing():
                    return
        except pdu.ProtocolError as error:
            logger.warning("%s dropped: %s", self.system_id or "a connection", error)
            self.abort()

    def _control(self, command: int, sequence: int, raw: bytes) -> None:
        if command == pdu.ENQUIRE_LINK:
            self.send(pdu.frame(pdu.ENQUIRE_LINK_RESP, pdu.OK, sequence))
        elif command in pdu.BINDS:
            self._bind(command, sequence, raw)
        elif command == pdu.UNBIND:
            self.send(pdu.frame(pdu.UNBIND_RESP, pdu.OK, sequence))
            self.hang_up()
        elif command == pdu.UNBIND_RESP:
            self.hang_up()
        elif command == pdu.SUBMIT_SM:
            self.send(pdu.frame(pdu.SUBMIT_SM_RESP, pdu.INVALID_BIND_STATE, sequence, b"\0"))
        elif not command & pdu.RESPONSE:
            self.send(pdu.frame(pdu.GENERIC_NACK, pdu.INVALID_COMMAND, sequence))

    def _bind(self, command: int, sequence: int, raw: bytes) -> None:
        asked = pdu.decode_bind(raw)
        if self.account is not None:
            self.send(pdu.frame(command | pdu.RESPONSE, pdu.ALREADY_BOUND, sequence, b"\0"))
            return
        self.command = command
        self.system_id = asked.system_id
        status = self._server.bind(self, asked)
        self.send(pdu.frame(command | pdu.RESPONSE, status, sequence, b"simulator\0"))
        if status != pdu.OK:
            logger.warning("bind of %r refused: %s", asked.system_id, pdu.status_name(status))
            self.hang_up()

    def deliver(self, body: bytes) -> None:
        """Bring one receipt or reply, and keep it until it is acknowledged."""
        sequence = self._next_sequence()
        self.unacknowledged[sequence] = (body, self._loop.time())
        self.send(pdu.frame(pdu.DELIVER_SM, pdu.OK, sequence, body))

    def send(self, data: bytes) -> None:
        """Write within this loop turn, after the record."""
        if not self._out:
            self._server.flush_soon(self)
        self._out.append(data)

    def flush(self) -> None:
        """Write what this loop turn collected."""
        out, self._out = self._out, []
        if out and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))

    def unbind(self) -> None:
        """Ask a bound peer to go; show any other the door."""
        if self.account is None:
            self.abort()
        else:
            self.send(pdu.frame(pdu.UNBIND, pdu.OK, self._next_sequence()))

    def hang_up(self) -> None:
        """Close after what was to be written (the record first)."""
        self._server.write_record()
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    def _next_sequence(self) -> int:
        self._sequence = self._sequence + 1 if self._sequence < pdu.LAST_SEQUENCE else 1
        return self._sequence
