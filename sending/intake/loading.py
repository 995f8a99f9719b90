"""Reading an upload: who may read it, the rows into the ledger, and the job's next state, all or nothing.

A reader holds a lease on the job, counted by the database's clock. Rows, counts and the job's move are one transaction
that ends only if the lease is still its own; a reader that dies leaves nothing behind and the sweeper asks again.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from console.lib.sheets import Code
from sending import partitions
from sending.intake.checking import COLUMNS
from sending.intake.process import Child, Interrupted, Unreadable
from sending.intake.summary import Summary
from sending.models import JobStatus, SendJob
from sending.models.message import BLOCK_SHIFT, FIRST_YEAR, MONTH_SHIFT, month_number

LEASE = timedelta(seconds=20)
RENEW_SECONDS = 1.0
ATTEMPTS = 3
WALL_SECONDS = 180
CPU_SECONDS = 170
MEMORY = 3 << 29  # bytes of address space: 1.5 GiB

log = structlog.get_logger(__name__)

_COUNTS = """
WITH counted AS (
    INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
    SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, state, code, count(*), sum(segments)
    FROM sending_message WHERE id >= %(first)s AND id < %(end)s
    GROUP BY job_id, date_trunc('hour', created_at, 'UTC'), country, state, code
    RETURNING state, n, segments
)
SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (WHERE state = 0), 0), coalesce(sum(segments), 0) FROM counted
"""
_RESERVE = """
UPDATE sending_sendjob
SET first_id = (%(month)s::bigint << %(month_shift)s) | (nextval('sending_job_block') << %(shift)s)
WHERE id = %(job)s AND reader = %(reader)s AND first_id IS NULL
"""


class LeaseLost(Exception):
    """Another reader has the job now, or somebody has cancelled it. Not an error: whatever we did is rolled back."""


def read(job_id: int) -> None:
    """Check the job's file and store its rows: *checked*, or *unreadable* with a fault. Harmless to call at any time.

    Does nothing when the job is read already or somebody else reads it. Errors of the database are raised; the job then
    stays *uploaded* and is free again when the lease has run out.
    """
    reader = uuid.uuid4()
    job = _take(job_id, reader)
    if job is None:
        return
    try:
        _reserve(job, reader)
        summary = _load(job, reader)
    except Unreadable as unreadable:
        _refuse(job, reader, unreadable.fault)
    except (LeaseLost, Interrupted) as error:
        log.info("reading_ended", job=job_id, why=type(error).__name__)
    else:
        _analyze(job)
        log.info("upload_checked", job=job_id, rows=summary["total"], seconds=summary["seconds"])


def _take(job_id: int, reader: uuid.UUID) -> SendJob | None:
    """The job, leased to `reader`; None when it is not free. Gives up on a job that was tried too often."""
    free = SendJob.objects.filter(
        Q(reader__isnull=True) | Q(reader_until__lt=Now()), status=JobStatus.UPLOADED, pk=job_id
    )
    lease = {"reader": reader, "reader_until": Now() + LEASE}
    if free.filter(read_attempts__lt=ATTEMPTS).update(**lease, read_attempts=F("read_attempts") + 1):
        return SendJob.objects.select_related("version__template", "signature", "application").get(pk=job_id)
    if free.filter(read_attempts__gte=ATTEMPTS).update(**lease):
        _refuse(SendJob.objects.get(pk=job_id), reader, {"code": "gave_up"})
    return None


def _reserve(job: SendJob, reader: uuid.UUID) -> None:
    """Give the job its block of message ids, once; a later attempt uses the same."""
    now = datetime.now(UTC)
    partitions.ensure_committed()
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE,
            {
                "month": month_number(now),
                "month_shift": MONTH_SHIFT,
                "shift": BLOCK_SHIFT,
                "job": job.pk,
                "reader": reader,
            },
        )
    job.refresh_from_db(fields=["first_id"])
    if job.first_id is None:
        raise LeaseLost


def _spec(job: SendJob) -> dict[str, Any]:
    """What the child needs to know; see `child.Spec`."""
    head = [("text", job.head)] if job.head else []
    variables = [
        {"name": v.name, "kind": str(v.kind), "longest": v.longest, "meaning": v.meaning, "code": v.code}
        for v in job.version.typed_variables
    ]
    return {
        "path": job.file.path,
        "mainland": job.application.is_mainland,
        "variables": variables,
        "pieces": [*head, *job.version.pieces],
        "countries": job.version.template.countries,
        "wanted": job.wanted_columns,
        "limit": min(settings.UPLOAD_MAX_ROWS, 1 << BLOCK_SHIFT),
        "first_id": job.first_id,
        "enterprise_id": job.enterprise_id,
        "job_id": job.pk,
        "memory": MEMORY,
        "cpu": CPU_SECONDS,
    }


def _load(job: SendJob, reader: uuid.UUID) -> Summary:
    """Rows, counts and the move to *checked* in one transaction; returns the summary. Raises Unreadable, LeaseLost."""
    with Child(**_spec(job)) as child, _watched(child, job, reader) as watch:
        chunks = child.chunks()
        # Most faults show before the first row does; then there is no transaction at all.
        first = next(chunks, None)
        if first is None:
            watch.join()
            child.finish()
            raise Unreadable({"code": str(Code.NO_ROWS)})
        with transaction.atomic():
            stored = _copy(chain([first], chunks))
            watch.join()
            summary = child.finish()
            _count(job, stored, summary)
            _hold(job, reader)
            job.move(
                JobStatus.CHECKED,
                by=None,
                summary=summary,
                total=stored,
                rows_read=stored,
                rows_expected=stored,
                checked_at=timezone.now(),
                reader=None,
                reader_until=None,
            )
    return summary


def _copy(chunks: Iterator[bytes]) -> int:
    """Rows stored."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY sending_message ({COLUMNS}) FROM STDIN") as copy:
            for chunk in chunks:
                copy.write(chunk)
        return cursor.rowcount


def _count(job: SendJob, stored: int, summary: Summary) -> None:
    """Write the counts of the rows just stored, which must be what the child has counted."""
    assert job.first_id is not None
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"first": job.first_id, "end": job.first_id + (1 << BLOCK_SHIFT)})
        found = tuple(int(figure) for figure in cursor.fetchone())
    said = (stored, summary["good"] + summary["repaired"], summary["segments_total"])
    if found != said or stored != summary["total"]:
        raise RuntimeError(f"job {job.pk}: the ledger has {found}, the check counted {said}")


def _hold(job: SendJob, reader: uuid.UUID) -> None:
    """Lock the job until the transaction's end, if it is still ours. Raises LeaseLost."""
    ours = SendJob.objects.select_for_update().filter(pk=job.pk, reader=reader, status=JobStatus.UPLOADED)
    if not ours.values_list("pk", flat=True):
        raise LeaseLost


@transaction.atomic
def _refuse(job: SendJob, reader: uuid.UUID, fault: dict[str, Any]) -> None:
    try:
        _hold(job, reader)
    except LeaseLost:
        log.info("reading_ended", job=job.pk, why="LeaseLost")
        return
    log.info("upload_unreadable", job=job.pk, code=fault["code"])
    job.move(JobStatus.UNREADABLE, by=None, fault=fault, reader=None, reader_until=None)


def _analyze(job: SendJob) -> None:
    """Fresh statistics for the planner; autovacuum would come a minute late."""
    assert job.first_id is not None
    number = job.first_id >> MONTH_SHIFT
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE sending_message_{FIRST_YEAR + number // 12}_{number % 12 + 1:02d}")


class _Watch(threading.Thread):
    """Hears the child's reports, keeps the lease with them on a connection of its own, and ends a child gone astray."""

    def __init__(self, child: Child, job: SendJob, reader: uuid.UUID) -> None:
        super().__init__(name=f"reading-{job.pk}", daemon=True)
        self._child = child
        self._job = job
        self._reader = reader
        self._stopped = threading.Event()
        self._lost: Exception | None = None

    def run(self) -> None:
        end = time.monotonic() + WALL_SECONDS
        renewal = 0.0
        try:
            while not self._stopped.is_set() and self._child.listen(RENEW_SECONDS / 4):
                now = time.monotonic()
                if now > end:
                    self._child.end(str(Code.TOO_SLOW))
                if now >= renewal:
                    self._renew()
                    renewal = now + RENEW_SECONDS
        except Exception as error:  # raised where the reading is, by `join`
            self._lost = error
            self._child.end("")
        finally:
            connection.close()

    def _renew(self) -> None:
        kept = SendJob.objects.filter(pk=self._job.pk, reader=self._reader, status=JobStatus.UPLOADED).update(
            reader_until=Now() + LEASE, rows_read=self._child.rows, rows_expected=self._child.expected
        )
        if not kept:
            raise LeaseLost

    def join(self, timeout: float | None = None) -> None:
        """Wait until the child has said everything. Raises what ended the watch early, such as LeaseLost."""
        super().join(timeout)
        if self._lost:
            raise self._lost

    def stop(self) -> None:
        self._stopped.set()
        super().join()


@contextmanager
def _watched(child: Child, job: SendJob, reader: uuid.UUID) -> Iterator[_Watch]:
    watch = _Watch(child, job, reader)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
