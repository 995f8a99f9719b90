"""Who may not be texted: on the platform, by one enterprise, or under one signature for one type of message."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Enterprise, User
from console.lib.constraints import one_of
from sending.states import BlockSource
from templates_app.models import MessageType, Signature


class BlocklistEntryQuerySet(models.QuerySet["BlocklistEntry"]):
    def in_force(self) -> Self:
        return self.filter(Q(until__isnull=True) | Q(until__gt=Now()), removed_at__isnull=True)


class BlocklistEntry(models.Model):
    number = models.TextField()  # E.164 with plus
    # Scope: none of the three is the whole platform; signature and type go together.
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="+")
    signature = models.ForeignKey(Signature, models.PROTECT, null=True, blank=True, related_name="+")
    type = models.CharField(max_length=12, choices=MessageType, blank=True)
    source = models.CharField(max_length=10, choices=BlockSource)
    reason = models.CharField(max_length=200, blank=True)
    evidence = models.TextField(blank=True)  # such as the words of the reply
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True, blank=True)  # null: for good
    removed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    removed_at = models.DateTimeField(null=True)
    removal_reason = models.CharField(max_length=200, blank=True)

    objects = BlocklistEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("source", BlockSource, "blocklistentry_source_known"),
            models.CheckConstraint(
                condition=Q(signature__isnull=True, type="")
                | (Q(signature__isnull=False, enterprise__isnull=False) & ~Q(type="")),
                name="blocklistentry_signature_with_type",
            ),
            models.UniqueConstraint(
                fields=["number", "enterprise", "signature", "type"],
                condition=Q(removed_at__isnull=True),
                nulls_distinct=False,
                name="blocklistentry_in_force_once",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | ~Q(removal_reason=""),
                name="blocklistentry_removed_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.source}"
