"""The moves of messages: the only place where a message's state changes.

Every move is one statement that checks the state it starts from, so that of several who try, one wins, and that writes
the counts of what it moved (see `models.counts`). Nothing here knows sockets, Celery or pages. Statements are keyed by
id and run under the settings of `keyed_plans`, because the planner cannot know how a fresh job's rows are spread.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connection, transaction

from sending.models.message import BLOCK_SHIFT, MONTH_SHIFT, month_number
from sending.states import COUNTED_BY_CODE, MESSAGE_MOVES, JobStatus, MessageState, SkipReason

S = MessageState
CODED = [int(state) for state in COUNTED_BY_CODE]
# Rows withheld in one statement; short enough to leave locks free for others.
WITHHOLD_CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message whose intent to send is committed."""

    id: int
    job_id: int
    number: str
    values: list[str]
    segments: int
    attempt: int
    refusals: int


def new_block() -> int:
    """The first id of a new job's messages, of the present month."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('sending_job_block')")
        return month_number(datetime.now(UTC)) << MONTH_SHIFT | one(cursor)[0] << BLOCK_SHIFT


@contextmanager
def server_cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor whose parameters are bound by the server. Django's own writes them into the statement as text, which
    for arrays of a thousand values costs more than running it.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


@contextmanager
def keyed_plans() -> Iterator[None]:
    """A transaction whose statements find rows by key, whatever the statistics say.

    A column that was all NULL when last analysed, or a table loaded a second ago, makes the planner compare every row
    with every other; one such statement can run for minutes. Hence every statement names its keys as `= ANY(array)`,
    joins arrays by hashing, and hides the state from the planner (`state + 0`) where the key is to be used.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off;"
            "SET LOCAL statement_timeout = '20s'"
        )
        yield


def claim(
    *,
    owner: uuid.UUID,
    carrier_id: int,
    job_id: int,
    after_id: int,
    first_id: int,
    parts: int,
    countries: Sequence[str] = (),
    until_id: int | None = None,
) -> list[Claimed]:
    """Commit the intent to send the next messages of a job, at most `parts` segments (but at least one message).

    Nothing is claimed that was not confirmed, when the job is not sending any more, or when `owner` has lost its lease
    (R3, R16, R17). With `countries`, only messages to these, up to `until_id`.
    """
    end_id = first_id + (1 << BLOCK_SHIFT)
    only = "AND m.country = ANY(%(countries)s::text[]) AND m.id <= %(until)s" if countries else ""
    with keyed_plans(), server_cursor() as cursor:
        cursor.execute(
            f"""
            WITH free AS MATERIALIZED (
                SELECT m.id, m.segments FROM sending_message m
                WHERE m.state = 0 AND m.id > %(after)s
                  AND m.id < (SELECT j.first_id + j.released FROM sending_sendjob j
                      WHERE j.id = %(job)s AND j.status = %(sending)s)
                  AND (m.not_before IS NULL OR m.not_before <= now())
                  AND EXISTS (SELECT 1 FROM sending_gatewaylease l WHERE l.owner = %(owner)s AND l.expires_at > now())
                  {only}
                ORDER BY m.id LIMIT %(parts)s FOR UPDATE OF m SKIP LOCKED
            ), fitting AS MATERIALIZED (
                SELECT id FROM (SELECT id, segments, sum(segments) OVER (ORDER BY id) AS total FROM free) f
                WHERE total <= %(parts)s OR total = segments
            ), claimed AS (
                UPDATE sending_message m SET state = 1, owner = %(owner)s, carrier_id = %(carrier)s,
                    attempt = attempt + 1, submitted_at = now(), not_before = NULL, code = '', settled_at = NULL
                WHERE m.id = ANY(ARRAY(SELECT id FROM fitting)) AND m.id > %(after)s AND m.id < %(end)s
                RETURNING m.id, m.job_id, m.number, m.values, m.segments, m.attempt, m.refusals, m.country,
                    m.created_at, m.submitted_at
            ), counted AS (
                INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
                SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, 0, '', -count(*), -sum(segments)
                FROM claimed GROUP BY 1, 2, 4
                UNION ALL
                SELECT job_id, date_trunc('hour', submitted_at, 'UTC'), %(carrier)s::bigint, country, 1, '', count(*),
                    sum(segments)
                FROM claimed GROUP BY 1, 2, 4
            )
            SELECT id, job_id, number, values, segments, attempt, refusals FROM claimed ORDER BY id
            """,
            {
                "after": max(after_id, first_id - 1),
                "end": end_id,
                "job": job_id,
                "sending": JobStatus.SENDING.value,
                "owner": owner,
                "carrier": carrier_id,
                "parts": parts,
            }
            | ({"countries": list(countries), "until": until_id or end_id} if countries else {}),
        )
        return [Claimed(*row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Move:
    """One message to move. `ext_id` empty: keep the one it has. `attempt` is checked when moving under a fence."""

    id: int
    code: str = ""
    ext_id: str = ""
    attempt: int = 0


def move(
    moves: Sequence[Move], *, old: MessageState, new: MessageState, owner: uuid.UUID | None = None
) -> dict[int, str | None]:
    """Move those that are still in `old` (and, with `owner`, still belong to that owner's attempt); ids moved → ext_id.

    For the moves after hand-over. Runs inside the caller's transaction.
    """
    assert new in MESSAGE_MOVES[old] and new != S.QUEUED and old != S.QUEUED, (old, new)
    if not moves:
        return {}
    moves = sorted(moves, key=lambda m: m.id)  # everybody locks in the same order
    with server_cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS MATERIALIZED (
                SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(exts)s::text[], %(codes)s::text[])
                    AS w(id, attempt, ext_id, code)
            ), moved AS (
                UPDATE sending_message m SET state = %(new)s::int, code = w.code,
                    ext_id = COALESCE(NULLIF(w.ext_id, ''), m.ext_id),
                    settled_at = CASE WHEN %(new)s::int = 2 THEN NULL ELSE now() END
                FROM wanted w
                WHERE m.id = w.id AND m.id = ANY(%(ids)s::bigint[]) AND m.id BETWEEN %(low)s AND %(high)s
                  AND m.state + 0 = %(old)s::int
                  AND (%(owner)s::uuid IS NULL OR (m.owner = %(owner)s AND m.attempt = w.attempt))
                RETURNING m.id, m.job_id, m.submitted_at, m.carrier_id, m.country, m.segments, m.code, m.ext_id
            ), counted AS (
                INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
                SELECT job_id, date_trunc('hour', submitted_at, 'UTC'), carrier_id, country, side.state,
                    CASE WHEN side.state = ANY(%(coded)s::int[]) THEN code ELSE '' END,
                    side.sign * count(*), side.sign * sum(segments)
                FROM moved CROSS JOIN (VALUES (%(old)s::int, -1), (%(new)s::int, 1)) AS side(state, sign)
                GROUP BY 1, 2, 3, 4, 5, 6, side.sign
            )
            SELECT id, ext_id FROM moved
            """,
            {
                "ids": [m.id for m in moves],
                "attempts": [m.attempt for m in moves],
                "exts": [m.ext_id for m in moves],
                "codes": [m.code for m in moves],
                "low": moves[0].id,
                "high": moves[-1].id,
                "old": int(old),
                "new": int(new),
                "owner": owner,
                "coded": CODED,
            },
        )
        return dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Report:
    """What a carrier reports about one of its ids."""

    carrier_id: int
    ext_id: str
    code: str


def report(reports: Sequence[Report], *, new: MessageState, oldest_id: int) -> dict[tuple[int, str], int]:
    """ACCEPTED → `new` for messages known by the carrier's ids; (carrier, its id) → message id of those moved.

    The way of nearly every receipt, hence one statement. Runs inside the caller's transaction.
    """
    assert new in MESSAGE_MOVES[S.ACCEPTED]
    if not reports:
        return {}
    with server_cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS MATERIALIZED (
                SELECT DISTINCT ON (carrier_id, ext_id) *
                FROM unnest(%(carriers)s::bigint[], %(exts)s::text[], %(codes)s::text[]) AS w(carrier_id, ext_id, code)
            ), moved AS (
                UPDATE sending_message m SET state = %(new)s::int, code = w.code, settled_at = now()
                FROM wanted w
                WHERE m.ext_id = w.ext_id AND m.carrier_id = w.carrier_id AND m.ext_id = ANY(%(exts)s::text[])
                  AND m.state + 0 = 2 AND m.id >= %(oldest)s
                RETURNING m.id, m.job_id, m.submitted_at, m.carrier_id, m.country, m.segments, m.code, m.ext_id
            ), counted AS (
                INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
                SELECT job_id, date_trunc('hour', submitted_at, 'UTC'), carrier_id, country, side.state,
                    CASE WHEN side.state = ANY(%(coded)s::int[]) THEN code ELSE '' END,
                    side.sign * count(*), side.sign * sum(segments)
                FROM moved CROSS JOIN (VALUES (2, -1), (%(new)s::int, 1)) AS side(state, sign)
                GROUP BY 1, 2, 3, 4, 5, 6, side.sign
            )
            SELECT carrier_id, ext_id, id FROM moved
            """,
            {
                "carriers": [r.carrier_id for r in reports],
                "exts": [r.ext_id for r in reports],
                "codes": [r.code for r in reports],
                "new": int(new),
                "oldest": oldest_id,
                "coded": CODED,
            },
        )
        return {(carrier, ext): pk for carrier, ext, pk in cursor.fetchall()}


def requeue(moves: Sequence[Move], *, owner: uuid.UUID, wait_seconds: float = 0, counts: bool = True) -> set[int]:
    """SUBMITTING → QUEUED, for what was definitely not sent: refused for now, or never written. Ids moved.

    The attempt stays: claimed again, the message gets a new one, so repeating this call is harmless even then.
    `counts`: the refusal is held against the message.
    """
    if not moves:
        return set()
    moves = sorted(moves, key=lambda m: m.id)
    with server_cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS MATERIALIZED (
                SELECT * FROM unnest(%(ids)s::bigint[], %(attempts)s::int[], %(codes)s::text[]) AS w(id, attempt, code)
            ), before AS MATERIALIZED (
                SELECT m.id, m.job_id, m.submitted_at, m.created_at, m.carrier_id, m.country, m.segments, w.code
                FROM wanted w JOIN sending_message m ON m.id = w.id
                WHERE m.id = ANY(%(ids)s::bigint[]) AND m.id BETWEEN %(low)s AND %(high)s
                  AND m.state + 0 = 1 AND m.owner = %(owner)s
                  AND m.attempt = w.attempt
                FOR UPDATE OF m
            ), moved AS (
                UPDATE sending_message m SET state = 0, owner = NULL, carrier_id = NULL, submitted_at = NULL,
                    refusals = m.refusals + %(counted)s::int, code = b.code,
                    not_before = now() + make_interval(secs => %(wait)s)
                FROM before b
                WHERE m.id = b.id AND m.id = ANY(%(ids)s::bigint[]) AND m.id BETWEEN %(low)s AND %(high)s
                RETURNING m.id
            ), counted AS (
                INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
                SELECT job_id, date_trunc('hour', submitted_at, 'UTC'), carrier_id, country, 1, '', -count(*),
                    -sum(segments)
                FROM before GROUP BY 1, 2, 3, 4
                UNION ALL
                SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, 0, '', count(*), sum(segments)
                FROM before GROUP BY 1, 2, 4
            )
            SELECT id FROM moved
            """,
            {
                "ids": [m.id for m in moves],
                "attempts": [m.attempt for m in moves],
                "codes": [m.code for m in moves],
                "low": moves[0].id,
                "high": moves[-1].id,
                "owner": owner,
                "wait": wait_seconds,
                "counted": int(counts),
            },
        )
        return {row[0] for row in cursor.fetchall()}


def bar(moves: Sequence[Move], *, owner: uuid.UUID) -> None:
    """SUBMITTING → SKIPPED for what `owner` has just claimed and may not write: as if it had never been claimed.

    In the transaction of the claim. Counted, as all that is skipped, in the hour of its skipping and for no carrier.
    """
    if not moves:
        return
    moves = sorted(moves, key=lambda m: m.id)
    with server_cursor() as cursor:
        cursor.execute(
            """
            WITH wanted AS MATERIALIZED (
                SELECT * FROM unnest(%(ids)s::bigint[], %(codes)s::text[]) AS w(id, code)
            ), before AS MATERIALIZED (
                SELECT m.id, m.job_id, m.submitted_at, m.carrier_id, m.country, m.segments, w.code
                FROM wanted w JOIN sending_message m ON m.id = w.id
                WHERE m.id = ANY(%(ids)s::bigint[]) AND m.id BETWEEN %(low)s AND %(high)s
                  AND m.state + 0 = 1 AND m.owner = %(owner)s
                FOR UPDATE OF m
            ), moved AS (
                UPDATE sending_message m SET state = 8, code = b.code, owner = NULL, carrier_id = NULL,
                    submitted_at = NULL, settled_at = now()
                FROM before b
                WHERE m.id = b.id AND m.id = ANY(%(ids)s::bigint[]) AND m.id BETWEEN %(low)s AND %(high)s
            )
            INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
            SELECT job_id, date_trunc('hour', submitted_at, 'UTC'), carrier_id, country, 1, '', -count(*),
                -sum(segments)
            FROM before GROUP BY 1, 2, 3, 4
            UNION ALL
            SELECT job_id, date_trunc('hour', now(), 'UTC'), 0, country, 8, code, count(*), sum(segments)
            FROM before GROUP BY 1, 2, 4, 6
            """,
            {
                "ids": [m.id for m in moves],
                "codes": [m.code for m in moves],
                "low": moves[0].id,
                "high": moves[-1].id,
                "owner": owner,
            },
        )


def skip_queued(first_id: int, *, reason: SkipReason, end_id: int | None = None, limit: int = WITHHOLD_CHUNK) -> int:
    """QUEUED → SKIPPED for up to `limit` rows from `first_id` to before `end_id` (the end of its block); how many."""
    with keyed_plans(), server_cursor() as cursor:
        cursor.execute(
            """
            WITH free AS MATERIALIZED (
                SELECT id FROM sending_message WHERE state = 0 AND id >= %(low)s AND id < %(end)s
                ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), moved AS (
                UPDATE sending_message m SET state = 8, code = %(reason)s::text, settled_at = now(), not_before = NULL
                WHERE m.id = ANY(ARRAY(SELECT id FROM free)) AND m.id >= %(low)s AND m.id < %(end)s
                RETURNING m.job_id, m.created_at, m.settled_at, m.country, m.segments
            ), counted AS (
                INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
                SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, 0, '', -count(*), -sum(segments)
                FROM moved GROUP BY 1, 2, 4
                UNION ALL
                SELECT job_id, date_trunc('hour', settled_at, 'UTC'), 0, country, 8, %(reason)s::text, count(*),
                    sum(segments)
                FROM moved GROUP BY 1, 2, 4
            )
            SELECT count(*) FROM moved
            """,
            {
                "low": first_id,
                "end": first_id + (1 << BLOCK_SHIFT) if end_id is None else end_id,
                "limit": limit,
                "reason": reason.value,
            },
        )
        return one(cursor)[0]


def unsettled(first_id: int, *, end_id: int | None = None) -> bool:
    """Whether any message from `first_id` to before `end_id` (the end of its block) is queued or under way."""
    with server_cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM sending_message WHERE state = 0 AND id >= %(low)s AND id < %(end)s)"
            " OR EXISTS (SELECT FROM sending_message WHERE state = 1 AND id >= %(low)s AND id < %(end)s)",
            {"low": first_id, "end": first_id + (1 << BLOCK_SHIFT) if end_id is None else end_id},
        )
        return bool(one(cursor)[0])


def one(cursor: Any) -> tuple[Any, ...]:
    """The row of a statement that always has one."""
    row = cursor.fetchone()
    assert row is not None
    return row
