"""An application: what templates and signatures belong to, and what a program signs in as (product reference, 2)."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import User
from console.lib import crypto, networks
from console.lib.constraints import one_of
from console.lib.errors import NotAllowed

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


APPLICATION_MOVES = {
    ApplicationState.CREATED: {ApplicationState.PROCESSING, ApplicationState.LAUNCHED, ApplicationState.SUSPENDED},
    ApplicationState.PROCESSING: {ApplicationState.LAUNCHED, ApplicationState.SUSPENDED},
    ApplicationState.LAUNCHED: {ApplicationState.SUSPENDED},
    ApplicationState.SUSPENDED: {ApplicationState.LAUNCHED},
}


def _new_key() -> str:
    return secrets.token_hex(14)


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
    # A secret is shown to a person once; whoever has missed it makes a new one.
    secret_shown_at = models.DateTimeField(null=True, editable=False)
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
    push_secret_shown_at = models.DateTimeField(null=True, editable=False)
    # Null: the platform's own.
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
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
                condition=~Q(state=ApplicationState.SUSPENDED) | ~Q(suspended_reason=""),
                name="application_suspended_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(old_secret__isnull=True, old_secret_until__isnull=True)
                | Q(old_secret__isnull=False, old_secret_until__isnull=False),
                name="application_old_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(push_key="", push_secret__isnull=True) | (~Q(push_key="") & Q(push_secret__isnull=False)),
                name="application_push_pair",
            ),
            models.CheckConstraint(
                condition=Q(region=Region.MAINLAND) | Q(uplink_address="", uplink_time=False),
                name="application_uplink_mainland_only",
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

    @property
    def is_suspended(self) -> bool:
        return self.state == ApplicationState.SUSPENDED

    @property
    def shown_networks(self) -> list[str]:
        return [networks.shown(network) for network in self.allowed_networks]

    @property
    def old_secret_counts(self) -> bool:
        """Whether the secret before the last rotation is still valid."""
        return self.old_secret is not None and bool(self.old_secret_until and self.old_secret_until > timezone.now())

    def allows_caller(self, address: str) -> bool:
        return networks.allows(self.allowed_networks, address)

    def issue_key(self, secret: str | None = None) -> str:
        """Give a key, unless it has one, and a new secret, which is kept encrypted; returns the secret."""
        secret = secret or secrets.token_urlsafe(24)
        self.key = self.key or _new_key()
        self.secret = self._seal("application", secret)
        return secret

    def issue_push_pair(self) -> None:
        """A new key and secret to sign callbacks with."""
        self.push_key = _new_key()
        self.push_secret = self._seal("push", secrets.token_urlsafe(24))
        self.push_secret_shown_at = None

    def reveal_secret(self) -> str:
        return self._open("application", self.secret)

    def reveal_push_secret(self) -> str:
        """Empty when callbacks are not signed."""
        return self._open("push", self.push_secret) if self.push_secret is not None else ""

    def valid_secrets(self, now: datetime) -> list[str]:
        """What a program may prove itself by at `now`: the secret, and the one before while it still counts."""
        found = [self.reveal_secret()]
        if self.old_secret is not None and self.old_secret_until and self.old_secret_until > now:
            found.append(self._open("application", self.old_secret))
        return found

    def _seal(self, kind: str, secret: str) -> bytes:
        return crypto.encrypt(secret, secret=settings.ENCRYPTION_KEY, owner=self._owner(kind))

    def _open(self, kind: str, data: bytes | memoryview) -> str:
        return crypto.decrypt(bytes(data), secret=settings.ENCRYPTION_KEY, owner=self._owner(kind))

    def _owner(self, kind: str) -> str:
        """What a ciphertext is bound to: copied to another application or enterprise it cannot be read."""
        return f"{kind}:{self.enterprise_id}:{self.key}"

    @transaction.atomic
    def move(self, to: ApplicationState, *, by: User | None, reason: str = "", by_platform: bool = False) -> None:
        """The only place an application's state changes; of several who try, one wins and the others get NotAllowed.

        `by_platform`: the platform's own suspension, or the end of one. It may take over a suspension that the
        enterprise has made; the enterprise can never end the platform's.
        """
        from accounts import audit

        suspending = to == ApplicationState.SUSPENDED
        may_leave = Q(state__in=[old for old, after in APPLICATION_MOVES.items() if to in after])
        if suspending and by_platform:
            may_leave |= Q(state=to, suspended_by_platform=False)
        elif not suspending:
            may_leave &= ~Q(state=ApplicationState.SUSPENDED) | Q(suspended_by_platform=by_platform)
        fields = {
            "suspended_reason": reason[:200] if suspending else "",
            "suspended_by_platform": suspending and by_platform,
        }
        if not Application.objects.filter(may_leave, pk=self.pk).update(state=to, **fields):
            raise NotAllowed(
                _("This can no longer become “%(state)s”; somebody has changed it meanwhile. Load the page again.")
                % {"state": to.label}
            )
        self.refresh_from_db()
        audit.record(
            by=by,
            verb=f"application.{to}",
            object_id=self.pk,
            enterprise_id=self.enterprise_id,
            label=self.name,
            reason=reason,
            by_platform=by_platform,
        )
