"""An invitation by e-mail into an enterprise, or onto the platform's staff."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import STAFF_ROLES, Role, User
from console.lib.constraints import one_of


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> Self:
        """Those into one's own enterprise; staff (who have none) see those of staff."""
        return self.filter(enterprise_id=user.enterprise_id)

    def unanswered(self) -> Self:
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)

    def open(self) -> Self:
        return self.unanswered().filter(expires_at__gt=timezone.now())


class Invitation(models.Model):
    """The link carries a secret of which only the hash is kept; it works once, for this address, until it expires."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=60, blank=True)  # proposed in the form; they may write another
    role = models.CharField(_("role"), max_length=15, choices=Role)
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, hexadecimal
    # Null: made by `manage.py staff add`.
    invited_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("role", Role, "invitation_role_known"),
            models.CheckConstraint(
                condition=Q(role__in=STAFF_ROLES, enterprise__isnull=True)
                | (~Q(role__in=STAFF_ROLES) & Q(enterprise__isnull=False)),
                name="invitation_staff_without_enterprise",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(accepted_by__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_somebody",
            ),
            models.UniqueConstraint(
                Lower("email"),
                "enterprise",
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                nulls_distinct=False,
                name="invitation_one_open_per_address",
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()
