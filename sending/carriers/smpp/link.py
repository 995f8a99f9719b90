"""One carrier over SMPP, kept connected: a transceiver, or a transmitter and a receiver side by side.

Answers for connecting, waiting between tries, TLS, and finding the right session for a message or an acknowledgement.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Sequence
from typing import Final

from sending.carriers import port
from sending.carriers.port import Delivery, Handler, Refused
from sending.carriers.smpp import pdu
from sending.carriers.smpp.config import LinkConfig, LinkOptions
from sending.carriers.smpp.session import Session

__all__ = ["Link", "LinkConfig", "LinkOptions"]

logger = logging.getLogger(__name__)

_CREDENTIALS: Final = frozenset({pdu.BIND_FAILED, pdu.INVALID_PASSWORD, pdu.INVALID_SYSTEM_ID})
_COMMANDS: Final = {"transceiver": (pdu.BIND_TRANSCEIVER,), "pair": (pdu.BIND_TRANSMITTER, pdu.BIND_RECEIVER)}


class Link:
    """Keeps `config.bind` bound while `run` runs; see `port.Link` for what each method promises.

    With a pair the two binds come and go separately: `bound`, `up` and `down` are the transmitter's, and receipts wait
    at the carrier while the receiver is away.
    """

    def __init__(self, config: LinkConfig, handler: Handler) -> None:
        self.config = config
        self._handler = handler
        self._sender: Session | None = None
        self._sessions: dict[int, Session] = {}  # by bind command, while connected
        self._errors: dict[int, str] = {}
        self._keepers: dict[int, asyncio.Task[None]] = {}
        self._closing = asyncio.Event()

    @property
    def carrier_id(self) -> int:
        """The carrier's number, as configured."""
        return self.config.carrier_id

    @property
    def name(self) -> str:
        """The carrier's name, as configured."""
        return self.config.name

    @property
    def bound(self) -> bool:
        """Whether messages can be submitted now."""
        return self._sender is not None

    @property
    def receiving(self) -> bool:
        """Whether receipts and replies can come now."""
        session = self._sessions.get(_COMMANDS[self.config.bind][-1])
        return session is not None and session.bound

    @property
    def free(self) -> int:
        """How many more parts fit the window; 0 while not bound."""
        return self._sender.free if self._sender is not None else 0

    @property
    def outstanding(self) -> int:
        """Parts submitted and not answered yet."""
        return self._sender.outstanding if self._sender is not None else 0

    @property
    def last_error(self) -> str:
        """Why a bind is away, for people; empty while all are there. Holds no secret."""
        return "; ".join(self._errors.values())

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
        """Send a message; while not bound its parts are refused with `port.LINK_DOWN` (again=True), unsent.

        `window` is the caller's to heed, by `free`: this does not queue and does not refuse beyond it.
        """
        if self._sender is not None:
            self._sender.submit(key, parts, destination, source, reference, data_coding, valid_for)
            return
        loop = asyncio.get_running_loop()
        for part in range(len(parts)):
            loop.call_soon(self._handler.answered, key, part, Refused(port.LINK_DOWN, again=True))

    def acknowledge(self, delivery: Delivery, *, ok: bool) -> None:
        """Tell the carrier that `delivery` is stored, or (not `ok`) to bring it again.

        Where the connection it came by is gone this does nothing: the carrier brings it again by itself.
        """
        session = delivery.session
        assert isinstance(session, Session)
        session.acknowledge(delivery, ok=ok)

    async def run(self) -> None:
        """Stay connected until `close`; run it once."""
        async with asyncio.TaskGroup() as group:
            for command in _COMMANDS[self.config.bind]:
                name = f"smpp {self.config.name} 0x{command:02X}"
                self._keepers[command] = group.create_task(self._keep(command), name=name)

    async def close(self) -> None:
        """Take no more, wait for outstanding answers, unbind and disconnect; `run` returns then."""
        self._closing.set()
        for command, keeper in self._keepers.items():
            if command not in self._sessions:
                keeper.cancel()  # it is connecting, or waiting to
        # The sender first: the receipts of its last messages still have somewhere to go.
        for session in [self._sessions[command] for command in sorted(self._sessions, key=_sender_first)]:
            await session.close()

    async def _keep(self, command: int) -> None:
        options = self.config.options
        wait = options.retry_first
        while not self._closing.is_set():
            session = await self._connect_once(command)
            if self._closing.is_set():
                break
            if session is not None and session.refused in _CREDENTIALS:
                first, most = options.refused_first, options.refused_most
            else:
                first, most = options.retry_first, options.retry_most
            # Only a bind that held starts the doubling anew: some carriers take a bind and close it at once.
            held = session is not None and session.bound_seconds > wait
            wait = first if held else min(max(wait, first), most)
            # Jitter, so that what was cut off together does not come back together.
            await self._pause(wait * random.uniform(0.75, 1.25))
            wait = min(wait * 2, most)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return

    async def _connect_once(self, command: int) -> Session | None:
        """Connect, stay until the connection ends, and note why. None where there was no connection."""
        config = self.config
        loop = asyncio.get_running_loop()

        def make() -> Session:
            return Session(config, command, self._handler, self, self._up, self._down)

        try:
            context = _tls(config.options) if config.tls else None
            name = config.options.tls_name or config.host if config.tls else None
            _, session = await asyncio.wait_for(
                loop.create_connection(make, config.host, config.port, ssl=context, server_hostname=name),
                config.options.connect_timeout,
            )
        except (OSError, TimeoutError) as error:
            self._note(command, f"cannot connect: {error or 'no answer'}")
            return None
        self._sessions[command] = session
        try:
            if self._closing.is_set():
                await session.close()
            await asyncio.wait({session.ended})
        except asyncio.CancelledError:
            session.abort("cancelled")
            raise
        finally:
            self._sessions.pop(command, None)
        if not self._closing.is_set():
            self._note(command, session.why)
        return session

    def _note(self, command: int, why: str) -> None:
        if self._errors.get(command) != why:
            logger.warning("carrier %s: %s", self.config.name, why)
        self._errors[command] = why

    def _up(self, session: Session) -> None:
        self._errors.pop(session.command, None)
        logger.info("carrier %s: bound, command 0x%02X", self.config.name, session.command)
        if session.command != pdu.BIND_RECEIVER:
            self._sender = session
            self._handler.up(self)

    def _down(self, session: Session, why: str) -> None:
        self._errors[session.command] = why
        if session is self._sender:
            self._sender = None
            self._handler.down(self, why)


def _sender_first(command: int) -> bool:
    return command == pdu.BIND_RECEIVER


def _tls(options: LinkOptions) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.tls_ca_file or None)
    if not options.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
