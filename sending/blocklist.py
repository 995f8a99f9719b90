"""Who may not be texted: asked when a file is checked, and again at the moment of sending.

An entry holds on the whole platform, for an enterprise, or for a signature and type of message; a refusal by the person
(source "reply") counts as opted out, everything else as blocklisted.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Enterprise, User
from console.lib import phone
from console.lib.errors import NotAllowed
from console.lib.text import alphabet
from sending import ledger
from sending.models import BlocklistEntry, BlockSource, JobFile, SendJob
from sending.states import MessageState, Problem
from templates_app.models import Signature

_SCOPE = """
    b.removed_at IS NULL AND (b.until IS NULL OR b.until > now())
    AND (b.enterprise_id IS NULL OR b.enterprise_id = %(enterprise)s)
    AND (b.signature_id IS NULL OR (b.signature_id = %(signature)s AND b.type = %(type)s))
"""
_CODE = f"CASE b.source WHEN '{BlockSource.REPLY}' THEN '{Problem.OPTED_OUT}' ELSE '{Problem.BLOCKLISTED}' END"
_HITS = f"""
SELECT DISTINCT ON (b.number) b.number, {_CODE} FROM sending_blocklistentry b
WHERE b.number = ANY(%(numbers)s) AND {_SCOPE} ORDER BY b.number, b.created_at
"""
# Of several entries the oldest is named. What the rows were is returned, for the summary.
_REFUSE = f"""
WITH hit AS MATERIALIZED (
    SELECT DISTINCT ON (m.id) m.id, m.segments, {_CODE} AS code,
        b.source || ':' || to_char(b.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00"') AS detail
    FROM sending_message m JOIN sending_blocklistentry b ON b.number = m.number
    WHERE m.id >= %(first)s AND m.id < %(end)s AND m.state = {int(MessageState.QUEUED)} AND {_SCOPE}
    ORDER BY m.id, b.created_at
)
UPDATE sending_message m SET state = {int(MessageState.INVALID)}, code = hit.code, detail = hit.detail, segments = 0,
    raw = CASE WHEN m.raw = '' THEN substr(m.number, CASE WHEN m.country = 'CN' THEN 4 ELSE 1 END) ELSE m.raw END
FROM hit WHERE m.id = hit.id AND m.id >= %(first)s AND m.id < %(end)s
RETURNING m.row, m.number, m.country, m.repairs, hit.segments, m.code, m.detail, m.values
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name messages of a job leave: what an entry's scope is compared with."""

    enterprise_id: int
    signature_id: int | None
    type: str

    @classmethod
    def of(cls, job: SendJob) -> Sender:
        return cls(job.enterprise_id, job.signature_id, job.version.template.type)

    @property
    def parameters(self) -> dict[str, Any]:
        return {"enterprise": self.enterprise_id, "signature": self.signature_id, "type": self.type}


def hits(numbers: Sequence[str], sender: Sender) -> dict[str, str]:
    """Those of `numbers` (E.164) that may not be texted by `sender` now → "blocklisted" or "opted_out"."""
    if not numbers:
        return {}
    with ledger.server_cursor() as cursor:
        cursor.execute(_HITS, {"numbers": list(numbers), **sender.parameters})
        return dict(cursor.fetchall())


def claim(*, sender: Sender, owner: uuid.UUID, after_id: int, **which: Any) -> list[ledger.Claimed]:
    """As `ledger.claim`; numbers that may not be texted now become skipped in the same transaction.

    Empty only where nothing is left: a window of such numbers alone is followed by the next.
    """
    while True:
        with transaction.atomic():
            claimed = ledger.claim(owner=owner, after_id=after_id, **which)
            barred = hits([row.number for row in claimed], sender)
            moves = [ledger.Move(row.id, code=barred[row.number]) for row in claimed if row.number in barred]
            ledger.bar(moves, owner=owner)
        if not claimed or len(moves) < len(claimed):
            return [row for row in claimed if row.number not in barred] if barred else claimed
        after_id = claimed[-1].id


def refuse_rows(file: JobFile, stored: int, summary: Any) -> None:
    """Rows just stored of `file` whose numbers may not be texted are refused, and the summary says so.

    Runs in the transaction that stores them, before their counts are written.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM sending_blocklistentry WHERE removed_at IS NULL)")
        if not ledger.one(cursor)[0]:
            return
        cursor.execute(
            _REFUSE, {"first": file.first_id, "end": file.first_id + stored, **Sender.of(file.job).parameters}
        )
        refused = cursor.fetchall()
    _tell(file.job, summary, refused)


def _tell(job: SendJob, summary: dict[str, Any], refused: list[tuple[Any, ...]]) -> None:
    """Move the rows in the summary from good and repaired to refused."""
    by_code: Counter[str] = Counter()
    mainland, head = job.application.is_mainland, job.signature.name if job.signature else ""
    for row, number, country, repairs, segments, code, detail, values in sorted(refused):
        by_code[code] += 1
        if by_code[code] == 1:
            example = {"row": row, "raw": phone.mask(number), "detail": detail}
            summary["problems"][code] = {"n": 0, "example": example}
        summary["problems"][code]["n"] += 1
        summary["repaired" if repairs else "good"] -= 1
        summary["refused"] += 1
        summary["segments_total"] -= segments
        _less(summary["segments"], str(segments))
        _less(summary["countries"], country)
        _less(summary["alphabets"], alphabet(job.version.render(values, head), mainland=mainland).value)
        for bit in list(summary["repairs"]):
            if repairs & int(bit):
                summary["repairs"][bit]["n"] -= 1
                if not summary["repairs"][bit]["n"]:
                    del summary["repairs"][bit]


def _less(counted: dict[str, int], key: str) -> None:
    if key in counted:
        counted[key] -= 1
        if not counted[key]:
            del counted[key]


@transaction.atomic
def add(
    number: str,
    *,
    by: User | None,
    source: BlockSource,
    enterprise: Enterprise | None = None,
    signature: Signature | None = None,
    reason: str = "",
    evidence: str = "",
    until: datetime | None = None,
) -> BlocklistEntry:
    """Put a number (E.164) on the list; one that stands there already in the same scope stays as it is.

    `signature`: for messages under it, of its type, only. Takes effect with the next message that would leave.
    """
    entry, made = BlocklistEntry.objects.get_or_create(
        number=number,
        enterprise=signature.enterprise if signature else enterprise,
        signature=signature,
        type=signature.type if signature else "",
        removed_at=None,
        defaults={"source": source, "reason": reason, "evidence": evidence, "until": until, "created_by": by},
    )
    if made:
        _record("blocklist.added", entry, by, source=source, reason=reason)
    return entry


@transaction.atomic
def remove(entry: BlocklistEntry, *, by: User | None, reason: str) -> None:
    """Take it off the list, for the record with the reason. Raises NotAllowed."""
    if not reason.strip():
        raise NotAllowed(_("Say why the number is taken off the blocklist; it is recorded."))
    left = BlocklistEntry.objects.filter(pk=entry.pk, removed_at__isnull=True)
    if not left.update(removed_at=timezone.now(), removed_by=by, removal_reason=reason.strip()[:200]):
        raise NotAllowed(_("This entry was removed meanwhile. Load the page again."))
    _record("blocklist.removed", entry, by, reason=reason)


def _record(verb: str, entry: BlocklistEntry, by: User | None, **facts: Any) -> None:
    audit.record(
        by=by,
        verb=verb,
        object_id=entry.pk,
        enterprise_id=entry.enterprise_id,
        label=phone.mask(entry.number),
        **dict[str, Any]((name, str(value)) for name, value in facts.items() if value),
    )
