"""What a further file of a job meets: the numbers that the job has already, and the refused rows that it corrects."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from sending import ledger
from sending.models import JobFile
from sending.models.message import BLOCK_SHIFT
from sending.states import MessageState, Problem

_NUMBERS = """
COPY (
    SELECT substr(m.number, 2), m.row || CASE WHEN f.number > 1 THEN ' (' || f.number || ')' ELSE '' END
    FROM sending_jobfile f
    JOIN sending_message m ON m.id >= {first} + f.first AND m.id < {first} + f.first + f.total
    WHERE f.job_id = {job} AND f.id <> {file} AND f.state <> 'left_out' AND m.state <> {invalid}
) TO STDOUT
"""
# The refused rows whose code changes: what it becomes, and what it was.
_CORRECTED = f"""
    SELECT m.id, m.job_id, m.created_at, m.country, m.code AS old, '{Problem.SUPERSEDED}' AS code,
        %(file)s || ':' || m.code || ':' || m.detail AS detail
    FROM unnest(%(files)s::int[], %(rows)s::int[]) AS r(file, row)
    JOIN sending_jobfile f ON f.job_id = %(job)s AND f.number = r.file AND f.number < %(file)s::int
    JOIN sending_message m ON m.row = r.row AND m.id >= %(low)s + f.first AND m.id < %(low)s + f.first + f.total
    WHERE m.id >= %(low)s AND m.id < %(end)s AND m.state = {int(MessageState.INVALID)}
        AND m.code <> '{Problem.SUPERSEDED}'
"""
_RESTORED = f"""
    SELECT m.id, m.job_id, m.created_at, m.country, m.code AS old, split_part(m.detail, ':', 2) AS code,
        regexp_replace(m.detail, '^[^:]*:[^:]*:', '') AS detail
    FROM sending_message m
    WHERE m.id >= %(low)s AND m.id < %(end)s AND m.state = {int(MessageState.INVALID)}
        AND m.code = '{Problem.SUPERSEDED}' AND split_part(m.detail, ':', 1) = %(file)s
"""
_RECODE = f"""
UPDATE sending_message m SET code = r.code, detail = r.detail FROM recoded r
WHERE m.id = r.id AND m.id >= %(low)s AND m.id < %(end)s;
INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, {int(MessageState.INVALID)}, side.code, sum(sign), 0
FROM recoded r CROSS JOIN LATERAL (VALUES (r.old, -1), (r.code, 1)) AS side(code, sign)
GROUP BY 1, 2, 4, 6;
DROP TABLE recoded
"""


@contextmanager
def numbers(file: JobFile) -> Iterator[str]:
    """Path of a text file with a line "8613800138000<tab>17 (2)" for every number that other files have brought,
    but for refused rows and files that were left out; empty where there are none.
    """
    if not file.first:
        yield ""
        return
    job = file.job
    with tempfile.NamedTemporaryFile(prefix="known-") as out, ledger.server_cursor() as cursor:
        statement = _NUMBERS.format(
            first=int(job.first_id or 0), job=job.pk, file=file.pk, invalid=int(MessageState.INVALID)
        )
        with cursor.copy(statement) as copy:
            for chunk in copy:
                out.write(chunk)
        out.flush()
        yield out.name


def supersede(file: JobFile, refers: Sequence[tuple[int, int]]) -> int:
    """The refused rows (file, row) of which `file` brings corrected ones stand for them no more; how many."""
    if not refers:
        return 0
    named = {(number, row) for number, row in refers}  # two rows may stand for the same one
    return _recode(file, _CORRECTED, files=[number for number, _row in named], rows=[row for _number, row in named])


def restore(file: JobFile) -> int:
    """What `file` had superseded, refused as before: it is read anew, or left out. How many."""
    if file.number == 1 or file.job.first_id is None:
        return 0
    return _recode(file, _RESTORED, files=[], rows=[])


def _recode(file: JobFile, wanted: str, *, files: list[int], rows: list[int]) -> int:
    first = file.job.first_id or 0
    values: dict[str, Any] = {
        "low": first,
        "end": first + (1 << BLOCK_SHIFT),
        "job": file.job_id,
        "file": str(file.number),
        "files": files,
        "rows": rows,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE recoded ON COMMIT DROP AS {wanted}", values)
        changed = cursor.rowcount
        cursor.execute(_RECODE, values)
    return changed
