"""The ledger: one row per spreadsheet row. Written by plain SQL (intake, ledger), read through these models.

The tables are partitioned by month through the id: its upper bits are the month, the rest is the job's block and the
row's position in the file. So the primary key alone makes a row of a job unique, and every look-up finds its partition.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.models import Enterprise, User
from sending.states import MessageState

MONTH_SHIFT = 50  # id = month number << 50 | block << 22 | position
BLOCK_SHIFT = 22  # up to 4,194,304 rows in a job
FIRST_YEAR = 2020


def month_number(moment: datetime) -> int:
    """Months since January 2020, by UTC."""
    return (moment.year - FIRST_YEAR) * 12 + moment.month - 1


def month_floor(number: int) -> int:
    """Smallest message id of a month."""
    return number << MONTH_SHIFT


def reference_of(message_id: int) -> int:
    """The 16-bit reference a message goes out with (SMPP 3.4, 5.3.2.17); comes back in receipts where supported.

    Derived, so that nothing need be kept to know it again; the block is mixed in, because the same rows of two jobs are
    often the same people. `receipts` computes it in SQL too.
    """
    return ((message_id >> BLOCK_SHIFT) * 40503 + message_id) & 0xFFFF


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id)

    def of_job(self, job: models.Model) -> Self:
        """The rows of a job, by their block of ids; empty while the job was not read."""
        first = getattr(job, "first_id", None)
        if first is None:
            return self.none()
        return self.filter(id__gte=first, id__lt=first + (1 << BLOCK_SHIFT))


class Message(models.Model):
    id = models.BigIntegerField(primary_key=True)
    enterprise = models.ForeignKey(Enterprise, models.DO_NOTHING, related_name="+", db_constraint=False)
    job = models.ForeignKey("sending.SendJob", models.DO_NOTHING, related_name="+", db_constraint=False)
    row = models.IntegerField()  # as the spreadsheet counts it
    number = models.TextField()  # E.164 with plus; empty where the row was refused for its number
    raw = models.TextField()  # the number cell as it was, for rows repaired or refused; else empty
    values = ArrayField(models.TextField())  # in the order of the version's variables
    country = models.CharField(max_length=2)
    repairs = models.SmallIntegerField()  # sum of Repair bits
    segments = models.SmallIntegerField()
    state = models.SmallIntegerField(choices=MessageState)
    code = models.TextField()  # problem, reason to skip, or the carrier's code
    detail = models.TextField()  # what the code's sentence needs, e.g. the earlier row of a duplicate
    attempt = models.IntegerField()  # only grows
    refusals = models.SmallIntegerField()
    owner = models.UUIDField(null=True)  # the gateway that claimed it
    carrier = models.ForeignKey("sending.Carrier", models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    ext_id = models.TextField(null=True)  # noqa: DJ001  the carrier's id, normalised; null until accepted
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)  # when its intent was committed
    settled_at = models.DateTimeField(null=True)  # when it reached its present end

    objects = MessageQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "sending_message"

    def __str__(self) -> str:
        return str(self.id)


class MessagePart(models.Model):
    """One segment of a message that needed several; each has its own id and receipt at the carrier."""

    pk = models.CompositePrimaryKey("message_id", "part")
    message_id = models.BigIntegerField()
    part = models.SmallIntegerField()
    carrier_id = models.BigIntegerField()
    ext_id = models.TextField()
    state = models.SmallIntegerField(choices=MessageState)
    code = models.TextField()

    class Meta:
        managed = False
        db_table = "sending_messagepart"

    def __str__(self) -> str:
        return f"{self.message_id}/{self.part}"
