"""Makes the promise that tasks only make fast: whatever a lost hint or a dead process left behind is found here."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from console.lib.queue import hint
from sending import dispatch, drafts, due, exports, making, receipts, recipient_lists
from sending.models import FileState, JobExport, JobFile, RecipientList

# A hint that has not led to a reader by then was lost.
UNREAD_SECONDS = 5


def sweep() -> None:
    """Every few seconds, by beat; the gateway does the part that sending depends on by itself as well."""
    ask_for_readers()
    ask_for_makers()
    dispatch.reap()
    due.withhold_late()
    dispatch.finish_jobs()
    dispatch.withhold_all()
    receipts.sweep()


def sweep_hourly() -> None:
    dispatch.expire_unreported()
    dispatch.forget_pace()
    exports.forget_old()
    recipient_lists.forget_removed()
    drafts.forget_unused()


def ask_for_makers() -> int:
    """The same for files that are to be made."""
    lists = RecipientList.objects.filter(removed_at__isnull=True)
    return making.ask_again(JobExport.objects.all(), exports.TASK) + making.ask_again(lists, recipient_lists.TASK)


def ask_for_readers() -> int:
    """Files that nobody reads, or whose reader died; how many were asked for again."""
    now = timezone.now()
    unread = JobFile.objects.filter(
        Q(reader_until__isnull=True) | Q(reader_until__lt=now),
        state=FileState.READING,
        asked_at__lt=now - timedelta(seconds=UNREAD_SECONDS),
    ).values_list("pk", flat=True)
    for pk in unread:
        hint("sending.read_upload", file_id=pk)
    return len(unread)
