"""Receipts and replies: stored as they came, then applied to the messages they are about.

Stored before they are acknowledged (R9), once however often the carrier repeats them (R10), applied by rank, the first
final report wins (R11). A receipt whose message is not known yet waits: for the answer it has overtaken, or for days.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import structlog
from django.db.models import Min, Q
from django.db.models.functions import Now

from sending import ledger
from sending.ledger import Move, Report
from sending.models import SendJob
from sending.models.inbound import InboundKind
from sending.models.message import month_floor, month_number
from sending.states import MessageState

log = structlog.get_logger(__name__)
S = MessageState
FINAL = frozenset({S.DELIVERED, S.FAILED})
WAIT_HOURS = 72
SWEEP_LIMIT = 2_000
# A receipt that has only just come may yet be joined to its message by id.
ANSWER_SECONDS = 5
# How long the answer to "how old can a message be that is still reported on" is kept, in seconds.
HORIZON_SECONDS = 60


@dataclass(slots=True)
class Event:
    """One deliver_sm. `state` is DELIVERED or FAILED for a final receipt, else None; `number` the phone, with plus."""

    carrier_id: int
    kind: InboundKind
    ext_id: str
    state: MessageState | None
    code: str
    number: str
    reference: int | None
    raw: bytes
    message_id: int | None = None
    applied: bool = False
    conflicting: bool = False

    @property
    def digest(self) -> bytes:
        """Of the PDU without its 16-byte header, whose sequence number changes with every repetition."""
        return hashlib.sha256(self.raw[16:]).digest()[:16]


def store(events: Sequence[Event]) -> None:
    """Apply what can be applied and store all of it, in the caller's transaction. Repeating it is harmless."""
    if not events:
        return
    _apply([e for e in events if e.kind == InboundKind.RECEIPT])
    with ledger.server_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO sending_inboundevent (month, carrier_id, kind, ext_id, state, code, number, reference, digest,
                raw, applied_at, message_id, conflicting)
            SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date, e.carrier_id, e.kind, e.ext_id, e.state, e.code,
                e.number, e.reference, e.digest, e.raw, CASE WHEN e.applied THEN now() END, e.message_id, e.conflicting
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::text[], %s::text[], %s::int[],
                %s::bytea[], %s::bytea[], %s::boolean[], %s::bigint[], %s::boolean[])
                AS e(carrier_id, kind, ext_id, state, code, number, reference, digest, raw, applied, message_id,
                     conflicting)
            ON CONFLICT DO NOTHING
            """,
            [
                [e.carrier_id for e in events],
                [e.kind.value for e in events],
                [e.ext_id for e in events],
                [None if e.state is None else int(e.state) for e in events],
                [e.code for e in events],
                [e.number for e in events],
                [e.reference for e in events],
                [e.digest for e in events],
                [e.raw for e in events],
                [e.applied for e in events],
                [e.message_id for e in events],
                [e.conflicting for e in events],
            ],
        )


def _apply(events: Iterable[Event]) -> None:
    """Move the messages that final receipts are about; marks the events it could apply."""
    by_id: dict[tuple[int, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.state is None:
            event.applied = True  # on its way still: nothing changes
        else:
            by_id[event.carrier_id, event.ext_id].append(event)
    if not by_id:
        return
    moved: dict[tuple[int, str], int] = {}
    for new in FINAL:
        said = [e for (e, *_) in by_id.values() if e.state == new]
        moved |= ledger.report([Report(e.carrier_id, e.ext_id, e.code) for e in said], new=new, oldest_id=_oldest_id())
    for key, message_id in moved.items():
        _mark(by_id[key], message_id, by_id[key][0].state)
    rest = {key: said for key, said in by_id.items() if key not in moved}
    if rest:
        _apply_others(rest)


def _mark(said: Sequence[Event], message_id: int, truth: MessageState | None) -> None:
    for event in said:
        event.message_id, event.applied = message_id, True
        event.conflicting = event.state != truth


def _apply_others(by_id: dict[tuple[int, str], list[Event]]) -> None:
    """Receipts of messages that are not simply accepted: ended already, unknown, expired, or in several parts."""
    targets = _find(by_id.keys())
    for key, (message_id, state) in targets.items():
        first = by_id[key][0]
        if state in FINAL:
            _mark(by_id[key], message_id, state)
        elif (
            first.state is not None
            and state in (S.UNKNOWN, S.EXPIRED)
            # Moved by somebody else in this moment? Then the receipt waits for the next look.
            and ledger.move([Move(message_id, code=first.code)], old=state, new=first.state)
        ):
            _mark(by_id[key], message_id, first.state)
    parts = _find_parts([key for key in by_id if key not in targets])
    for key, (message_id, _) in parts.items():
        _mark(by_id[key], message_id, by_id[key][0].state)
    _apply_parts({key: by_id[key][0] for key in parts}, parts)


def _oldest_id() -> int:
    """No message below this id is reported on any more; keeps look-ups to the last partitions.

    A job may have been uploaded long before it was sent, and its messages have their ids from then.
    """
    return _horizon(int(time.monotonic() // HORIZON_SECONDS))


@lru_cache(maxsize=1)
def _horizon(_period: int) -> int:
    usual = month_floor(month_number(datetime.now(UTC) - timedelta(hours=2 * WAIT_HOURS)))
    open_jobs = SendJob.objects.filter(started_at__isnull=False, first_id__isnull=False).filter(
        Q(finished_at__isnull=True) | Q(finished_at__gt=Now() - timedelta(hours=2 * WAIT_HOURS))
    )
    return min(usual, open_jobs.aggregate(first=Min("first_id"))["first"] or usual)


def _find(keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, MessageState]]:
    """(carrier, its id) → (message id, state) of messages in one part."""
    wanted = set(keys)
    with ledger.server_cursor() as cursor:
        cursor.execute(
            "SELECT carrier_id, ext_id, id, state FROM sending_message WHERE ext_id = ANY(%s) AND id >= %s ORDER BY id",
            [[ext_id for _, ext_id in wanted], _oldest_id()],
        )
        rows = cursor.fetchall()
    return {(carrier, ext): (pk, S(state)) for carrier, ext, pk, state in rows if (carrier, ext) in wanted}


def _find_parts(keys: Sequence[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, int]]:
    """(carrier, its id) → (message id, part number) of messages in several parts."""
    if not keys:
        return {}
    with ledger.server_cursor() as cursor:
        cursor.execute(
            "SELECT carrier_id, ext_id, message_id, part FROM sending_messagepart WHERE ext_id = ANY(%s)"
            " AND message_id >= %s",
            [[ext_id for _, ext_id in keys], _oldest_id()],
        )
        rows = cursor.fetchall()
    return {(carrier, ext): (pk, part) for carrier, ext, pk, part in rows if (carrier, ext) in set(keys)}


def _apply_parts(events: dict[tuple[int, str], Event], parts: dict[tuple[int, str], tuple[int, int]]) -> None:
    """A message of several parts is delivered when all its parts are, and failed as soon as one is."""
    if not events:
        return
    messages = sorted({parts[key][0] for key in events})
    with ledger.server_cursor() as cursor:
        cursor.execute(
            "UPDATE sending_messagepart p SET state = e.state, code = e.code"
            " FROM unnest(%s::bigint[], %s::int[], %s::smallint[], %s::text[]) AS e(message_id, part, state, code)"
            " WHERE p.message_id = e.message_id AND p.part = e.part AND p.state = 2 AND p.message_id = ANY(%s)",
            [
                [parts[key][0] for key in events],
                [parts[key][1] for key in events],
                [int(event.state or 0) for event in events.values()],
                [event.code for event in events.values()],
                messages,
            ],
        )
        cursor.execute(
            """
            SELECT m.id, m.state, m.segments, count(*) FILTER (WHERE p.state = 3),
                min(p.code) FILTER (WHERE p.state = 4), max(p.code) FILTER (WHERE p.state = 3)
            FROM sending_message m JOIN sending_messagepart p ON p.message_id = m.id
            WHERE m.id = ANY(%s) AND p.message_id = ANY(%s) AND m.state + 0 IN (2, 5, 7) GROUP BY 1, 2, 3
            """,
            [messages, messages],
        )
        rows = cursor.fetchall()
    moves: dict[tuple[MessageState, MessageState], list[Move]] = defaultdict(list)
    for message_id, state, segments, delivered, failed_code, delivered_code in rows:
        if failed_code is not None:
            moves[S(state), S.FAILED].append(Move(message_id, code=failed_code))
        elif delivered == segments:
            moves[S(state), S.DELIVERED].append(Move(message_id, code=delivered_code))
    for (old, new), some in moves.items():
        ledger.move(some, old=old, new=new)


WAITING = """
    SELECT month, id, carrier_id, ext_id, state, code, number, reference FROM sending_inboundevent
    WHERE applied_at IS NULL AND kind = 'receipt'
"""


def join(ext_ids: Sequence[str]) -> int:
    """Apply receipts that overtook the answers in which these ids came; how many. In the caller's transaction."""
    if not ext_ids:
        return 0
    with ledger.server_cursor() as cursor:
        cursor.execute(WAITING + " AND ext_id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED", [list(ext_ids)])
        return _apply_stored(cursor.fetchall())


def sweep() -> int:
    """Look again at receipts that found no message: by id, then by what else they say. How many were applied."""
    with ledger.keyed_plans(), ledger.server_cursor() as cursor:
        cursor.execute(
            WAITING + " AND received_at > now() - make_interval(hours => %s) ORDER BY id DESC LIMIT %s"
            " FOR UPDATE SKIP LOCKED",
            [WAIT_HOURS, SWEEP_LIMIT],
        )
        rows = cursor.fetchall()
        applied = _apply_stored(rows) if rows else 0
    return applied + infer()


def _apply_stored(rows: Sequence[tuple[Any, ...]]) -> int:
    events = []
    keys = []
    for month, pk, carrier_id, ext_id, state, code, number, reference in rows:
        keys.append((month, pk))
        final = None if state is None else S(state)
        events.append(Event(carrier_id, InboundKind.RECEIPT, ext_id, final, code, number, reference, b""))
    _apply(events)
    done = [(month, pk, e) for (month, pk), e in zip(keys, events, strict=True) if e.applied]
    if done:
        with ledger.server_cursor() as cursor:
            cursor.execute(
                "UPDATE sending_inboundevent i SET applied_at = now(), message_id = e.message_id,"
                " conflicting = e.conflicting"
                " FROM unnest(%s::date[], %s::bigint[], %s::bigint[], %s::boolean[])"
                " AS e(month, id, message_id, conflicting)"
                " WHERE i.month = e.month AND i.id = e.id AND i.id = ANY(%s::bigint[])",
                [
                    [month for month, _, _ in done],
                    [pk for _, pk, _ in done],
                    [e.message_id for _, _, e in done],
                    [e.conflicting for _, _, e in done],
                    [pk for _, pk, _ in done],
                ],
            )
    return len(done)


def infer() -> int:
    """Resolve unknown messages by receipts whose id nobody knows, because the answer that named it was lost; how many.

    Only where exactly one message fits, and it exactly one receipt: same carrier and number, sent in the 72 hours
    before the receipt, our reference where the carrier returns it, and nothing to that number waits for its answer.
    """
    with ledger.keyed_plans(), ledger.server_cursor() as cursor:
        cursor.execute(
            """
            WITH waiting AS MATERIALIZED (
                SELECT month, id, carrier_id, ext_id, state, code, number, reference, received_at
                FROM sending_inboundevent
                WHERE applied_at IS NULL AND kind = 'receipt' AND state IS NOT NULL AND number <> ''
                  AND received_at BETWEEN now() - make_interval(hours => %(hours)s)
                      AND now() - make_interval(secs => %(answer)s)
                ORDER BY id DESC LIMIT %(limit)s
            ), lost AS MATERIALIZED (
                SELECT id, carrier_id, number, submitted_at, segments, state, ext_id FROM sending_message
                WHERE state IN (1, 7) AND id >= %(oldest)s
                  AND submitted_at > now() - make_interval(hours => 2 * %(hours)s)
            ), fitting AS MATERIALIZED (
                SELECT w.month, w.id AS event, w.ext_id, w.state, w.code, l.id AS message, l.state AS known_state,
                    l.segments, l.ext_id AS known,
                    count(*) OVER (PARTITION BY w.month, w.id) AS messages,
                    count(*) OVER (PARTITION BY l.id) AS receipts
                FROM waiting w JOIN lost l ON l.carrier_id = w.carrier_id AND l.number = w.number
                WHERE l.submitted_at BETWEEN w.received_at - make_interval(hours => %(hours)s) AND w.received_at
                  AND (w.reference IS NULL OR ((l.id >> 22) * 40503 + l.id) & 65535 = w.reference)
            )
            SELECT month, event, ext_id, state, code, message FROM fitting
            WHERE messages = 1 AND receipts = 1 AND known_state = 7 AND segments = 1 AND known IS NULL
            """,
            {"hours": WAIT_HOURS, "answer": ANSWER_SECONDS, "limit": SWEEP_LIMIT, "oldest": _oldest_id()},
        )
        found = cursor.fetchall()
        moved: dict[int, str | None] = {}
        for new in FINAL:
            moves = [Move(row[5], code=row[4], ext_id=row[2]) for row in found if row[3] == new]
            moved |= ledger.move(moves, old=S.UNKNOWN, new=new)
        done = [row for row in found if row[5] in moved]
        cursor.execute(
            "UPDATE sending_inboundevent i SET applied_at = now(), message_id = e.message_id"
            " FROM unnest(%s::date[], %s::bigint[], %s::bigint[]) AS e(month, id, message_id)"
            " WHERE i.month = e.month AND i.id = e.id AND i.id = ANY(%s::bigint[])",
            [[r[0] for r in done], [r[1] for r in done], [r[5] for r in done], [r[1] for r in done]],
        )
    if done:
        log.info("unknown_resolved", messages=len(done))
    return len(done)
