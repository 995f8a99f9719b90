"""A file of recipients in a job: the first one, and those that bring corrected or further rows.

Its rows follow those of the files before it in the job's block of ids. They are claimable once it was confirmed.
"""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from console.lib.constraints import one_of
from console.lib.errors import NotAllowed
from sending.models.job import SendJob
from sending.models.recipient_list import RecipientList
from sending.states import FILE_MOVES, FileState, Source


class JobFileQuerySet(models.QuerySet["JobFile"]):
    def counted(self) -> Self:
        """Those whose rows stand in the ledger."""
        return self.filter(state__in=[FileState.CHECKED, FileState.CONFIRMED, FileState.LEFT_OUT], total__gt=0)

    def to_confirm(self) -> Self:
        return self.filter(state=FileState.CHECKED)


def upload_path(file: JobFile, filename: str) -> str:
    """Random name, so that nothing of what people call their files reaches the disk."""
    return f"{file.job.enterprise_id}/{uuid.uuid4().hex}"


class JobFile(models.Model):
    job = models.ForeignKey(SendJob, models.CASCADE, related_name="files")
    # The upload form's token: a form posted twice adds one file.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveSmallIntegerField()  # within the job, from 1
    source = models.CharField(max_length=6, choices=Source, default=Source.FILE)
    state = models.CharField(max_length=10, choices=FileState, default=FileState.READING)

    # Empty where a worker makes it from the ledger (`resend`) before it is read.
    file = models.FileField(upload_to=upload_path, max_length=120, blank=True)
    file_name = models.CharField(max_length=200)
    file_size = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of its bytes
    saved_list = models.ForeignKey(RecipientList, models.SET_NULL, null=True, related_name="+")
    # What to read and how, where a person chose: {"sheet", "header", "number", "values", "duplicates"}.
    wanted_columns = models.JSONField(default=dict, blank=True)
    # The first rows, the headers and the sheets of the file, for choosing columns; see intake.summary.Preview.
    preview = models.JSONField(default=dict, blank=True)
    # What the check found: {"columns", "repairs", "problems", "segments", …}; see intake.summary.Summary.
    summary = models.JSONField(default=dict, blank=True)
    # Why the file is unreadable: {"code": …, and what the sentence needs}; see intake.problems.
    fault = models.JSONField(default=dict, blank=True)

    first = models.PositiveIntegerField(default=0)  # position of its first row among the job's rows
    total = models.PositiveIntegerField(default=0)  # rows in the file
    rows_read = models.PositiveIntegerField(default=0)  # progress of the check
    rows_expected = models.PositiveIntegerField(default=0)
    # Who reads it now, and until when that counts; a reader that died is replaced by the sweeper.
    reader = models.UUIDField(null=True, editable=False)
    reader_until = models.DateTimeField(null=True, editable=False)
    read_attempts = models.PositiveSmallIntegerField(default=0)

    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(auto_now_add=True)  # for its check, again when it is read by other columns
    checked_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # confirmed it, or left it out
    settled_at = models.DateTimeField(null=True)
    withheld_at = models.DateTimeField(null=True)  # of one that was left out: none of its rows is queued any more

    objects = JobFileQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            one_of("state", FileState, "jobfile_state_known"),
            one_of("source", Source, "jobfile_source_known"),
            models.UniqueConstraint(fields=["job", "number"], name="jobfile_number_once"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(state=FileState.READING), name="jobfile_read_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=FileState.UNREADABLE) | ~Q(fault={}), name="jobfile_unreadable_with_fault"
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="jobfile_reading", condition=Q(state=FileState.READING)),
            models.Index(fields=["digest"], name="jobfile_by_digest", condition=~Q(digest="")),
            models.Index(
                fields=["settled_at"],
                name="jobfile_to_withhold",
                condition=Q(state=FileState.LEFT_OUT, withheld_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def first_id(self) -> int:
        """Id of its first row's message."""
        return (self.job.first_id or 0) + self.first

    @property
    def end_id(self) -> int:
        return self.first_id + self.total

    @property
    def sendable(self) -> int:
        """Rows that were found good or could be repaired."""
        return int(self.summary.get("good", 0) + self.summary.get("repaired", 0))

    def move(self, to: FileState, **fields: Any) -> None:
        """The only place a file's state changes; of several who try, one wins and the others get NotAllowed."""
        before = [old for old, after in FILE_MOVES.items() if to in after]
        if not JobFile.objects.filter(pk=self.pk, state__in=before).update(state=to, **fields):
            self.refresh_from_db()
            raise NotAllowed(
                _("The file %(file)s is “%(now)s” and cannot become “%(to)s”. Load the page again.")
                % {"file": self.file_name, "now": FileState(self.state).label, "to": to.label}
            )
        self.refresh_from_db()
