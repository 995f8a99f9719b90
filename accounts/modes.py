"""Service modes: what each covers, and changing between them.

Mode 2 leaves the mainland out, and that is refused wherever it begins: applications, signatures, templates, uploads,
and confirming, resuming and starting jobs. A change of mode itself is never refused, because nothing is lost by it:
mainland jobs that are sending stand still at once (the gateway takes no row of them) and go on when the mode is changed
back; one that falls due meanwhile is paused with the reason, and resumed by a person.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Enterprise, ServiceMode, User
from accounts.models.application import Region
from console.lib.errors import NotAllowed

# Regions in which a mode sends nothing; `sending.dispatch.waiting_jobs` says the same to the database.
EXCLUDED: dict[int, frozenset[Region]] = {
    ServiceMode.PAY_PER_USE: frozenset(),
    ServiceMode.PACKAGE_ONLY: frozenset({Region.MAINLAND}),
}


def covers(enterprise: Enterprise, region: str) -> bool:
    return region not in EXCLUDED[enterprise.service_mode]


def check_region(enterprise: Enterprise, region: str) -> None:
    """Raises NotAllowed where the enterprise's mode leaves `region` out."""
    if not covers(enterprise, region):
        raise NotAllowed(
            _(
                "%(enterprise)s uses service mode %(mode)s, which covers international messages only. "
                "An owner or admin can change the mode on the page “Your enterprise”."
            )
            % {"enterprise": enterprise, "mode": enterprise.service_mode}
        )


@transaction.atomic
def choose(enterprise: Enterprise, mode: ServiceMode, *, by: User) -> None:
    """Holds at once. Choosing the one that holds already only says that it was chosen."""
    now = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    if now.service_mode_chosen_at and now.service_mode == mode:
        return
    before = {"service_mode": now.service_mode if now.service_mode_chosen_at else None}
    now.service_mode, now.service_mode_chosen_at = mode, timezone.now()
    now.save(update_fields=["service_mode", "service_mode_chosen_at"])
    audit.record(
        by=by,
        verb="enterprise.mode_chosen",
        object_id=now.pk,
        enterprise_id=now.pk,
        label=str(now),
        before=before,
        after={"service_mode": int(mode)},
    )
