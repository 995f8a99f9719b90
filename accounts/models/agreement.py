"""The service agreement: versioned texts, and who accepted which of them when."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import User


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def current(self) -> Agreement | None:
        """The one that holds: the last published."""
        return self.published().order_by("-number").first()


class Agreement(models.Model):
    """One version. A draft may be changed; what was published never is (a trigger holds that)."""

    number = models.PositiveIntegerField(unique=True)
    text_en = models.TextField(_("text in English"), max_length=100_000)
    text_zh = models.TextField(_("text in Chinese"), max_length=100_000)
    # What is new in it, for those who accepted the one before.
    changes_en = models.CharField(_("what is new, in English"), max_length=1000, blank=True)
    changes_zh = models.CharField(_("what is new, in Chinese"), max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, editable=False, related_name="+")

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["published_at"],
                condition=Q(published_at__isnull=True),
                nulls_distinct=False,
                name="agreement_one_draft",
            ),
        ]

    def __str__(self) -> str:
        return str(self.number)

    @property
    def text(self) -> str:
        return self.text_zh if (translation.get_language() or "").startswith("zh") else self.text_en

    @property
    def changes(self) -> str:
        return self.changes_zh if (translation.get_language() or "").startswith("zh") else self.changes_en


class Acceptance(models.Model):
    """Somebody accepted a version, for the enterprise they belong to. Never changed."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="acceptances")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="acceptances")
    user = models.ForeignKey(User, models.PROTECT, related_name="acceptances")
    at = models.DateTimeField(auto_now_add=True)
    origin = models.GenericIPAddressField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "user"], name="acceptance_once_per_person"),
        ]
        indexes = [models.Index(fields=["enterprise", "-at"], name="acceptance_by_enterprise")]

    def __str__(self) -> str:
        return f"{self.user} {self.agreement}"
