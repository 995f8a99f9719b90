"""From queued to handed over: leases, what to send next, settling the carrier's answers, finishing jobs. No sockets.

The rules are in docs/architecture.md (R1 to R17): the intent is committed before a byte is written; an answer that is
not definite makes a message unknown, and unknown is never sent again by itself.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import ReviewState, ServiceMode
from accounts.models.application import ApplicationState, Region
from accounts.models.review import still_valid
from sending import ledger, quiet
from sending.carriers.port import LINK_DOWN
from sending.ledger import Move, one
from sending.models import FileState, GatewayLease, JobFile, JobPace, JobStatus, LatePolicy, SendJob
from sending.models.message import BLOCK_SHIFT
from sending.states import WITHHELD, MessageState, SkipReason
from templates_app.models import MessageType
from templates_app.models.signature import sendable

log = structlog.get_logger(__name__)
S = MessageState
# After so many refusals that were each worth another try, a message is given up.
MAX_REFUSALS = 5
# "Not now" of a carrier says nothing about the message: it waits, and does not count against it.
THROTTLED = frozenset({"ESME_RTHROTTLED", "ESME_RMSGQFUL"})
NOT_COUNTED = THROTTLED | {LINK_DOWN}
RETRY_SECONDS = 1.0
RETRY_GROWS = 4  # each refusal that counts waits so many times longer: 1 s, 4 s, 16 s …
REPORT_HOURS = 72
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Settled:
    """What the carrier answered to one attempt at one message, all its parts taken together.

    `outcome`: ACCEPTED (with the parts' ids), REJECTED, UNKNOWN, or QUEUED for a definite refusal worth another try.
    """

    id: int
    attempt: int
    outcome: MessageState
    code: str = ""
    ext_ids: tuple[str, ...] = ()
    segments: int = 1
    refusals: int = 0  # held against it so far


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job with rows to send, as the gateway's choice needs it."""

    id: int
    enterprise_id: int
    priority: int
    region: str
    first_id: int
    source: str = ""  # the signature's channel number; empty: the carrier's own sender
    end_id: int = 0  # of what was confirmed
    send_until: datetime | None = None
    speed: int | None = None  # segments a second at most
    # Of a promotion: to which countries it may leave now, empty for the mainland; None for others, which never rest.
    countries: tuple[str, ...] | None = None
    partly: bool = False  # it has rows to other countries too


# Leases ------------------------------------------------------------------------------------------------------------


def take_lease() -> uuid.UUID:
    """Announce a gateway process; its owner token fences everything it writes."""
    owner = uuid.uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_gatewaylease (owner, host, pid, started_at, expires_at)"
            " VALUES (%s, %s, %s, now(), now() + make_interval(secs => %s))",
            [owner, socket.gethostname()[:253], os.getpid(), settings.GATEWAY_LEASE_SECONDS],
        )
    return owner


def renew_lease(owner: uuid.UUID) -> bool:
    """Still alive? False when the lease had run out: the gateway must start over with a new owner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sending_gatewaylease SET expires_at = now() + make_interval(secs => %s)"
            " WHERE owner = %s AND expires_at > now()",
            [settings.GATEWAY_LEASE_SECONDS, owner],
        )
        return cursor.rowcount == 1


def end_lease(owner: uuid.UUID) -> None:
    GatewayLease.objects.filter(owner=owner).delete()


def live_gateways() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sending_gatewaylease WHERE expires_at > now()")
        return one(cursor)[0]


def reap() -> int:
    """What a dead gateway had under way becomes unknown: nobody can tell whether it was sent (R4). How many.

    A live gateway's rows are never touched, however long its carrier takes; nor those which a frozen one has locked,
    until the server ends its idle transaction.
    """
    with ledger.keyed_plans(), ledger.server_cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM sending_message m WHERE m.state = 1 AND NOT EXISTS"
            " (SELECT 1 FROM sending_gatewaylease l WHERE l.owner = m.owner AND l.expires_at > now())"
            " ORDER BY m.id LIMIT %s FOR UPDATE OF m SKIP LOCKED",
            [BATCH],
        )
        lost = [Move(id=row[0], code="gateway_lost") for row in cursor.fetchall()]
        moved = ledger.move(lost, old=S.SUBMITTING, new=S.UNKNOWN)
        if not lost:
            cursor.execute("DELETE FROM sending_gatewaylease WHERE expires_at < now() - interval '1 hour'")
    if moved:
        log.warning("reaped", messages=len(moved))
    return len(moved)


def release_unwritten(owner: uuid.UUID, *, under_way: Sequence[int]) -> int:
    """Queue again what `owner` has claimed but never wrote, as it knows itself after a lost COMMIT. How many."""
    with ledger.keyed_plans(), ledger.server_cursor() as cursor:
        cursor.execute(
            "SELECT id, attempt FROM sending_message WHERE state = 1 AND owner = %s AND NOT (id = ANY(%s))",
            [owner, list(under_way)],
        )
        moves = [Move(id=row[0], attempt=row[1]) for row in cursor.fetchall()]
        return len(ledger.requeue(moves, owner=owner, counts=False))


# What to send --------------------------------------------------------------------------------------------------------


def waiting_jobs(at: datetime | None = None) -> list[Waiting]:
    """Jobs that are sending, of enterprises and applications that may, in a region that their mode covers, and with a
    template and signature that still count; promotions while it is day for somebody (at `at`; None: now).

    Others stand still until that changes or a person stops them; their page says why (`sending.sendable`).
    """
    signed = Q(signature__isnull=True, application__region=Region.INTERNATIONAL) | sendable("signature__")
    jobs = (
        SendJob.objects.filter(status=JobStatus.SENDING, first_id__isnull=False, enterprise__state="active")
        .filter(application__state=ApplicationState.LAUNCHED)
        .filter(Q(send_until__isnull=True) | Q(send_until__gt=Now()))
        .exclude(enterprise__service_mode=ServiceMode.PACKAGE_ONLY, application__region=Region.MAINLAND)
        .filter(still_valid("version__"), signed, version__review_state=ReviewState.APPROVED)
        .order_by("priority", "id")
        .annotate(type=F("version__template__type"), clock=Now())
        .select_related("application", "signature")
    )
    promotions = [job for job in jobs if job.type == MessageType.PROMOTION]
    known = _countries(promotions) if promotions else {}
    return [waiting for job in jobs if (waiting := _waiting(job, known.get(job.pk), at or job.clock))]


def _waiting(job: SendJob, known: set[str] | None, at: datetime) -> Waiting | None:
    """`known`: to which countries a promotion has rows; None of it while it is night for everybody."""
    countries, partly = None, False
    if known is not None:
        opened = quiet.open_among(known, at)
        if not opened:
            return None
        countries, partly = tuple(opened), len(opened) < len(known)
        if job.application.is_mainland:
            countries = ()
    return Waiting(
        id=job.pk,
        enterprise_id=job.enterprise_id,
        priority=job.priority,
        region=job.application.region,
        first_id=job.first_id or 0,
        source=job.signature.channel_number if job.signature else "",
        end_id=job.release_end,
        send_until=job.send_until,
        speed=job.speed_limit,
        countries=countries,
        partly=partly,
    )


def _countries(jobs: Sequence[SendJob]) -> dict[int, set[str]]:
    """By job: to which it has rows; all there are where no check has noted them."""
    found: dict[int, set[str]] = {job.pk: {quiet.MAINLAND} for job in jobs if job.application.is_mainland}
    abroad = [job.pk for job in jobs if not job.application.is_mainland]
    noted: dict[int, list[dict[str, int] | None]] = {pk: [] for pk in abroad}
    for pk, countries in JobFile.objects.filter(job__in=abroad).counted().values_list("job", "summary__countries"):
        noted[pk].append(countries)
    for pk, held in noted.items():
        found[pk] = {country for one in held for country in one or ()}
        if not held or None in held:
            found[pk] = quiet.everywhere()
    return found


# Answers -------------------------------------------------------------------------------------------------------------


def settle(owner: uuid.UUID, results: Sequence[Settled]) -> list[str]:
    """Record the answers; the carrier ids that are new now. Runs in the caller's transaction; repeating it is harmless.

    Fenced by owner and attempt (R5): a late answer may turn the unknown of its own attempt into accepted, nothing else.
    """
    accepted = [r for r in results if r.outcome == S.ACCEPTED]
    known = _accept(owner, accepted)
    for outcome in (S.REJECTED, S.UNKNOWN):
        moves = [Move(r.id, code=r.code, attempt=r.attempt) for r in results if r.outcome == outcome]
        ledger.move(moves, old=S.SUBMITTING, new=outcome, owner=owner)
    partial = [r for r in results if r.outcome == S.UNKNOWN and any(r.ext_ids)]
    _store_parts(partial)
    refused = [r for r in results if r.outcome == S.QUEUED]
    waiting = [Move(r.id, code=r.code, attempt=r.attempt) for r in refused if r.code in NOT_COUNTED]
    ledger.requeue(waiting, owner=owner, wait_seconds=RETRY_SECONDS, counts=False)
    others = [r for r in refused if r.code not in NOT_COUNTED]
    for refusals in range(MAX_REFUSALS - 1):
        again = [Move(r.id, code=r.code, attempt=r.attempt) for r in others if r.refusals == refusals]
        ledger.requeue(again, owner=owner, wait_seconds=RETRY_SECONDS * RETRY_GROWS**refusals)
    given_up = [Move(r.id, code=r.code, attempt=r.attempt) for r in others if r.refusals >= MAX_REFUSALS - 1]
    ledger.move(given_up, old=S.SUBMITTING, new=S.REJECTED, owner=owner)
    return known + [ext_id for r in partial for ext_id in r.ext_ids if ext_id]


def _accept(owner: uuid.UUID, results: Sequence[Settled]) -> list[str]:
    moves = {r.id: Move(r.id, ext_id=r.ext_ids[0] if r.segments == 1 else "", attempt=r.attempt) for r in results}
    moved = ledger.move(list(moves.values()), old=S.SUBMITTING, new=S.ACCEPTED, owner=owner)
    late = [m for key, m in moves.items() if key not in moved]
    moved |= ledger.move(late, old=S.UNKNOWN, new=S.ACCEPTED, owner=owner)
    taken = [r for r in results if r.id in moved]
    _store_parts([r for r in taken if r.segments > 1])
    return [ext_id for r in taken for ext_id in r.ext_ids]


def _store_parts(results: Sequence[Settled]) -> None:
    """The carrier's id of each part of long messages, so that each part's receipt finds its way."""
    parts = [(r.id, number, ext_id) for r in results for number, ext_id in enumerate(r.ext_ids, start=1) if ext_id]
    if not parts:
        return
    with ledger.server_cursor() as cursor:
        cursor.execute(
            "INSERT INTO sending_messagepart (message_id, part, carrier_id, ext_id, state)"
            " SELECT p.id, p.part, m.carrier_id, p.ext_id, 2"
            " FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS p(id, part, ext_id)"
            " JOIN sending_message m ON m.id = p.id WHERE m.id = ANY(%s)"
            " ON CONFLICT (message_id, part) DO NOTHING",
            [*(list(column) for column in zip(*parts, strict=True)), sorted({r.id for r in results})],
        )


# Jobs ----------------------------------------------------------------------------------------------------------------


def finish_jobs() -> int:
    """Jobs all of whose rows have left the queue and were answered are done; reports may still come. How many."""
    finished = 0
    for job in SendJob.objects.filter(status=JobStatus.SENDING, first_id__isnull=False):
        if not ledger.unsettled(job.first_id or 0, end_id=job.release_end):
            finished += _finish(job.pk)
    return finished


@transaction.atomic
def _finish(job_id: int) -> bool:
    """Held while it is looked at once more: somebody may confirm further rows in this very moment."""
    job = SendJob.objects.select_for_update(no_key=True).get(pk=job_id)
    if job.status != JobStatus.SENDING or ledger.unsettled(job.first_id or 0, end_id=job.release_end):
        return False
    job.move(JobStatus.DONE, by=None, finished_at=timezone.now())
    return True


def withhold_rows(job_id: int) -> int:
    """The queued rows of a stopped or cancelled job become skipped, chunk by chunk; how many.

    Rows that were under way and come back refused are caught by the next sweep; `finished_at` says that all is still.
    """
    job = SendJob.objects.get(pk=job_id)
    if job.status not in WITHHELD:
        return 0
    skipped = 0
    reason = SkipReason.EXPIRED if _ended_by_clock(job) else SkipReason.STOPPED
    while job.first_id is not None and (n := ledger.skip_queued(job.first_id, reason=reason)):
        skipped += n
    if job.first_id is None or not ledger.unsettled(job.first_id):
        SendJob.objects.filter(pk=job_id, finished_at__isnull=True).update(finished_at=timezone.now())
    return skipped


def _ended_by_clock(job: SendJob) -> bool:
    """Whether a job was withheld because its time was over, or had come too late to begin (`sending.due`)."""
    now = timezone.now()
    dropped = job.status == JobStatus.CANCELLED and job.late_policy == LatePolicy.DROP and job.scheduled_at
    too_late = dropped and dropped + timedelta(minutes=job.late_minutes) <= now
    return bool(too_late or (job.send_until and job.send_until <= now))


def withhold_file(file_id: int) -> int:
    """The queued rows of a file that was left out become skipped; how many."""
    file = JobFile.objects.select_related("job").get(pk=file_id)
    skipped = 0
    if file.state == FileState.LEFT_OUT and file.withheld_at is None:
        while n := ledger.skip_queued(file.first_id, end_id=file.end_id, reason=SkipReason.LEFT_OUT):
            skipped += n
        JobFile.objects.filter(pk=file_id).update(withheld_at=timezone.now())
    return skipped


def withhold_all() -> int:
    """Whatever a lost hint has left behind."""
    left_out = JobFile.objects.filter(state=FileState.LEFT_OUT, withheld_at__isnull=True)
    skipped = sum(withhold_file(pk) for pk in left_out.values_list("pk", flat=True))
    jobs = SendJob.objects.filter(status__in=WITHHELD, finished_at__isnull=True).values_list("pk", flat=True)
    return skipped + sum(withhold_rows(pk) for pk in jobs)


def expire_unreported() -> int:
    """Accepted messages without a report after 72 hours become expired; how many. Looks only where any can be."""
    late = Now() - timedelta(hours=REPORT_HOURS)
    jobs = SendJob.objects.filter(started_at__lt=late, counts__state=S.ACCEPTED, counts__n__gt=0)
    expired = 0
    for first_id in jobs.values_list("first_id", flat=True).distinct():
        while n := _expire_batch(first_id or 0):
            expired += n
    return expired


def _expire_batch(first_id: int) -> int:
    with ledger.keyed_plans(), ledger.server_cursor() as cursor:
        cursor.execute(
            "SELECT id FROM sending_message WHERE state = 2 AND id >= %s AND id < %s"
            " AND submitted_at < now() - make_interval(hours => %s) ORDER BY id LIMIT %s",
            [first_id, first_id + (1 << BLOCK_SHIFT), REPORT_HOURS, BATCH],
        )
        late = [Move(id=row[0], code="no_report") for row in cursor.fetchall()]
        return len(ledger.move(late, old=S.ACCEPTED, new=S.EXPIRED))


def forget_pace() -> None:
    JobPace.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
