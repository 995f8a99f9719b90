"""The process that holds the carriers' connections: joins `dispatch` and `receipts` to the links.

One event loop moves bytes; threads talk to PostgreSQL, each with one kind of work (claiming, settling, renewing the
lease, sweeping, the rest), so that none waits for another. The order that everything rests on: intent committed, then
bytes written; answers and receipts committed, then receipts acknowledged. Whatever this process forgets by dying is
found again in the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from console.lib import crypto, failpoints
from console.lib.text import Alphabet, alphabet, split
from sending import blocklist, dispatch, limits, partitions, receipts, texts
from sending.answers import Flight, commit, event_of, settled
from sending.blocklist import Sender
from sending.carriers.links import make_link
from sending.carriers.port import Answer, Delivery, Link, Refused
from sending.choice import Choice
from sending.dispatch import Settled, Waiting
from sending.ledger import Claimed
from sending.limits import Pace, Throttle
from sending.lines import Line, differs, tell, tell_fault
from sending.models import Carrier, SendJob
from sending.models.message import reference_of
from sending.states import MessageState
from templates_app.models.template import join

log = structlog.get_logger(__name__)
S = MessageState
P = ParamSpec("P")
T = TypeVar("T")
Words = tuple[list[tuple[str, str]], list[str], str, bool, Sender]

CLAIM_MOST = 500
SETTLE_MOST = 2_000
GATHER_SECONDS = 0.02
JOBS_SECONDS = 0.25
SLOW_SECONDS = 0.1  # a job that is slowed down gets its tokens that often, some at a time
KEEP_HOUSE_SECONDS = 1.0
SWEEP_SECONDS = 5.0
RECOVER_SECONDS = 30.0
PARTITION_SECONDS = 3600.0
GOODBYE_SECONDS = 20.0
LOST_DATABASE = (OperationalError, InterfaceError)
UCS2, GSM7 = 8, 0  # SMPP 3.4, 5.2.19 data_coding


@lru_cache(maxsize=512)
def words_of(job_id: int) -> Words:
    """(pieces of the text, variables in order, signature in its brackets, mainland, sender) of a job: what never
    changes.
    """
    job = SendJob.objects.select_related("version__template", "signature", "application").get(pk=job_id)
    names = [variable.name for variable in job.version.typed_variables]
    return job.version.pieces, names, job.head, job.application.is_mainland, Sender.of(job)


def in_database(function: Callable[P, T]) -> Callable[P, T]:
    """For the threads: a connection that broke is replaced before the next use."""

    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        except LOST_DATABASE:
            connection.close()
            raise

    return run


def _seconds_left(job: Waiting) -> int:
    """For how long messages of a job are worth delivering; 0 where carriers need not be told."""
    if job.send_until is None:
        return 0
    seconds = (job.send_until - timezone.now()).total_seconds()
    return max(1, round(seconds)) if seconds < dispatch.REPORT_HOURS * 3600 else 0


class Gateway:
    """Runs until `stop` is set. See the module's docstring."""

    def __init__(self) -> None:
        self.owner = uuid.UUID(int=0)
        self.flights: dict[int, Flight] = {}
        self.results: list[tuple[uuid.UUID, Settled]] = []
        self.deliveries: list[tuple[Link, Delivery]] = []
        self.lines: dict[int, Line] = {}
        self.choice = Choice()
        self.pace = Pace(settings.REDIS_URL)
        self.stop = asyncio.Event()
        self.news = asyncio.Event()
        self.claim_lock = asyncio.Lock()
        self.claimer = ThreadPoolExecutor(1, "claim")
        self.settler = ThreadPoolExecutor(1, "settle")
        self.keeper = ThreadPoolExecutor(1, "keep")
        self.renewer = ThreadPoolExecutor(1, "renew")
        self.sweeper = ThreadPoolExecutor(1, "sweep")
        self.hanging_up: set[asyncio.Task[None]] = set()
        self.fed = asyncio.Event()  # nothing is claimed or written any more
        self.settled_all = asyncio.Event()

    async def call(self, pool: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        work = in_database(function)
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: work(*args, **kwargs))

    # What the links tell (port.Handler) -------------------------------------------------------------------------

    def answered(self, key: int, part: int, answer: Answer) -> None:
        flight = self.flights.get(key)
        if flight is None or flight.answers[part] is not None:
            return
        flight.answers[part] = answer
        flight.missing -= 1
        line = flight.line
        if isinstance(answer, Refused) and answer.code in dispatch.THROTTLED:
            line.throttle.slow_down()
        if not flight.missing:
            self.results.append((flight.owner, settled(key, flight)))
            self.news.set()
        if line.roomy:
            line.room.set()

    def delivered(self, link: Link, delivery: Delivery) -> None:
        self.deliveries.append((link, delivery))
        self.news.set()

    def up(self, link: Link) -> None:
        log.info("carrier_bound", carrier=link.name)
        if line := self.lines.get(link.carrier_id):
            line.room.set()

    def down(self, link: Link, why: str) -> None:
        log.warning("carrier_lost", carrier=link.name, why=why)

    # Sending ----------------------------------------------------------------------------------------------------

    async def feed(self, line: Line) -> None:
        """Keep one link's window full, as far as its rate and the jobs allow."""
        while not (self.stop.is_set() or line.closing):
            line.room.clear()
            wait = await self.feed_once(line)
            if wait:
                try:
                    await asyncio.wait_for(line.room.wait(), wait)
                except TimeoutError:
                    continue

    async def feed_once(self, line: Line) -> float:
        """Claim and write once; seconds to wait before the next time, unless there is room earlier."""
        if not line.roomy:
            return 0.25
        job = self.choice.pick(line.carrier.region)
        if job is None:
            return self.choice.wait(JOBS_SECONDS)
        wanted = min(line.free, CLAIM_MOST)
        if job.speed:
            wanted = await self.pace.take(limits.of_job(job.id), wanted, rate=job.speed)
            if not wanted:
                self.choice.rest(job, max(SLOW_SECONDS, 1 / job.speed))
                return 0.0  # others first
        rate = line.carrier.rate * line.throttle.current()
        parts = await self.pace.take(limits.of_carrier(line.carrier.pk), wanted, rate=rate)
        spent = 0
        try:
            if not parts:
                return min(0.5, max(0.01, 1 / rate))
            spent = await self.send(line, job, parts)
            return 0.0 if spent else 0.01
        except LOST_DATABASE as error:
            spent = parts  # perhaps claimed all the same
            log.warning("claim_failed", error=type(error).__name__)
            await asyncio.sleep(1)
            await self.recover()
            return 0.01
        finally:
            # A long message may have taken more than there was, and a job that is nearly through less.
            await self.pace.give_back(limits.of_carrier(line.carrier.pk), parts - spent)
            if job.speed:
                await self.pace.give_back(limits.of_job(job.id), wanted - spent)

    async def send(self, line: Line, job: Waiting, parts: int) -> int:
        """Claim and write messages of about so many parts; how many parts they have."""
        # Before the claim: what cannot be put into words must not be intended.
        words = await self.call(self.claimer, words_of, job.id)
        async with self.claim_lock:
            owner = self.owner
            claimed = await self.call(
                self.claimer,
                blocklist.claim,
                sender=words[-1],
                owner=owner,
                carrier_id=line.carrier.pk,
                job_id=job.id,
                after_id=self.choice.last_id(job),
                first_id=job.first_id,
                parts=parts,
                countries=job.countries or (),
                until_id=self.choice.until_id(job) if job.partly else None,
            )
            if not claimed:
                self.choice.nothing_left(job)
                return 0
            spent = sum(row.segments for row in claimed)
            self.choice.served(job, spent, claimed[-1].id)
            # Noted before anything else can look: what is in flight here is never queued again by `recover`.
            for row in claimed:
                if earlier := self.flights.get(row.id):
                    earlier.line.unsettled -= 1  # its refusal is committed, though we were not told
                self.flights[row.id] = Flight(owner, row.attempt, row.refusals, line)
            line.unsettled += len(claimed)
        failpoints.reach("after_intent")
        source, valid_for = job.source or line.carrier.source, _seconds_left(job)
        for row in claimed:
            try:
                self.write(line, row, words, source, valid_for)
            except ValueError as error:
                # Definitely not sent. One message that cannot be put on the wire must not stop the others.
                log.exception("cannot_be_written", message=row.id, error=type(error).__name__)
                self.flights[row.id].answers, self.flights[row.id].missing = [None], 1
                self.answered(row.id, 0, Refused("cannot_be_written", again=False))
        failpoints.reach("after_write")
        return spent

    def write(self, line: Line, row: Claimed, words: Words, source: str, valid_for: int) -> None:
        pieces, names, head, mainland, _sender = words
        text = head + join(pieces, dict(zip(names, row.values, strict=True)))
        letters = alphabet(text, mainland=mainland)
        bodies = split(text, letters)
        flight = self.flights[row.id]
        flight.answers, flight.missing = [None] * len(bodies), len(bodies)
        coding = UCS2 if letters is Alphabet.UCS2 else GSM7
        line.link.submit(row.id, bodies, row.number[1:], source, reference_of(row.id), coding, valid_for)

    async def recover(self) -> None:
        """What is ours in the ledger but not in flight was never written and goes back to the queue.

        That is so after a claim whose COMMIT was cut off: it may have happened, even after we were told of the cut.
        """
        async with self.claim_lock:
            try:
                n = await self.call(self.claimer, dispatch.release_unwritten, self.owner, under_way=list(self.flights))
            except LOST_DATABASE:
                return
        if n:
            log.info("claims_released", messages=n)

    # Settling ---------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        # Not before the feeders have ended: of a claim that is under way nothing is in `flights` yet.
        while not (self.fed.is_set() and not self.flights and not self.deliveries and not self.results):
            try:
                await asyncio.wait_for(self.news.wait(), 0.25)
            except TimeoutError:
                continue
            self.news.clear()
            await asyncio.sleep(GATHER_SECONDS)
            while self.results or self.deliveries:
                results, self.results = self.results[:SETTLE_MOST], self.results[SETTLE_MOST:]
                deliveries, self.deliveries = self.deliveries[:SETTLE_MOST], self.deliveries[SETTLE_MOST:]
                failpoints.reach("after_response")
                await self.record(results, deliveries)

    async def record(self, results: list[tuple[uuid.UUID, Settled]], inbound: list[tuple[Link, Delivery]]) -> None:
        """Commit answers and receipts together, then acknowledge; try until the database takes them."""
        events = [event_of(link, delivery) for link, delivery in inbound]
        while True:
            try:
                await self.call(self.settler, commit, results, events)
                break
            except LOST_DATABASE as error:
                log.warning("settle_waits", error=type(error).__name__, answers=len(results), events=len(events))
                await asyncio.sleep(0.5)
            except Error:
                # One of them cannot be stored. Alone, it does no harm to the others.
                if len(results) + len(inbound) == 1:
                    log.exception("cannot_be_stored", message=results[0][1].id if results else None)
                    for link, delivery in inbound:
                        link.acknowledge(delivery, ok=False)
                    if results and results[0][1].outcome != S.UNKNOWN:
                        owner, result = results[0]
                        plain = Settled(result.id, result.attempt, S.UNKNOWN, "cannot_be_stored")
                        await self.record([(owner, plain)], [])
                    return
                for single in results:
                    await self.record([single], [])
                for pair in inbound:
                    await self.record([], [pair])
                return
        for owner, result in results:
            flight = self.flights.get(result.id)
            # A message that went back to the queue may be in flight again by now, under a new attempt.
            if flight and (flight.owner, flight.attempt) == (owner, result.attempt):
                del self.flights[result.id]
                flight.line.unsettled -= 1
        for link, delivery in inbound:
            link.acknowledge(delivery, ok=True)
        for line in self.lines.values():
            line.room.set()

    # Housekeeping -----------------------------------------------------------------------------------------------

    async def stay_alive(self) -> None:
        """Renew the lease, and nothing else: nothing slow may stand before it. Until the last answer is settled."""
        while not self.settled_all.is_set():
            try:
                if not await self.call(self.renewer, dispatch.renew_lease, self.owner):
                    log.warning("lease_lost")
                    self.owner = await self.call(self.renewer, dispatch.take_lease)
            except LOST_DATABASE as error:
                log.warning("lease_waits", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.settled_all.wait(), settings.GATEWAY_LEASE_SECONDS / 4)

    async def sweep(self) -> None:
        while not self.stop.is_set():
            try:
                await self.call(self.sweeper, receipts.sweep)
                # Codes that people wait for must not wait for Redis; the worker does it too, and sooner.
                await self.call(self.sweeper, texts.send_waiting_or_tell)
            except LOST_DATABASE as error:
                log.warning("sweep_waits", error=type(error).__name__)
            await self.pause(SWEEP_SECONDS)

    async def keep_house(self) -> None:
        made = recovered = 0.0
        while not self.stop.is_set():
            now = time.monotonic()
            try:
                self.pace.gateways = await self.call(self.keeper, dispatch.live_gateways)
                await self.follow_carriers()
                await self.call(self.keeper, dispatch.reap)
                await self.call(self.keeper, dispatch.finish_jobs)
                if now - recovered > RECOVER_SECONDS:
                    await self.recover()
                    recovered = now
                if now - made > PARTITION_SECONDS:
                    await self.call(self.keeper, partitions.ensure_committed)
                    made = now
            except LOST_DATABASE as error:
                log.warning("keep_house_waits", error=type(error).__name__)
            await self.pause(KEEP_HOUSE_SECONDS)

    async def follow_jobs(self) -> None:
        while not self.stop.is_set():
            try:
                self.choice.update(await self.call(self.keeper, dispatch.waiting_jobs))
                for line in self.lines.values():
                    line.room.set()
            except LOST_DATABASE:
                self.choice.update([])
            await self.pause(JOBS_SECONDS)

    async def follow_carriers(self) -> None:
        """Connect what was added, reconnect what was changed, close what was removed; tell people how each is doing."""
        wanted = {c.pk: c for c in await self.call(self.keeper, lambda: list(Carrier.objects.enabled()))}
        for pk in [pk for pk, line in self.lines.items() if pk not in wanted or differs(line.carrier, wanted[pk])]:
            leaving = asyncio.create_task(self.hang_up(self.lines.pop(pk)))
            self.hanging_up.add(leaving)
            leaving.add_done_callback(self.hanging_up.discard)
        for pk, carrier in wanted.items():
            if pk in self.lines:
                self.lines[pk].carrier = carrier
                continue
            try:
                link = make_link(carrier, self)
            except (ValueError, TypeError, crypto.WrongKey) as error:
                # One carrier that cannot be used must not stop the others.
                await self.call(self.keeper, tell_fault, carrier, f"{type(error).__name__}: {error}")
                continue
            line = Line(carrier, link)
            self.lines[pk] = line
            line.task = asyncio.create_task(line.link.run())
            line.task.add_done_callback(partial(self.link_ended, carrier))
            line.feeder = asyncio.create_task(self.feed(line))
            line.feeder.add_done_callback(self.watch)
        doing = [(line.carrier, line.link, line.throttle.percent) for line in self.lines.values()]
        await self.call(self.keeper, tell, doing)

    def link_ended(self, carrier: Carrier, task: asyncio.Task[None]) -> None:
        """A link that ended by a fault of its own is made anew at the next look; the others go on."""
        if not task.cancelled() and (error := task.exception()):
            log.error("link_failed", carrier=carrier.name, exc_info=error)
            self.lines.pop(carrier.pk, None)

    def watch(self, task: asyncio.Task[None]) -> None:
        """A feeder that met a fault of ours: end in order, and let the process manager start us afresh."""
        if error := task.exception():
            log.error("feeder_failed", exc_info=error)
            self.stop.set()

    async def hang_up(self, line: Line) -> None:
        line.closing = True
        line.room.set()
        if line.feeder:
            await asyncio.wait([line.feeder])  # what it has claimed is still written
        await line.link.close()
        if line.task:
            await asyncio.wait([line.task])

    async def pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        while not self.stop.is_set():
            try:
                self.owner = await self.call(self.keeper, dispatch.take_lease)
                break
            except LOST_DATABASE:
                await self.pause(1)
        log.info("gateway_up", owner=str(self.owner))
        alive = asyncio.create_task(self.stay_alive())
        work = (self.keep_house(), self.follow_jobs(), self.sweep(), self.settle())
        watching = [asyncio.create_task(self.stop.wait()), *(asyncio.create_task(task) for task in work)]
        # A task that ends by itself has met a fault of ours: end, and let the process manager start us afresh.
        await asyncio.wait([*watching, alive], return_when=asyncio.FIRST_COMPLETED)
        self.stop.set()
        # A deploy loses nothing: no more claims, wait for answers, settle them, then go.
        await asyncio.gather(*self.hanging_up, *(self.hang_up(line) for line in self.lines.values()))
        self.fed.set()
        ended, _ = await asyncio.wait(watching, timeout=GOODBYE_SECONDS)
        await self.recover()
        self.settled_all.set()
        await alive
        for task in ended:
            task.result()
        await self.call(self.keeper, dispatch.end_lease, self.owner)
        await self.call(self.keeper, tell, [(line.carrier, None, Throttle.FULL) for line in self.lines.values()])
        await self.pace.close()
        log.info("gateway_down")
