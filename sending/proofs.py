"""Test messages: a row's text to the enterprise's own numbers, before everybody gets it.

Each test is a small job of its own (`SendJob.test_of`), through the engine that will carry the real one: same
application, template version and signature. It stands at its job and in no list of jobs.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import agreements, audit
from accounts.models import OwnNumber, User
from console.lib import phone
from console.lib.errors import NotAllowed
from sending import ledger, partitions, trial
from sending.models import JobStatus, Message, SendJob
from sending.sendable import check_sendable
from sending.states import MessageState
from templates_app import signatures

MOST = 20  # test messages of a job
KEPT = timedelta(hours=1)  # what has not left by then is withheld: whoever tests waits for it
NAME_MAX = 60

_STORE = """
WITH stored AS (
    INSERT INTO sending_message (id, enterprise_id, job_id, row, number, values, country, segments, state)
    SELECT %(first)s + t.n - 1, %(enterprise)s, %(job)s, t.n, t.number, %(values)s::text[], t.country, %(segments)s,
        %(queued)s
    FROM unnest(%(numbers)s::text[], %(countries)s::text[]) WITH ORDINALITY AS t(number, country, n)
    RETURNING job_id, created_at, country, state, segments
)
INSERT INTO sending_countdelta (job_id, hour, carrier_id, country, state, code, n, segments)
SELECT job_id, date_trunc('hour', created_at, 'UTC'), 0, country, state, '', count(*), sum(segments)
FROM stored GROUP BY 1, 2, 4, 5
"""


def numbers_for(job: SendJob) -> list[OwnNumber]:
    """The enterprise's verified numbers that this job's application reaches."""
    held = OwnNumber.objects.filter(enterprise=job.enterprise_id).verified().order_by("id")
    return [own for own in held if _country(own.number, job)]


def left(job: SendJob) -> int:
    """How many test messages this job may still have."""
    return max(0, MOST - (job.tests.aggregate(sent=Sum("total"))["sent"] or 0))


def of(job: SendJob) -> list[Message]:
    """The test messages of a job, the latest first."""
    found: list[Message] = []
    for test in job.tests.order_by("-id"):
        found += Message.objects.of_job(test).order_by("id")
    return found


def send(job: SendJob, message: Message, *, to: Sequence[OwnNumber], by: User, token: uuid.UUID) -> SendJob:
    """The text of `message`, a row of the checked `job`, to own numbers now; the job of these test messages.

    Once for a `token`. Raises NotAllowed with a text for the person.
    """
    partitions.ensure_committed()
    try:
        with transaction.atomic():
            # Whoever comes second with the same token waits here, and finds what the first has made.
            held = SendJob.objects.select_for_update(no_key=True).get(pk=job.pk)
            return _sent(job, token) or _send(held, message, _numbers(job, to), by, token)
    except IntegrityError as error:
        raise NotAllowed(_("This form was used before. Load the page again.")) from error


def _sent(job: SendJob, token: uuid.UUID) -> SendJob | None:
    return job.tests.filter(token=token).first()


def _numbers(job: SendJob, to: Iterable[OwnNumber]) -> list[str]:
    numbers = [own.number for own in to if own.enterprise_id == job.enterprise_id and own.verified_at]
    if not numbers:
        raise NotAllowed(_("Choose at least one of your verified numbers."))
    if not all(_country(number, job) for number in numbers):
        raise NotAllowed(_("One of these numbers is not in a country of this application. Choose another one."))
    return numbers


def _send(job: SendJob, message: Message, numbers: list[str], by: User, token: uuid.UUID) -> SendJob:
    if job.status not in {JobStatus.CHECKED, JobStatus.SCHEDULED}:
        raise NotAllowed(
            _("This job is “%(now)s” by now, and its text is not tested any more.")
            % {"now": JobStatus(job.status).label}
        )
    if len(numbers) > (still := left(job)):
        raise NotAllowed(
            _("A job has at most %(most)s test messages, and %(left)s are left. Choose fewer numbers.")
            % {"most": MOST, "left": still}
        )
    agreements.check(by)
    check_sendable(job)
    test = _made(job, by, token)
    _store(test, message, numbers)
    now = timezone.now()
    test.move(JobStatus.CHECKED, by=None, total=len(numbers), released=len(numbers), checked_at=now)
    trial.admit(test)
    test.move(JobStatus.SENDING, by=by, confirmed_by=by, started_at=now, send_until=now + KEPT)
    if job.signature is not None:
        signatures.used(job.signature)
    audit.record(
        by=by,
        verb="job.tested",
        object_id=job.pk,
        enterprise_id=job.enterprise_id,
        label=job.name,
        row=message.row,
        messages=len(numbers),
        numbers=numbers,
    )
    return test


def _made(job: SendJob, by: User, token: uuid.UUID) -> SendJob:
    mark = _("(test)")
    return SendJob.objects.create(
        enterprise_id=job.enterprise_id,
        token=token,
        name=f"{job.name[: NAME_MAX - len(mark) - 1]} {mark}",
        application_id=job.application_id,
        version_id=job.version_id,
        signature_id=job.signature_id,
        priority=job.priority,
        test_of=job,
        first_id=ledger.new_block(),
        created_by=by,
    )


def _store(test: SendJob, message: Message, numbers: list[str]) -> None:
    """The rows as the intake's COPY leaves them, and the counts of exactly those."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            {
                "first": test.first_id,
                "enterprise": test.enterprise_id,
                "job": test.pk,
                "values": list(message.values),
                "segments": message.segments,
                "queued": int(MessageState.QUEUED),
                "numbers": numbers,
                "countries": [_country(number, test) for number in numbers],
            },
        )


def _country(number: str, job: SendJob) -> str:
    """Of a number that the job's application and template reach; "" for others."""
    found = phone.normalise(number, mainland=job.application.is_mainland)
    if isinstance(found, phone.Fault):
        return ""
    allowed = job.version.template.countries
    return found.country if not allowed or found.country in allowed else ""
