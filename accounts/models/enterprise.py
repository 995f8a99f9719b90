"""The tenant. Every row of a tenant carries its `enterprise_id`, first in its keys and indexes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from console.lib.constraints import one_of


class EnterpriseState(models.TextChoices):
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    CLOSED = "closed", _("Closed")


class Enterprise(models.Model):
    name = models.CharField(_("name"), max_length=100, unique=True)
    state = models.CharField(max_length=10, choices=EnterpriseState, default=EnterpriseState.ACTIVE)
    state_reason = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=50, default="Asia/Shanghai")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            one_of("state", EnterpriseState, "enterprise_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state=EnterpriseState.SUSPENDED) | ~models.Q(state_reason=""),
                name="enterprise_suspended_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name
