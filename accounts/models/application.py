"""An application: what templates and signatures belong to, and what a program signs in as (product reference, 2)."""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
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
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("region", Region, "application_region_known"),
            one_of("state", ApplicationState, "application_state_known"),
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
