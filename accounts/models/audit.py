"""What people and the system did, in the order it happened. Append-only: the database refuses changes."""

from django.db import models
from django.db.models.functions import Now

from accounts.models.enterprise import Enterprise
from accounts.models.person import User


class AuditEntry(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: the system itself
    verb = models.CharField(max_length=60)  # "job.confirmed": kind of thing, then what happened to it
    object_id = models.BigIntegerField()
    detail = models.JSONField(default=dict)  # figures and names; never secrets, never full numbers

    class Meta:
        indexes = [
            models.Index(fields=["enterprise", "-id"], name="audit_by_enterprise"),
            models.Index(fields=["verb", "object_id", "id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_id}"
