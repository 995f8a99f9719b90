"""The rows of a job as lines of text for a table, in the order of its files: what exports are made of.

Read by a cursor of the server in one snapshot: whatever moves meanwhile, every row is there once and in one state.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from console.lib import phone
from sending import reasons
from sending.intake import samples
from sending.models import Carrier, ExportFormat, ExportRows, JobExport
from sending.models.message import BLOCK_SHIFT
from sending.states import NEVER_SENT, MessageState

CHUNK = 5_000
S = MessageState
STATES: dict[str, tuple[MessageState, ...]] = {
    ExportRows.ALL: tuple(S),
    ExportRows.DELIVERED: (S.DELIVERED,),
    ExportRows.FAILED: (S.FAILED, S.REJECTED, S.EXPIRED),
    ExportRows.UNKNOWN: (S.UNKNOWN,),
    ExportRows.SKIPPED: (S.SKIPPED,),
    ExportRows.REFUSED: (S.INVALID,),
}
# Times are written by the server: it is ten times as fast at that.
_ROWS = """
    SELECT id, row, number, raw, state, code, detail, segments,
        to_char(submitted_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD HH24:MI:SS'),
        CASE WHEN state IN (3, 4) THEN to_char(settled_at AT TIME ZONE %(zone)s, 'YYYY-MM-DD HH24:MI:SS') END,
        carrier_id, CASE WHEN %(values)s THEN values END
    FROM sending_message
    WHERE id >= %(first)s AND id < %(end)s {states}
    ORDER BY id
"""
_SNAPSHOT = """
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
    SET LOCAL idle_in_transaction_session_timeout = '5min';
"""


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction that sees one moment. It holds no locks, so it may rest while a full disk is written to."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_SNAPSHOT)
        yield


def headers(export: JobExport) -> list[str]:
    """In the present language."""
    job = export.job
    zone = {"zone": job.enterprise.time_zone}
    found = [_("Row"), _("Number"), _("State"), _("Code"), _("Meaning"), _("What to do"), _("Segments")]
    found += [_("Sent (%(zone)s)") % zone, _("Report (%(zone)s)") % zone, _("Carrier")]
    if _several_files(export):
        found.insert(1, _("File"))
    if export.with_text:
        found += [*samples.headers(job.version.typed_variables), _("Text")]
    return found


def lines(export: JobExport, *, counted: Callable[[int], None]) -> Iterator[list[str]]:
    """Below the headers, in the present language and a `snapshot`; `counted` hears how many there were so far."""
    job = export.job
    if job.first_id is None:
        return
    line = _liner(export)
    states = STATES[export.which]
    only = "" if len(states) == len(S) else "AND state = ANY(%(states)s)"
    asked: dict[str, Any] = {
        "first": job.first_id,
        "end": job.first_id + (1 << BLOCK_SHIFT),
        "zone": job.enterprise.time_zone,
        "values": export.with_text,
        "states": [int(state) for state in states],
    }
    done = 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ROWS.format(states=only), asked)
        while rows := cursor.fetchmany(CHUNK):
            for row in rows:
                yield line(*row)
            done += len(rows)
            counted(done)


def _liner(export: JobExport) -> Callable[..., list[str]]:
    """The function from what the database has of a row to its line; called a million times."""
    job, version = export.job, export.job.version
    carriers = dict(Carrier.objects.values_list("pk", "name"))
    words = {int(state): str(state.label) for state in S}
    unsent = {int(state) for state in NEVER_SENT}
    file_of = _file_of(export)
    number_of = _number_of(export)
    variables = len(version.typed_variables)
    signature = job.signature.name if job.signature else ""

    @lru_cache(maxsize=2_000)
    def why(state: int, code: str, detail: str) -> tuple[str, str]:
        return reasons.of_row(job, S(state), code, detail), reasons.advice(S(state), code)

    def line(
        pk: int, row: int, number: str, raw: str, state: int, code: str, detail: str, segments: int,
        sent: str | None, reported: str | None, carrier: int | None, values: list[str] | None,
    ) -> list[str]:  # fmt: skip
        meaning, advice = why(state, code, detail)
        cells = [str(row), number_of(number, raw), words[state], code, meaning, advice]
        cells += ["" if state in unsent else str(segments), sent or "", reported or "", carriers.get(carrier or 0, "")]
        if file_of is not None:
            cells.insert(1, file_of(pk))
        if values is not None:
            cells += [*values, *[""] * (variables - len(values))][:variables]
            cells.append("" if state == S.INVALID else version.render(values, signature))
        return cells

    return line


def _several_files(export: JobExport) -> bool:
    return export.job.files.counted().count() > 1


def _file_of(export: JobExport) -> Callable[[int], str] | None:
    """Name of the file that a row, by its id, came in; None where there is only one."""
    if not _several_files(export):
        return None
    files = list(export.job.files.counted().order_by("first"))
    starts = [(export.job.first_id or 0) + file.first for file in files]
    return lambda pk: files[max(0, bisect_right(starts, pk) - 1)].file_name


def _number_of(export: JobExport) -> Callable[[str, str], str]:
    """From (number, what stood in its cell) to what is shown. A csv has no plus: it would begin a formula."""
    plain = export.format == ExportFormat.CSV

    def shown(number: str, raw: str) -> str:
        text = number or raw
        if not export.full_numbers and text:
            text = phone.mask(text)
        return text.removeprefix("+") if plain and number else text

    return shown
