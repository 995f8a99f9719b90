"""An application: what templates and signatures belong to, and what a program signs in as (product reference, 2)."""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import User
from console.lib import crypto
from console.lib.constraints import one_of

NAME = re.compile(r"^[\w.@-]+$")


class Region(models.TextChoices):
    MAINLAND = "cn", _("Chinese mainland")
    INTERNATIONAL = "intl", _("International")


class ApplicationState(models.TextChoices):
    """As the field's API names them (product reference, 2.3)."""

    CREATED = "created", _("To be launched")
    PROCESSING = "processing", _("Resource to be allocated")
    LAUNCHED = "launched", _("Normal")
    SUSPENDED = "suspended", _("Suspended")


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user: User) -> ApplicationQuerySet:
        return self.filter(enterprise_id=user.enterprise_id)

    def usable(self) -> ApplicationQuerySet:
        return self.filter(state=ApplicationState.LAUNCHED)


class Application(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="applications")
    name = models.CharField(
        _("name"),
        max_length=64,
        validators=[RegexValidator(NAME, _("Use letters, digits and the signs _ . - @ only."))],
    )
    region = models.CharField(_("region"), max_length=4, choices=Region)
    state = models.CharField(max_length=10, choices=ApplicationState, default=ApplicationState.LAUNCHED)
    key = models.CharField(max_length=40, unique=True, editable=False)
    secret = models.BinaryField(editable=False)
    secret_made_at = models.DateTimeField(default=timezone.now, editable=False)
    # During a rotation the secret before stays valid until its end time.
    old_secret = models.BinaryField(null=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    last_used_from = models.GenericIPAddressField(null=True, editable=False)
    suspended_reason = models.CharField(max_length=200, blank=True, editable=False)
    # The platform's own suspension is ended by the platform only.
    suspended_by_platform = models.BooleanField(default=False, editable=False)
    report_address = models.URLField(_("address for status reports"), max_length=500, blank=True)
    uplink_address = models.URLField(_("address for replies"), max_length=500, blank=True)
    # Cannot be changed after creation (product reference, 2.2).
    uplink_time = models.BooleanField(_("replies carry their time"), default=False)
    # Networks its programs may call from, in CIDR form; empty: from anywhere.
    allowed_networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    # What callbacks to the enterprise are signed with; empty key: not signed.
    push_key = models.CharField(max_length=40, blank=True, editable=False)
    push_secret = models.BinaryField(null=True, editable=False)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("region", Region, "application_region_known"),
            one_of("state", ApplicationState, "application_state_known"),
            models.CheckConstraint(
                condition=Q(state=ApplicationState.SUSPENDED) | Q(suspended_by_platform=False),
                name="application_suspended_by_platform_is_suspended",
            ),
            models.CheckConstraint(
                condition=Q(old_secret__isnull=True) | Q(old_secret_until__isnull=False),
                name="application_old_secret_ends",
            ),
            models.UniqueConstraint(
                fields=["enterprise", "name"],
                name="application_name_once",
                violation_error_message=_("You already have an application with this name."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_mainland(self) -> bool:
        return self.region == Region.MAINLAND

    def issue_key(self, secret: str | None = None) -> str:
        """Give a new key and secret; returns the secret, which is shown once and kept encrypted."""
        secret = secret or secrets.token_urlsafe(24)
        self.key = self.key or secrets.token_hex(14)
        self.secret = crypto.encrypt(secret, secret=settings.ENCRYPTION_KEY, owner=f"application:{self.key}")
        return secret

    def reveal_secret(self) -> str:
        return crypto.decrypt(bytes(self.secret), secret=settings.ENCRYPTION_KEY, owner=f"application:{self.key}")
