"""Reading an upload: who may read it, the rows into the ledger, and the job's next state, all or nothing.

A reader holds a lease on the file, counted by the database's clock. Rows, counts, and the moves of file and job are one
transaction that ends only if the lease is still its own; a reader that dies leaves nothing behind and the sweeper asks
again. A file that is read once more (by other columns) loses its earlier rows in the same transaction.
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
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from console.lib.sheets import Code
from sending import blocklist, partitions
from sending.intake import earlier, remembered, sources
from sending.intake.checking import COLUMNS
from sending.intake.process import Child, Interrupted, Unreadable
from sending.intake.summary import Summary
from sending.models import FileState, JobFile, JobStatus, SendJob
from sending.models.message import BLOCK_SHIFT, FIRST_YEAR, MONTH_SHIFT, month_number
from sending.states import WITHHELD

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
_FORGET = """
WITH gone AS (
    DELETE FROM sending_message WHERE id >= %(first)s AND id < %(end)s
    RETURNING job_id, created_at, country, state, code, segments
)
INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, state, code, -count(*), -sum(segments)
FROM gone GROUP BY 1, 2, 4, 5, 6
"""
_RESERVE = """
UPDATE sending_sendjob
SET first_id = (%(month)s::bigint << %(month_shift)s) | (nextval('sending_job_block') << %(shift)s)
WHERE id = %(job)s AND first_id IS NULL
"""


class LeaseLost(Exception):
    """Another reader has the file now, or somebody has ended its job. Not an error: what we did is rolled back."""


def read(file_id: int) -> None:
    """Check a job's file and store its rows: *checked*, or *unreadable* with a fault. Harmless to call at any time.

    Does nothing when the file is read already or somebody else reads it. Errors of the database are raised; the file
    then stays *reading* and is free again when the lease has run out.
    """
    reader = uuid.uuid4()
    file = _take(file_id, reader)
    if file is None:
        return
    try:
        with _kept(file, reader):
            _reserve(file)
            sources.provide(file)
            summary = _load(file, reader)
    except Unreadable as unreadable:
        _refuse(file, reader, unreadable.fault, unreadable.preview)
    except (LeaseLost, Interrupted) as error:
        log.info("reading_ended", job=file.job_id, file=file.number, why=type(error).__name__)
    else:
        _analyze(file.job)
        log.info("upload_checked", job=file.job_id, rows=summary["total"], seconds=summary["seconds"])


def _take(file_id: int, reader: uuid.UUID) -> JobFile | None:
    """The file, leased to `reader`; None when it is not free. Gives up on one that was tried too often."""
    free = JobFile.objects.filter(
        Q(reader__isnull=True) | Q(reader_until__lt=Now()), state=FileState.READING, pk=file_id
    )
    lease = {"reader": reader, "reader_until": Now() + LEASE}
    related = JobFile.objects.select_related(
        "job__version__template", "job__signature", "job__application", "saved_list"
    )
    if free.filter(read_attempts__lt=ATTEMPTS).update(**lease, read_attempts=F("read_attempts") + 1):
        return related.get(pk=file_id)
    if free.filter(read_attempts__gte=ATTEMPTS).update(**lease):
        _refuse(related.get(pk=file_id), reader, {"code": "gave_up"}, {})
    return None


def _reserve(file: JobFile) -> None:
    """Give the job its block of message ids, once, and the file its place in it: behind what the job has.

    Files of a job are read one at a time, so a file that waits to be read always comes last.
    """
    partitions.ensure_committed()
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE,
            {
                "month": month_number(datetime.now(UTC)),
                "month_shift": MONTH_SHIFT,
                "shift": BLOCK_SHIFT,
                "job": file.job_id,
            },
        )
    file.job.refresh_from_db(fields=["first_id", "total", "status"])
    file.first = file.job.total - file.total


def _spec(file: JobFile, known: str) -> dict[str, Any]:
    """What the child needs to know; see `child.Spec`. `known`: path of the numbers that the job has already."""
    job = file.job
    head = [("text", job.head)] if job.head else []
    variables = [
        {"name": v.name, "kind": str(v.kind), "longest": v.longest, "meaning": v.meaning, "code": v.code}
        for v in job.version.typed_variables
    ]
    return {
        "path": file.file.path,
        "mainland": job.application.is_mainland,
        "variables": variables,
        "pieces": [*head, *job.version.pieces],
        "countries": job.version.template.countries,
        "wanted": file.wanted_columns,
        "remembered": remembered.of(job.version.template_id),
        "known": known,
        "refers": file.number > 1,
        "limit": min(settings.UPLOAD_MAX_ROWS, (1 << BLOCK_SHIFT) - file.first),
        "first_id": file.first_id,
        "enterprise_id": job.enterprise_id,
        "job_id": job.pk,
        "memory": MEMORY,
        "cpu": CPU_SECONDS,
    }


def _load(file: JobFile, reader: uuid.UUID) -> Summary:
    """Rows, counts and the moves to *checked* in one transaction; the summary. Raises Unreadable, LeaseLost."""
    with (
        earlier.numbers(file) as known,
        Child(**_spec(file, known)) as child,
        _watched(child, file, reader) as watch,
    ):
        chunks = child.chunks()
        # Most faults show before the first row does; then there is no transaction at all.
        first = next(chunks, None)
        if first is None:
            watch.join()
            child.finish()
            raise Unreadable({"code": str(Code.NO_ROWS)}, child.preview)
        with transaction.atomic():
            _forget(file)
            stored = _copy(chain([first], chunks))
            watch.join()
            summary = child.finish()
            blocklist.refuse_rows(file, stored, summary)
            _count(file, stored, summary)
            summary["corrects"] = earlier.supersede(file, child.refers)
            _hold(file, reader)
            _settle(file, stored, summary, child.preview)
    return summary


def _settle(file: JobFile, stored: int, summary: Summary, preview: dict[str, Any]) -> None:
    """The file is checked, and the job too where it was not confirmed before."""
    now = timezone.now()
    total = file.first + stored
    file.move(
        FileState.CHECKED,
        summary=summary,
        preview=preview,
        fault={},
        first=file.first,
        total=stored,
        rows_read=stored,
        rows_expected=stored,
        checked_at=now,
        reader=None,
        reader_until=None,
    )
    if file.job.status == JobStatus.UPLOADED:
        file.job.move(JobStatus.CHECKED, by=None, total=total, checked_at=now)
    else:
        SendJob.objects.filter(pk=file.job_id).update(total=total)
        audit.record(
            by=None,
            verb="job.file_checked",
            object_id=file.job_id,
            enterprise_id=file.job.enterprise_id,
            label=file.job.name,
            file=file.file_name,
        )


def _forget(file: JobFile) -> None:
    """What an earlier reading has stored of this file."""
    if not file.total:
        return
    earlier.restore(file)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"first": file.first_id, "end": file.first_id + file.total})


def _copy(chunks: Iterator[bytes]) -> int:
    """Rows stored."""
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY sending_message ({COLUMNS}) FROM STDIN") as copy:
            for chunk in chunks:
                copy.write(chunk)
        return cursor.rowcount


def _count(file: JobFile, stored: int, summary: Summary) -> None:
    """Write the counts of the rows just stored, which must be what the child has counted."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"first": file.first_id, "end": file.first_id + stored})
        found = tuple(int(figure) for figure in cursor.fetchone())
    said = (stored, summary["good"] + summary["repaired"], summary["segments_total"])
    if found != said or stored != summary["total"]:
        raise RuntimeError(f"job {file.job_id}: the ledger has {found}, the check counted {said}")


def _hold(file: JobFile, reader: uuid.UUID) -> None:
    """Lock job and file until the transaction's end, if they still want us. Raises LeaseLost."""
    job = SendJob.objects.select_for_update().get(pk=file.job_id)
    ours = JobFile.objects.select_for_update().filter(pk=file.pk, reader=reader, state=FileState.READING)
    if job.status in WITHHELD or not ours.values_list("pk", flat=True):
        raise LeaseLost
    file.job.status = job.status


@transaction.atomic
def _refuse(file: JobFile, reader: uuid.UUID, fault: dict[str, Any], preview: dict[str, Any]) -> None:
    """The file is unreadable; so is a job that has no other. What an earlier reading has stored of it goes."""
    try:
        _hold(file, reader)
    except LeaseLost:
        log.info("reading_ended", job=file.job_id, file=file.number, why="LeaseLost")
        return
    log.info("upload_unreadable", job=file.job_id, file=file.number, code=fault["code"])
    _forget(file)
    SendJob.objects.filter(pk=file.job_id).update(total=F("total") - file.total)
    file.move(FileState.UNREADABLE, fault=fault, preview=preview, summary={}, total=0, reader=None, reader_until=None)
    if file.job.status == JobStatus.UPLOADED:
        others = file.job.files.counted().exclude(state=FileState.LEFT_OUT).exists()
        file.job.move(JobStatus.CHECKED if others else JobStatus.UNREADABLE, by=None)


def _analyze(job: SendJob) -> None:
    """Fresh statistics for the planner; autovacuum would come a minute late."""
    assert job.first_id is not None
    number = job.first_id >> MONTH_SHIFT
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE sending_message_{FIRST_YEAR + number // 12}_{number % 12 + 1:02d}")


@contextmanager
def _kept(file: JobFile, reader: uuid.UUID) -> Iterator[None]:
    """Renews the lease on a connection of its own, also while no child is heard: before it starts, after its end."""
    ended = threading.Event()
    ours = JobFile.objects.filter(pk=file.pk, reader=reader, state=FileState.READING)

    def renew() -> None:
        try:
            while not ended.wait(RENEW_SECONDS) and ours.update(reader_until=Now() + LEASE):
                pass
        except DatabaseError as error:  # the reading itself meets it too
            log.warning("lease_not_renewed", job=file.job_id, error=type(error).__name__)
        finally:
            connection.close()

    keeper = threading.Thread(target=renew, name=f"keeping-{file.pk}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


class _Watch(threading.Thread):
    """Hears the child's reports, keeps the lease with them on a connection of its own, and ends a child gone astray."""

    def __init__(self, child: Child, file: JobFile, reader: uuid.UUID) -> None:
        super().__init__(name=f"reading-{file.pk}", daemon=True)
        self._child = child
        self._file = file
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
        kept = JobFile.objects.filter(pk=self._file.pk, reader=self._reader, state=FileState.READING).update(
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
def _watched(child: Child, file: JobFile, reader: uuid.UUID) -> Iterator[_Watch]:
    watch = _Watch(child, file, reader)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
