"""A listening handler, a link, the simulator and a hand-played carrier, all on loopback and in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from sending.carriers.port import Answer, Delivery
from sending.carriers.port import Link as AnyLink
from sending.carriers.simulator.server import Simulator, SimulatorConfig
from sending.carriers.smpp import pdu
from sending.carriers.smpp.link import Link, LinkConfig, LinkOptions

PATIENCE = 15.0  # seconds; only ever waited for when something is broken


class Listener:
    """A handler that notes everything and acknowledges as `acknowledge` says (None: not by itself)."""

    def __init__(self, *, acknowledge: bool | None = True) -> None:
        self.acknowledge = acknowledge
        self.answers: list[tuple[int, int, Answer]] = []
        self.deliveries: list[Delivery] = []
        self.events: list[str] = []
        self._changed = asyncio.Event()

    def answered(self, key: int, part: int, answer: Answer) -> None:
        self.answers.append((key, part, answer))
        self.events.append(f"answered {key}")
        self._changed.set()

    def delivered(self, link: AnyLink, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.events.append(delivery.kind)
        if self.acknowledge is not None:
            link.acknowledge(delivery, ok=self.acknowledge)
        self._changed.set()

    def up(self, link: AnyLink) -> None:
        self.events.append("up")
        self._changed.set()

    def down(self, link: AnyLink, why: str) -> None:
        self.events.append(f"down: {why}")
        self._changed.set()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something to become true after one of the events."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                self._changed.clear()
                await self._changed.wait()


class Peer:
    """A carrier played by hand: one accepted connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self) -> pdu.Frame:
        head = await self.reader.readexactly(16)
        raw = head + await self.reader.readexactly(int.from_bytes(head[:4], "big") - 16)
        return next(pdu.Framer().feed(raw))

    def write(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        self.writer.write(pdu.frame(command, status, sequence, body))

    async def take_bind(self, status: int = pdu.OK) -> pdu.Frame:
        asked = await self.read()
        self.write(asked.command | pdu.RESPONSE, status, asked.sequence, b"peer\0")
        return asked


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a coroutine to its end, or fail when it hangs."""

    def runner(coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run(asyncio.wait_for(coroutine, PATIENCE * 2))

    return runner


@pytest.fixture
def carrier() -> Callable[..., contextlib.AbstractAsyncContextManager[Simulator]]:
    """`async with carrier(**SimulatorConfig fields) as simulator`."""

    @contextlib.asynccontextmanager
    async def start(**options: Any) -> AsyncIterator[Simulator]:
        simulator = Simulator(SimulatorConfig(**{"redelivery_delay": 0.01, **options}))
        await simulator.start()
        try:
            yield simulator
        finally:
            await simulator.close()

    return start


@pytest.fixture
def played() -> Callable[..., contextlib.AbstractAsyncContextManager[int]]:
    """`async with played(play) as port`: `play(peer)` is awaited for each connection."""

    @contextlib.asynccontextmanager
    async def start(play: Callable[[Peer], Awaitable[None]]) -> AsyncIterator[int]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await play(Peer(reader, writer))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    return start


@pytest.fixture
def connected() -> Callable[..., contextlib.AbstractAsyncContextManager[tuple[Link, Listener]]]:
    """`async with connected(port, **LinkConfig and LinkOptions fields) as (link, listener)`; bound if `wait`."""

    @contextlib.asynccontextmanager
    async def start(
        port: int, *, acknowledge: bool | None = True, wait: bool = True, **fields: Any
    ) -> AsyncIterator[tuple[Link, Listener]]:
        options = {"retry_first": 0.01, "retry_most": 0.05, "refused_first": 0.01, "unbind_timeout": 0.05}
        options |= {"drain_timeout": 1.0}
        options |= {name: fields.pop(name) for name in list(fields) if name in LinkOptions.__slots__}
        defaults: dict[str, Any] = {
            "carrier_id": 7,
            "name": "test",
            "host": "127.0.0.1",
            "system_id": "u",
            "password": "p",
        }
        config = LinkConfig(**{**defaults, **fields}, port=port, options=LinkOptions(**options))  # type: ignore[arg-type]
        listener = Listener(acknowledge=acknowledge)
        link = Link(config, listener)
        running = asyncio.create_task(link.run())
        try:
            if wait:
                await listener.until(lambda: link.bound)
            yield link, listener
        finally:
            await link.close()
            await running

    return start


@pytest.fixture
def unused_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
