"""The platform's own texts (codes, notices) into the ledger, from where the gateway sends them like any others.

Only for a while: what no carrier has taken when its time is over is withheld, and accounted for like everything else.

Taken from the outbox, put into jobs of the platform's own enterprise and marked with their message's id in one
transaction: whoever dies in between leaves them waiting, and of two who run at once neither sees what the other holds.

The words become values of the messages and stay in the ledger for as long as any message does; a code among them is
worth nothing after ten minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from accounts import platform
from accounts.models import Application, Enterprise, OutgoingText, ReviewState
from accounts.models.application import Region
from console.lib import failpoints, phone
from console.lib.text import segments
from sending import ledger, partitions
from sending.models import JobStatus, SendJob
from sending.states import MessageState
from templates_app.models import MessageTemplate, MessageType, Signature, TemplateVersion
from templates_app.models.message_type import PRIORITY

log = structlog.get_logger(__name__)
BATCH = 500
WORDS_MAX = 500
PURPOSE = "Codes and notices of the platform itself."
# Mainland messages begin with the signature; elsewhere the name must stand in the text.
BODY = {Region.MAINLAND: "${1}", Region.INTERNATIONAL: platform.NAME + ": ${1}"}
VARIABLE = {"name": "1", "kind": "TEXT", "longest": WORDS_MAX, "meaning": "Words", "example": "123456"}

# One statement: the rows as the intake's COPY leaves them, and the counts of exactly those.
_INSERT = """
WITH stored AS (
    INSERT INTO sending_message (id, enterprise_id, job_id, row, number, values, country, segments, state, code)
    SELECT t.id, %(enterprise)s, %(job)s, t.id - %(first)s + 1, t.number, ARRAY[t.words], t.country, t.segments,
        t.state, t.code
    FROM unnest(%(ids)s::bigint[], %(numbers)s::text[], %(words)s::text[], %(countries)s::text[],
        %(segments)s::smallint[], %(states)s::smallint[], %(codes)s::text[])
        AS t(id, number, words, country, segments, state, code)
    RETURNING job_id, created_at, country, state, code, segments
)
INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, state, code, count(*), sum(segments)
FROM stored GROUP BY 1, 2, 4, 5, 6
"""


@dataclass(frozen=True, slots=True)
class Means:
    """In whose name and words texts of one region and type leave."""

    enterprise: Enterprise
    application: Application
    signature: Signature | None
    version: TemplateVersion


@dataclass(frozen=True, slots=True)
class Row:
    """A text as the ledger will hold it."""

    text: OutgoingText
    country: str
    state: MessageState
    code: str = ""


def send_waiting() -> int:
    """Hand what waits in the outbox to the engine, batch by batch; how many. Harmless to run twice at once."""
    sent = 0
    while OutgoingText.objects.filter(message_id__isnull=True).exists():
        partitions.ensure_committed()
        if not (n := _send_batch()):
            break  # somebody else holds the rest
        sent += n
    return sent


def send_waiting_or_tell() -> None:
    """For the gateway: a fault of ours in the platform's own texts must not end what sends everybody else's."""
    try:
        send_waiting()
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("texts_not_handed_over")


@transaction.atomic
def _send_batch() -> int:
    waiting = OutgoingText.objects.filter(message_id__isnull=True).order_by("-urgent", "id")
    texts = list(waiting.select_for_update(skip_locked=True)[:BATCH])
    for (region, kind, _too_late), group in groupby(sorted(texts, key=_destination), key=_destination):
        _send(list(group), Region(region), MessageType(kind))
    failpoints.reach("texts_stored")
    return len(texts)


def _destination(text: OutgoingText) -> tuple[Region, MessageType, bool]:
    """What goes into one job: of one region and type, and what comes too late apart from what does not."""
    region = Region.MAINLAND if text.number.startswith("+86") else Region.INTERNATIONAL
    kind = MessageType.VERIFICATION if text.urgent else MessageType.NOTIFICATION
    return region, kind, text.ends_at <= timezone.now()


def _send(texts: list[OutgoingText], region: Region, kind: MessageType) -> None:
    """One job with a row for each text, on its way as soon as the transaction commits."""
    means = means_for(region, kind)
    rows = [_row(text, region) for text in texts]
    job = SendJob.objects.create(
        enterprise=means.enterprise,
        name=PURPOSE,
        application=means.application,
        version=means.version,
        signature=means.signature,
        priority=PRIORITY[kind],
        first_id=ledger.new_block(),
    )
    _insert(rows, job, means, mainland=region == Region.MAINLAND)
    now = timezone.now()
    job.move(JobStatus.CHECKED, by=None, total=len(rows), released=len(rows), checked_at=now)
    until = max(row.text.ends_at for row in rows)
    job.move(JobStatus.SENDING, by=None, started_at=now, send_until=until)


def _row(text: OutgoingText, region: Region) -> Row:
    """What cannot be texted is stored as such: it is accounted for, and stops no other."""
    found = phone.normalise(text.number, mainland=region == Region.MAINLAND)
    if isinstance(found, phone.Fault):
        log.error("text_refused", text_id=text.pk, code=str(found))
        return Row(text, "", MessageState.INVALID, str(found))
    return Row(text, found.country, MessageState.QUEUED)


def _insert(rows: Sequence[Row], job: SendJob, means: Means, *, mainland: bool) -> None:
    """Store the rows; every text knows its message afterwards."""
    first = job.first_id or 0
    head = means.signature.name if means.signature else ""
    sizes = [
        segments(means.version.render([row.text.text], head), mainland=mainland)
        if row.state == MessageState.QUEUED
        else 0
        for row in rows
    ]
    for position, row in enumerate(rows):
        row.text.message_id = first + position
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "enterprise": job.enterprise_id,
                "job": job.pk,
                "first": first,
                "ids": [row.text.message_id for row in rows],
                "numbers": [row.text.number for row in rows],
                "words": [row.text.text for row in rows],
                "countries": [row.country for row in rows],
                "segments": sizes,
                "states": [int(row.state) for row in rows],
                "codes": [row.code for row in rows],
            },
        )
    OutgoingText.objects.bulk_update([row.text for row in rows], ["message_id"])


# What a text leaves with -------------------------------------------------------------------------------------------


def means_for(region: Region, kind: MessageType) -> Means:
    """Made at first use, once: whoever finds something missing looks again under a lock."""
    found = _find(region, kind)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sending.texts.means'))")
        found = _find(region, kind) or _make(region, kind)
    return found


def _find(region: Region, kind: MessageType) -> Means | None:
    """None where something is missing, or the setting names another signature by now."""
    ours = TemplateVersion.objects.filter(
        enterprise__is_platform=True,
        built_in=True,
        review_state=ReviewState.APPROVED,
        template__name=_name(region, kind),
        template__application__region=region,
    )
    if region == Region.MAINLAND:
        ours = ours.filter(template__signature__name=settings.PLATFORM_SIGNATURE)
    version = ours.select_related("enterprise", "template__application", "template__signature").last()
    if version is None:
        return None
    return Means(version.enterprise, version.template.application, version.template.signature, version)


def _name(region: Region, kind: MessageType) -> str:
    return f"platform_{region}_{kind}"


def _make(region: Region, kind: MessageType) -> Means:
    enterprise = platform.enterprise()
    application = _application(enterprise, region)
    signature = _signature(application, kind) if region == Region.MAINLAND else None
    template, _new = MessageTemplate.objects.update_or_create(
        enterprise=enterprise,
        name=_name(region, kind),
        defaults={"signature": signature},
        create_defaults={"signature": signature, "application": application, "type": kind},
    )
    version, _new = TemplateVersion.objects.get_or_create(
        enterprise=enterprise,
        template=template,
        number=1,
        defaults={"text": BODY[region], "variables": [VARIABLE], "purpose": PURPOSE} | _built_in(),
    )
    return Means(enterprise, application, signature, version)


def _application(enterprise: Enterprise, region: Region) -> Application:
    name = f"platform_{region}"
    if found := Application.objects.filter(enterprise=enterprise, name=name).first():
        return found
    made = Application(enterprise=enterprise, name=name, region=region)
    made.issue_key()
    made.save()
    return made


def _signature(application: Application, kind: MessageType) -> Signature:
    wanted = {"enterprise": application.enterprise, "name": settings.PLATFORM_SIGNATURE, "type": kind}
    made, _new = Signature.objects.get_or_create(
        **wanted, built_in=True, defaults={"application": application, "purpose": PURPOSE} | _built_in()
    )
    return made


def _built_in() -> dict[str, object]:
    return {"built_in": True, "review_state": ReviewState.APPROVED}
