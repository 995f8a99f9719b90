"""Reading and folding the counts. Pages read these and never count messages (`models.counts` says what a cell is)."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Enterprise
from sending.ledger import CODED
from sending.models import SendJob
from sending.models.message import BLOCK_SHIFT
from sending.states import HANDED_OVER, MessageState

log = structlog.get_logger(__name__)
FOLD_LIMIT = 50_000
PACE_SECONDS = 5
# Entering one of these is being handed over: the carrier gave an answer, or none that is certain.
ANSWERED = "2, 6, 7"
PACE = f"""
    SELECT at, n FROM sending_jobpace WHERE job_id = %(job)s AND at >= %(since)s
    UNION ALL
    SELECT at, n FROM sending_countdelta
    WHERE job_id = %(job)s AND at >= %(since)s AND state IN ({ANSWERED}) AND n > 0
"""
HOURLY_CELL = "enterprise_id, hour, application_id, signature_id, template_id, type, country, carrier_id, state, code"
# Folded cells and the deltas not folded yet, read by one statement: one moment, nothing counted twice or missed.
JOB_CELLS = """
    SELECT job_id, state, code, n, segments FROM sending_jobcount WHERE job_id = ANY(%(jobs)s)
    UNION ALL
    SELECT job_id, state, code, n, segments FROM sending_countdelta WHERE job_id = ANY(%(jobs)s)
"""
HOURLY_CELLS = f"""
    SELECT hour, state, code, n, segments FROM sending_deliverycount
    WHERE enterprise_id = %(enterprise)s AND hour >= %(since)s AND hour < %(until)s
    UNION ALL
    SELECT d.hour, d.state, d.code, d.n, d.segments FROM sending_countdelta d
    JOIN sending_sendjob j ON j.id = d.job_id
    WHERE j.enterprise_id = %(enterprise)s AND d.hour >= %(since)s AND d.hour < %(until)s
      AND d.state <> {int(MessageState.QUEUED)}
"""


def of_jobs(jobs: Iterable[SendJob]) -> dict[int, dict[MessageState, int]]:
    """Rows by state for each job, every state present; they sum to the job's total once it is checked."""
    ids = [job.pk for job in jobs]
    counts = {pk: dict.fromkeys(MessageState, 0) for pk in ids}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT job_id, state, sum(n) FROM ({JOB_CELLS}) c GROUP BY 1, 2", {"jobs": ids})
        for job_id, state, n in cursor.fetchall():
            counts[job_id][MessageState(state)] = int(n)
    return counts


def of_job(job: SendJob) -> dict[MessageState, int]:
    return of_jobs([job])[job.pk]


def codes_of_job(job: SendJob, state: MessageState) -> list[tuple[str, int]]:
    """(code, rows) of one of the states that are counted by code, most first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT code, sum(n) FROM ({JOB_CELLS}) c WHERE state = %(state)s"
            " GROUP BY 1 HAVING sum(n) > 0 ORDER BY 2 DESC, 1",
            {"jobs": [job.pk], "state": int(state)},
        )
        return [(code, int(n)) for code, n in cursor.fetchall()]


def rate_of_job(job: SendJob, *, minutes: int = 16) -> list[tuple[datetime, int]]:
    """Messages handed over in each of the last `minutes` minutes, oldest first, the present one included."""
    since = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
    buckets = {since + timedelta(minutes=i): 0 for i in range(minutes)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT at, sum(n) FROM ({PACE}) p GROUP BY 1", {"job": job.pk, "since": since})
        for at, n in cursor.fetchall():
            minute = at.replace(second=0, microsecond=0)
            if minute in buckets:
                buckets[minute] += int(n)
    return sorted(buckets.items())


def rate_now(job: SendJob, *, seconds: int = 10) -> float:
    """Messages handed over a second, over about the last `seconds` seconds."""
    now = timezone.now()
    since = now - timedelta(seconds=seconds + now.timestamp() % PACE_SECONDS)
    if job.started_at and since < job.started_at < now - timedelta(seconds=1):
        since = job.started_at  # not averaged over a time before it began
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(sum(n), 0) FROM ({PACE}) p", {"job": job.pk, "since": since})
        row = cursor.fetchone()
    return float(row[0]) / (now - since).total_seconds() if row else 0.0


def day_bounds(enterprise: Enterprise, first: date, last: date) -> tuple[datetime, datetime]:
    """The moments at which `first` begins and `last` ends in the enterprise's zone."""
    zone = zoneinfo.ZoneInfo(enterprise.time_zone)
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def today(enterprise: Enterprise) -> dict[MessageState, int]:
    """Messages by state whose hand-over (or skipping, or check) was today in the enterprise's zone."""
    day = timezone.now().astimezone(zoneinfo.ZoneInfo(enterprise.time_zone)).date()
    return per_day(enterprise, day, day)[0][1]


def per_day(enterprise: Enterprise, first: date, last: date) -> list[tuple[date, dict[MessageState, int]]]:
    """(day, messages by state) for every day from `first` to `last`, both included."""
    zone = zoneinfo.ZoneInfo(enterprise.time_zone)
    since, until = day_bounds(enterprise, first, last)
    days: dict[date, dict[MessageState, int]] = {
        first + timedelta(days=i): dict.fromkeys(MessageState, 0) for i in range((last - first).days + 1)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT hour, state, sum(n) FROM ({HOURLY_CELLS}) c GROUP BY 1, 2",
            {"enterprise": enterprise.pk, "since": since, "until": until},
        )
        for hour, state, n in cursor.fetchall():
            days[hour.astimezone(zone).date()][MessageState(state)] += int(n)
    return sorted(days.items())


def handed_over(counts: dict[MessageState, int]) -> int:
    return sum(counts[state] for state in HANDED_OVER)


@transaction.atomic
def fold(*, limit: int = FOLD_LIMIT) -> int:
    """Add up to `limit` deltas to the two tables of totals; how many. Two at once: the second does nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('sending.counts.fold'))")
        row = cursor.fetchone()
        if not (row and row[0]):
            return 0
        cursor.execute(
            f"""
            WITH taken AS MATERIALIZED (
                DELETE FROM sending_countdelta WHERE id IN (SELECT id FROM sending_countdelta ORDER BY id LIMIT %s)
                RETURNING at, job_id, hour, carrier_id, country, state, code, n, segments
            ), jobs AS (
                INSERT INTO sending_jobcount AS c (job_id, state, code, n, segments)
                SELECT job_id, state, code, sum(n), sum(segments) FROM taken GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
                ON CONFLICT (job_id, state, code) DO UPDATE
                    SET n = c.n + excluded.n, segments = c.segments + excluded.segments
            ), hours AS (
                INSERT INTO sending_deliverycount AS c ({HOURLY_CELL}, n, segments)
                SELECT j.enterprise_id, t.hour, j.application_id, j.signature_id, v.template_id, m.type, t.country,
                    t.carrier_id, t.state, t.code, sum(t.n), sum(t.segments)
                FROM taken t JOIN sending_sendjob j ON j.id = t.job_id
                JOIN templates_app_templateversion v ON v.id = j.version_id
                JOIN templates_app_messagetemplate m ON m.id = v.template_id
                WHERE t.state <> {int(MessageState.QUEUED)}
                GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
                ON CONFLICT ({HOURLY_CELL}) DO UPDATE
                    SET n = c.n + excluded.n, segments = c.segments + excluded.segments
            ), pace AS (
                INSERT INTO sending_jobpace AS p (job_id, at, n)
                SELECT job_id, date_bin('{PACE_SECONDS} seconds', at, 'epoch'), sum(n) FROM taken
                WHERE state IN ({ANSWERED}) AND n > 0 GROUP BY 1, 2 ORDER BY 1, 2
                ON CONFLICT (job_id, at) DO UPDATE SET n = p.n + excluded.n
            )
            SELECT count(*) FROM taken
            """,
            [limit],
        )
        taken = cursor.fetchone()
    return taken[0] if taken else 0


def recount(job: SendJob) -> dict[MessageState, int]:
    """Rows by state counted in the ledger itself: what `of_job` must agree with."""
    counts = dict.fromkeys(MessageState, 0)
    if job.first_id is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT state, count(*) FROM sending_message WHERE id >= %s AND id < %s GROUP BY 1",
                [job.first_id, job.first_id + (1 << BLOCK_SHIFT)],
            )
            counts |= {MessageState(state): n for state, n in cursor.fetchall()}
    return counts


def verify(job: SendJob) -> dict[str, tuple[int, int]]:
    """Compare counts and ledger at one moment; {"state/code": (counted, in the ledger)} of what differs."""
    if job.first_id is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH counted AS (
                SELECT state, code, sum(n) AS n FROM ({JOB_CELLS}) c GROUP BY 1, 2
            ), present AS (
                SELECT state, CASE WHEN state = ANY(%(coded)s::int[]) THEN code ELSE '' END AS code, count(*) AS n
                FROM sending_message WHERE id >= %(low)s AND id < %(end)s GROUP BY 1, 2
            )
            SELECT coalesce(c.state, p.state), coalesce(c.code, p.code), coalesce(c.n, 0), coalesce(p.n, 0)
            FROM counted c FULL JOIN present p ON p.state = c.state AND p.code = c.code
            WHERE coalesce(c.n, 0) <> coalesce(p.n, 0)
            """,
            {"jobs": [job.pk], "coded": CODED, "low": job.first_id, "end": job.first_id + (1 << BLOCK_SHIFT)},
        )
        return {
            f"{MessageState(state).key}/{code}".rstrip("/"): (int(was), int(present))
            for state, code, was, present in cursor.fetchall()
        }


def verify_recent(*, days: int = 3) -> dict[int, dict[str, tuple[int, int]]]:
    """`verify` for every job that moved in the last days; {job id: what differs}, logged as an alarm."""
    wrong = {}
    since = timezone.now() - timedelta(days=days)
    recent = (
        Q(created_at__gte=since) | Q(finished_at__gte=since) | Q(started_at__isnull=False, finished_at__isnull=True)
    )
    for job in SendJob.objects.filter(recent).iterator():
        if difference := verify(job):
            wrong[job.pk] = difference
            log.error("counts_differ", job=job.pk, difference=difference)
    return wrong
