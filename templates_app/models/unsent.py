"""What a form of a qualification has gathered before it is sent in: a proved number, checked papers."""

from __future__ import annotations

from django.db import models

from accounts.models import Document, Enterprise, User
from accounts.models.outbox import CodedNumber


class ManagerNumber(CodedNumber):
    """The number of somebody who is to be responsible; that they hold it is proved by a code. Kept for days."""

    CODE_PURPOSE = "manager-number-code"

    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="+")
    proved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enterprise", "number"], name="managernumber_once")]


class UnsentPaper(models.Model):
    """A document that came with a form in which something else was wrong: browsers would have it chosen again."""

    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    form = models.UUIDField()
    field = models.CharField(max_length=12)
    document = models.OneToOneField(Document, models.PROTECT, related_name="+")
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "form", "field"], name="unsentpaper_once")]

    def __str__(self) -> str:
        return self.field
