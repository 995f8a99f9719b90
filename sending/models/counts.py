"""Counts: written as deltas in the transaction of the change they count, folded by a task, read by pages.

A message is counted in exactly one cell at any time: (job, hour, carrier, country, state, code), where the hour is that
of its hand-over, or of its skipping, or of its check. So counts can always be recomputed from the ledger.
"""

from django.db import models
from django.db.models.functions import Now

from accounts.models import Application, Enterprise
from sending.states import MessageState
from templates_app.models import MessageTemplate, MessageType, Signature


class CountDelta(models.Model):
    """Insert-only; deleted by the fold that adds it to the tables below."""

    at = models.DateTimeField(db_default=Now())
    job = models.ForeignKey("sending.SendJob", models.CASCADE, related_name="+", db_constraint=False)
    hour = models.DateTimeField()
    carrier_id = models.BigIntegerField(db_default=0)  # 0: none yet
    country = models.CharField(max_length=2)
    state = models.SmallIntegerField(choices=MessageState)
    code = models.TextField(db_default="")
    n = models.IntegerField()
    segments = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.state} {self.n:+}"


class JobCount(models.Model):
    """What became of a job's rows so far, as folded."""

    job = models.ForeignKey("sending.SendJob", models.CASCADE, related_name="counts")
    state = models.SmallIntegerField(choices=MessageState)
    code = models.TextField(default="")
    n = models.IntegerField()
    segments = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "state", "code"], name="jobcount_cell_once")]

    def __str__(self) -> str:
        return f"{self.state} {self.n}"


class JobPace(models.Model):
    """Messages of a job handed over in a few seconds, for its rate and end; forgotten after a day."""

    job = models.ForeignKey("sending.SendJob", models.CASCADE, related_name="+")
    at = models.DateTimeField()  # beginning of the bucket
    n = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "at"], name="jobpace_bucket_once")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.n}"


class DeliveryCount(models.Model):
    """Hourly figures, without numbers: they outlive the messages."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    hour = models.DateTimeField()
    application = models.ForeignKey(Application, models.PROTECT, related_name="+")
    signature = models.ForeignKey(Signature, models.PROTECT, null=True, related_name="+")
    template = models.ForeignKey(MessageTemplate, models.PROTECT, related_name="+")
    type = models.CharField(max_length=12, choices=MessageType)
    country = models.CharField(max_length=2)
    carrier_id = models.BigIntegerField(default=0)
    state = models.SmallIntegerField(choices=MessageState)
    code = models.TextField(default="")
    n = models.IntegerField()
    segments = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "enterprise",
                    "hour",
                    "application",
                    "signature",
                    "template",
                    "type",
                    "country",
                    "carrier_id",
                    "state",
                    "code",
                ],
                name="deliverycount_cell_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.state} {self.n}"
