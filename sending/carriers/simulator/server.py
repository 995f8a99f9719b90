"""A carrier to practise on: an SMPP 3.4 server with scripted behaviour, on real sockets.

Binds need the password, receipts and replies go to whichever receiver of the account is bound, and are brought again
until acknowledged. `script.py` says what becomes of which number. Nothing is kept on disk but the record of what was
accepted, and that is written before the answer goes out, so that it is the truth a test can hold the sender to.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar

from sending.carriers.port import Concat
from sending.carriers.simulator import wording
from sending.carriers.simulator.connection import Connection
from sending.carriers.simulator.script import ENDING, ORDINARY, SCRIPT, Behaviour
from sending.carriers.smpp import pdu

logger = logging.getLogger(__name__)

IdForm = Literal["dec", "hex", "zeros"]

_BRING_AGAIN: Final = frozenset({pdu.TEMPORARY_ERROR, pdu.SYSTEM_ERROR, pdu.QUEUE_FULL, pdu.THROTTLED})
_TRIES_KEPT: Final = 100_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """How the simulated carrier behaves, for all its messages. Times are seconds, `rate` messages a second (0: any).

    An empty `system_id` lets every account in. `throttle_every` and its like pick each N-th message (0: none):
    throttled; accepted, then the connection dropped; accepted without an answer. `id_form` is how the answer writes the
    message id; a receipt always has it in plain decimal. `window` is how many deliveries a receiver may owe an answer,
    `queue_limit` how many wait for a receiver before the oldest are forgotten.
    """

    host: str = "127.0.0.1"
    port: int = 0
    system_id: str = ""
    password: str = ""
    record: Path | None = None
    receipts: bool = True
    receipt_delay: float = 0.0
    answer_delay: float = 0.0
    rate: int = 0
    throttle_every: int = 0
    drop_every: int = 0
    no_answer_every: int = 0
    early_receipts: bool = False
    duplicate_receipts: bool = False
    id_form: IdForm = "dec"
    window: int = 2_000
    queue_limit: int = 500_000
    redelivery_delay: float = 1.0
    acknowledge_timeout: float = 60.0


@dataclass(slots=True)
class Counts:
    """What the simulator has done since it started."""

    accepted: int = 0
    refused: int = 0
    delivered: int = 0
    """Receipts and replies acknowledged."""
    redelivered: int = 0
    forgotten: int = 0
    """Receipts and replies given up: the queue was full, or the receiver refused them for good."""


class _Later(Generic[T]):
    """Does `action` to each item `delay` seconds after it was added, with one timer for all."""

    def __init__(self, delay: float, action: Callable[[T], None]) -> None:
        self._delay = delay
        self._action = action
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, T]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: T) -> None:
        self._waiting.append((self._loop.time() + self._delay, item))
        if self._timer is None:
            self._timer = self._loop.call_later(self._delay, self._run)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _run(self) -> None:
        waiting, now = self._waiting, self._loop.time()
        while waiting and waiting[0][0] <= now:
            self._action(waiting.popleft()[1])
        self._timer = self._loop.call_at(waiting[0][0], self._run) if waiting else None


class Account:
    """Everything of one system_id: who may receive for it, and what waits to be received."""

    __slots__ = ("bound", "queue", "receivers")

    def __init__(self) -> None:
        self.bound = 0
        self.receivers: list[Connection] = []
        self.queue: deque[bytes] = deque()  # bodies of deliver_sm, oldest first


class Simulator:
    """The server; `start`, then `close`. Belongs to the event loop it was made in."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.counts = Counts()
        self.port = 0
        """The port listened on, once started."""
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._accounts: dict[str, Account] = {}
        # Ids go on rising over a restart, which a carrier's do too.
        self._ids = itertools.count(int(time.time()) * 1_000_000)
        self._seen = 0
        self._tokens = float(config.rate)
        self._tokens_at = self._loop.time()
        self._tried: set[tuple[str, str, int]] = set()
        self._lines: list[str] = []
        self._record = -1
        self._dirty: list[Connection] = []
        self._to_pump: set[Account] = set()
        self._flush_due = False
        self._receipt_after = config.answer_delay + config.receipt_delay
        self._receipts_later = _Later[tuple[Account, list[bytes]]](self._receipt_after, self._queue_due)
        self._answers_later = _Later[tuple[Connection, bytes]](config.answer_delay, self._answer_due)
        self._again_later = _Later[tuple[Account, bytes]](config.redelivery_delay, self._again_due)
        self._timers: set[asyncio.TimerHandle] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._second = (-1, "", "")

    async def start(self) -> None:
        """Open the record and listen. Raises OSError where either fails."""
        if self.config.record is not None:
            self._record = os.open(self.config.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._server = await self._loop.create_server(
            lambda: Connection(self), self.config.host, self.config.port, backlog=128
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._sweep()

    async def close(self, timeout: float = 2.0) -> None:
        """Unbind every session, wait `timeout` seconds for them to go, close everything."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.unbind()
        if self._connections:
            await asyncio.wait({connection.ended for connection in self._connections}, timeout=timeout)
        for connection in list(self._connections):
            connection.abort()
        for later in (self._receipts_later, self._answers_later, self._again_later):
            later.cancel()
        for timer in self._timers:
            timer.cancel()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.write_record()
        if self._record >= 0:
            os.close(self._record)
            self._record = -1

    # the record, and one write a loop turn

    def write_record(self) -> None:
        """Put what was accepted on record; whole lines, in one write."""
        if not self._lines:
            return
        data = "".join(self._lines).encode("ascii")
        self._lines.clear()
        while data:  # more than once only where the disk is filling up
            data = data[os.write(self._record, data) :]

    def flush_soon(self, connection: Connection | None = None) -> None:
        """See to it that this loop turn's record, and then its bytes, are written."""
        if connection is not None:
            self._dirty.append(connection)
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        while self._to_pump:
            self._pump(self._to_pump.pop())
        self.write_record()
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            connection.flush()

    def later(self, delay: float, action: Callable[[], None]) -> None:
        """Run `action` in `delay` seconds unless closed before."""

        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = self._loop.call_later(delay, run)
        self._timers.add(timer)

    # accounts

    def bind(self, connection: Connection, asked: pdu.Bind) -> int:
        """Let a connection in, or say with which status not."""
        config = self.config
        if config.system_id and asked.system_id != config.system_id:
            return pdu.INVALID_SYSTEM_ID
        if config.system_id and asked.password != config.password:
            return pdu.INVALID_PASSWORD
        account = self._accounts.setdefault(asked.system_id, Account())
        connection.account = account
        logger.info("%s bound, command 0x%02X", asked.system_id, connection.command)
        if connection.command != pdu.BIND_TRANSMITTER:
            account.receivers.append(connection)
            self._to_pump.add(account)
            self.flush_soon()
        return pdu.OK

    def connected(self, connection: Connection) -> None:
        """Note a connection."""
        self._connections.add(connection)

    def lost(self, connection: Connection) -> None:
        """Forget a connection; what it had not acknowledged goes back to the head of its account's queue."""
        self._connections.discard(connection)
        account = connection.account
        if account is None:
            return
        if connection in account.receivers:
            account.receivers.remove(connection)
        if connection.unacknowledged:
            self.counts.redelivered += len(connection.unacknowledged)
            account.queue.extendleft(body for body, _ in reversed(connection.unacknowledged.values()))
            connection.unacknowledged.clear()
            self.pump_soon(account)

    def pump_soon(self, account: Account) -> None:
        """Bring what waits, within this loop turn."""
        self._to_pump.add(account)
        self.flush_soon()

    def _pump(self, account: Account) -> None:
        queue = account.queue
        for receiver in account.receivers:
            room = self.config.window - len(receiver.unacknowledged)
            while queue and room > 0:
                receiver.deliver(queue.popleft())
                room -= 1
        overflow = len(queue) - self.config.queue_limit
        if overflow > 0:
            self.counts.forgotten += overflow
            for _ in range(overflow):
                queue.popleft()

    def _queue(self, account: Account, bodies: list[bytes]) -> None:
        account.queue.extend(bodies)
        self._to_pump.add(account)
        if not self._flush_due:
            self.flush_soon()

    def _queue_due(self, item: tuple[Account, list[bytes]]) -> None:
        self._queue(*item)

    def _answer_due(self, item: tuple[Connection, bytes]) -> None:
        item[0].send(item[1])

    def _again_due(self, item: tuple[Account, bytes]) -> None:
        item[0].queue.appendleft(item[1])
        self.pump_soon(item[0])

    def acknowledged(self, connection: Connection, sequence: int, status: int) -> None:
        """A deliver_sm was answered."""
        entry = connection.unacknowledged.pop(sequence, None)
        account = connection.account
        if entry is None or account is None:
            return
        if status == pdu.OK:
            self.counts.delivered += 1
        elif status in _BRING_AGAIN:
            self.counts.redelivered += 1
            self._again_later.add((account, entry[0]))
        else:
            self.counts.forgotten += 1
        if account.queue:
            self._to_pump.add(account)
            if not self._flush_due:
                self.flush_soon()

    def _sweep(self) -> None:
        """Bring again what a living receiver never answered."""
        self._sweeper = self._loop.call_later(min(1.0, self.config.acknowledge_timeout), self._sweep)
        oldest = self._loop.time() - self.config.acknowledge_timeout
        for connection in self._connections:
            overdue = []
            for sequence, (_, sent) in connection.unacknowledged.items():
                if sent > oldest:
                    break
                overdue.append(sequence)
            for sequence in overdue:
                body, _ = connection.unacknowledged.pop(sequence)
                self.counts.redelivered += 1
                if connection.account is not None:
                    connection.account.queue.append(body)
                    self.pump_soon(connection.account)

    # messages

    def submitted(self, connection: Connection, sequence: int, raw: bytes) -> None:
        """Treat one submit_sm of a bound connection as the script says."""
        account = connection.account
        assert account is not None
        try:
            message = pdu.decode_message(raw)
        except pdu.ProtocolError as error:
            self._refuse(connection, sequence, error.status)
            return
        config = self.config
        self._seen += 1
        number = message.destination
        behaviour = SCRIPT.get(number[-ENDING:], ORDINARY)
        data, concat = message.body()
        status = self._status(message, behaviour, connection.system_id, concat)
        if status != pdu.OK:
            self._refuse(connection, sequence, status)
            return

        self.counts.accepted += 1
        ext_id = next(self._ids)
        if self._record >= 0:
            self._lines.append(
                wording.record_line(ext_id, message, data, concat, connection.system_id, self._times()[0])
            )
        bodies = self._receipts(ext_id, message, data, behaviour)
        early = behaviour.early or config.early_receipts
        if early and bodies:
            account.queue.extend(bodies)
            self._pump(account)
        if behaviour.drop or (config.drop_every and self._seen % config.drop_every == 0):
            self.write_record()
            connection.hang_up()
        elif behaviour.answer and not (config.no_answer_every and self._seen % config.no_answer_every == 0):
            answer = pdu.frame(pdu.SUBMIT_SM_RESP, pdu.OK, sequence, self._written_id(ext_id))
            delay = behaviour.answer_after
            if delay:
                self.later(delay, lambda: connection.send(answer))
            elif config.answer_delay:
                self._answers_later.add((connection, answer))
            else:
                connection.send(answer)
        if bodies and not early:
            self._bring(account, bodies, behaviour.reports[0].after + behaviour.answer_after)
        if behaviour.reply and (concat is None or concat.part == concat.total):
            self._bring(account, [wording.reply(message, behaviour.reply)], 0.0)

    def _bring(self, account: Account, bodies: list[bytes], after: float) -> None:
        if after:
            self.later(after + self._receipt_after, lambda: self._queue(account, bodies))
        elif self._receipt_after:
            self._receipts_later.add((account, bodies))
        else:
            self._queue(account, bodies)

    def _status(self, message: pdu.Message, behaviour: Behaviour, system_id: str, concat: Concat | None) -> int:
        config = self.config
        if not message.destination or not message.destination.isascii():
            return pdu.INVALID_DESTINATION
        if not message.source.isascii():
            return pdu.INVALID_SOURCE
        if config.rate and not self._take_token():
            return pdu.THROTTLED
        if config.throttle_every and self._seen % config.throttle_every == 0:
            return pdu.THROTTLED
        if not behaviour.refuse or not behaviour.first_try:
            return behaviour.refuse
        # Each part of a long message has its own first try; after the second the number starts anew.
        tried = (system_id, message.destination, concat.part if concat else 1)
        if tried in self._tried:
            self._tried.discard(tried)
            return pdu.OK
        if len(self._tried) >= _TRIES_KEPT:
            self._tried.clear()
        self._tried.add(tried)
        return behaviour.refuse

    def _take_token(self) -> bool:
        now, rate = self._loop.time(), self.config.rate
        # A tenth of a second's worth may come at once; a carrier allows no more of a burst.
        self._tokens = min(max(1.0, rate / 10), self._tokens + (now - self._tokens_at) * rate)
        self._tokens_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _refuse(self, connection: Connection, sequence: int, status: int) -> None:
        self.counts.refused += 1
        connection.send(pdu.frame(pdu.SUBMIT_SM_RESP, status, sequence, b"\0"))

    def _written_id(self, ext_id: int) -> bytes:
        form = self.config.id_form
        if form == "dec":
            return b"%d\0" % ext_id
        return b"%X\0" % ext_id if form == "hex" else b"%020d\0" % ext_id

    def _times(self) -> tuple[str, str]:
        """Now as the record and as a receipt writes it, made once a second."""
        second = int(time.time())
        if second != self._second[0]:
            now = time.gmtime(second)
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%SZ", now), time.strftime("%y%m%d%H%M", now))
        return self._second[1], self._second[2]

    def _receipts(self, ext_id: int, message: pdu.Message, data: bytes, behaviour: Behaviour) -> list[bytes]:
        wanted = message.registered_delivery & 3  # 5.2.17: 1 every receipt, 2 failures only
        if not wanted or wanted == 3 or not self.config.receipts:
            return []
        now = self._times()[1]
        bodies = [
            wording.receipt(ext_id, message, data, report, now)
            for report in behaviour.reports
            if wanted == 1 or report.stat != "DELIVRD"
        ]
        return bodies * 2 if self.config.duplicate_receipts else bodies
