"""The tenant. Every row of a tenant carries its `enterprise_id`, first in its keys and indexes."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from console.lib.constraints import one_of
from console.lib.errors import NotAllowed

if TYPE_CHECKING:
    from accounts.models.person import User


class EnterpriseState(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    CLOSED = "closed", _("Closed")


ENTERPRISE_MOVES = {
    EnterpriseState.ACTIVE: {EnterpriseState.SUSPENDED, EnterpriseState.CLOSED},
    EnterpriseState.SUSPENDED: {EnterpriseState.ACTIVE, EnterpriseState.CLOSED},
    EnterpriseState.CLOSED: set(),
}


class OrganisationKind(models.TextChoices):
    """What somebody may join as (product reference, 1.1). The last four are offered so that the refusal says why."""

    COMPANY = "company", _("Company")
    GOVERNMENT = "government", _("Government body")
    INSTITUTION = "institution", _("Public institution")
    SOCIAL = "social", _("Social organisation or NGO")
    INDIVIDUAL = "individual", _("Individual business")
    PROPRIETORSHIP = "proprietorship", _("Sole proprietorship")
    PARTNERSHIP = "partnership", _("Partnership")
    UNINCORPORATED = "unincorporated", _("Other unincorporated body")


EXCLUDED_KINDS = frozenset(
    {
        OrganisationKind.INDIVIDUAL,
        OrganisationKind.PROPRIETORSHIP,
        OrganisationKind.PARTNERSHIP,
        OrganisationKind.UNINCORPORATED,
    }
)


class ServiceMode(models.IntegerChoices):
    """How the service is paid for and what it covers (product reference, 1.3 and 11.1)."""

    PAY_PER_USE = 1, _("Package, then pay per use")  # mainland and international
    PACKAGE_ONLY = 2, _("Stops when the package ends")  # international only


def check_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no such time zone. Choose one of the list, such as Asia/Shanghai."))


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    def customers(self) -> Self:
        """All but the platform's own, in whose name codes and notices are sent."""
        return self.filter(is_platform=False)


class Enterprise(models.Model):
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind of organisation"), max_length=15, choices=OrganisationKind, default="company")
    state = models.CharField(max_length=10, choices=EnterpriseState, default=EnterpriseState.ACTIVE)
    state_reason = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, default="Asia/Shanghai", validators=[check_zone])
    # The profile: where it is, and how it is reached.
    country = models.CharField(_("country or region"), max_length=2, default="CN")  # ISO 3166-1
    address = models.CharField(_("address"), max_length=200, blank=True)
    website = models.URLField(_("website"), max_length=200, blank=True)
    # The service mobile number, E.164; it counts once it has been verified (an OwnNumber).
    service_number = models.CharField(max_length=16, blank=True)
    service_mode = models.PositiveSmallIntegerField(
        _("service mode"), choices=ServiceMode, default=ServiceMode.PAY_PER_USE
    )
    # Null while nobody has said which one; until then it is the default.
    service_mode_chosen_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When its real name was verified, and what was: copied from the approved Verification. Null: on trial.
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    credit_code = models.CharField(max_length=18, blank=True, editable=False)
    mainland_applications_max = models.PositiveSmallIntegerField(default=2)
    international_applications_max = models.PositiveSmallIntegerField(default=2)
    second_factor_required = models.BooleanField(default=False)
    is_platform = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("state", EnterpriseState, "enterprise_state_known"),
            one_of("kind", OrganisationKind, "enterprise_kind_known"),
            models.CheckConstraint(condition=~Q(kind__in=EXCLUDED_KINDS), name="enterprise_kind_may_join"),
            models.CheckConstraint(
                condition=Q(service_mode__in=ServiceMode.values), name="enterprise_service_mode_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=EnterpriseState.SUSPENDED) | ~Q(state_reason=""),
                name="enterprise_suspended_with_reason",
            ),
            models.UniqueConstraint(
                fields=["is_platform"], condition=Q(is_platform=True), name="enterprise_one_platform"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    def check_active(self) -> None:
        """Raises NotAllowed where nothing new may begin: what costs the platform mails, texts or programs to serve."""
        if self.state != EnterpriseState.ACTIVE:
            raise NotAllowed(
                _("Your enterprise is “%(state)s”, so nothing new begins. Reason: %(reason)s Ask for a restart first.")
                % {"state": EnterpriseState(self.state).label, "reason": self.state_reason or "–"}
            )

    @transaction.atomic
    def move(self, to: EnterpriseState, *, by: User | None, reason: str = "") -> None:
        """The only place an enterprise's state changes; of several who try, one wins and the others get NotAllowed."""
        from accounts import audit

        before = [old for old, after in ENTERPRISE_MOVES.items() if to in after]
        if to == EnterpriseState.SUSPENDED and not reason.strip():
            raise NotAllowed(_("Say why, so that the enterprise knows what to put right."))
        rows = Enterprise.objects.filter(pk=self.pk, state__in=before)
        if not rows.update(state=to, state_reason=reason.strip()[:200]):
            raise NotAllowed(
                _("This can no longer become “%(state)s”; somebody has changed it meanwhile. Load the page again.")
                % {"state": to.label}
            )
        self.refresh_from_db()
        audit.record(
            by=by, verb=f"enterprise.{to}", object_id=self.pk, enterprise_id=self.pk, label=self.name, reason=reason
        )
