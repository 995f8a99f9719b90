"""Makes the promise that tasks only make fast: whatever a lost hint or a dead process left behind is found here."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from console.lib.queue import hint
from sending import dispatch, receipts
from sending.models import JobStatus, SendJob

# A hint that has not led to a reader by then was lost.
UNREAD_SECONDS = 5


def sweep() -> None:
    """Every few seconds, by beat; the gateway does the part that sending depends on by itself as well."""
    ask_for_readers()
    dispatch.reap()
    dispatch.withhold_late()
    dispatch.finish_jobs()
    dispatch.withhold_all()
    receipts.sweep()


def sweep_hourly() -> None:
    dispatch.expire_unreported()
    dispatch.forget_pace()


def ask_for_readers() -> int:
    """Uploads that nobody reads, or whose reader died; how many were asked for again."""
    now = timezone.now()
    unread = SendJob.objects.filter(
        Q(reader_until__isnull=True) | Q(reader_until__lt=now),
        status=JobStatus.UPLOADED,
        created_at__lt=now - timedelta(seconds=UNREAD_SECONDS),
    ).values_list("pk", flat=True)
    for pk in unread:
        hint("sending.read_upload", job_id=pk)
    return len(unread)
