"""Every receipt and reply as it came: stored before it is acknowledged, applied afterwards."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class InboundKind(models.TextChoices):
    RECEIPT = "receipt", _("Receipt")
    REPLY = "reply", _("Reply")


class InboundEvent(models.Model):
    """Partitioned by month of receipt (`month`, its first day). Unique but for replies, which carry no id."""

    pk = models.CompositePrimaryKey("month", "id")
    id = models.BigIntegerField()
    month = models.DateField()
    carrier_id = models.BigIntegerField()
    kind = models.CharField(max_length=7, choices=InboundKind)
    ext_id = models.TextField()  # normalised; empty for replies
    state = models.SmallIntegerField(null=True)  # MessageState a final receipt stands for; null: not final, or a reply
    code = models.TextField()  # the carrier's word, e.g. DELIVRD
    number = models.TextField()  # the phone it is about
    reference = models.IntegerField(null=True)  # user_message_reference, where the carrier returns it
    digest = models.BinaryField()
    raw = models.BinaryField()
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    message_id = models.BigIntegerField(null=True)
    conflicting = models.BooleanField()  # a later final report that contradicts the first; kept, not applied

    class Meta:
        managed = False
        db_table = "sending_inboundevent"

    def __str__(self) -> str:
        return f"{self.kind} {self.ext_id} {self.code}"
