"""A saved list of recipients: the good rows of a checked file, to send to again."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Enterprise, User
from sending.models.background import MadeFile, MakingState
from sending.models.job import SendJob


class RecipientListQuerySet(models.QuerySet["RecipientList"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id, removed_at__isnull=True)

    def ready(self) -> Self:
        return self.filter(state=MakingState.READY, removed_at__isnull=True)


class RecipientList(MadeFile):
    """`rows` is the count of its numbers; its file a csv in UTF-8 whose first line are the `columns`."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    # Headers: of the number first, then of the values in the order of the variables it was made with.
    columns = models.JSONField(default=list)
    job = models.ForeignKey(SendJob, models.PROTECT, related_name="saved_lists")  # whose rows it was made from
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects = RecipientListQuerySet.as_manager()

    class Meta(MadeFile.Meta):
        constraints = [
            *MadeFile.Meta.constraints,
            models.UniqueConstraint(
                fields=["enterprise", "name"], condition=Q(removed_at__isnull=True), name="recipientlist_name_once"
            ),
        ]
        indexes = [models.Index(fields=["enterprise", "-id"], name="recipientlist_by_enterprise")]

    def __str__(self) -> str:
        return self.name
