"""What people and the system did, in the order it happened. Append-only: the database refuses changes.

The database itself chains the entries of an enterprise at commit (migration 0004): `AuditLink` holds each one's place
and hash, `AuditSeal` what a chain had come to at a time, under a key the database does not have. Chain 0 is the
platform's.
"""

from django.db import models
from django.db.models.functions import Now

from accounts.models.enterprise import Enterprise
from accounts.models.person import User


class AuditEntry(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # null: the system itself
    origin = models.GenericIPAddressField(null=True)  # the client's address; null for commands and tasks
    verb = models.CharField(max_length=60)  # "job.confirmed": kind of thing, then what happened to it
    object_id = models.BigIntegerField()
    label = models.CharField(max_length=200, blank=True)  # what the object was called at that time
    detail = models.JSONField(default=dict)  # figures and names; never secrets, never full numbers
    before = models.JSONField(default=dict)  # the fields that changed, masked as `detail` is
    after = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["enterprise", "-id"], name="audit_by_enterprise"),
            models.Index(fields=["verb", "object_id", "id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_id}"


class AuditLink(models.Model):
    """An entry's place in its chain: SHA-256 over the hash before it and the entry. Written by the database only."""

    entry_id = models.BigIntegerField(primary_key=True)  # no foreign key: the link outlives a removed entry
    chain = models.BigIntegerField()  # the enterprise's id, 0 for the platform
    seq = models.BigIntegerField()  # 1, 2, 3 … without gaps
    hash = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_link_place_once")]

    def __str__(self) -> str:
        return f"{self.chain}/{self.seq}"


class AuditSeal(models.Model):
    """What a chain had come to at a time, with a mac: who recomputes a chain lacks the key to seal it again."""

    chain = models.BigIntegerField()
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    mac = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_seal_place_once")]

    def __str__(self) -> str:
        return f"{self.chain}/{self.seq}"
