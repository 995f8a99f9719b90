"""Signatures that nobody uses fall asleep: carriers free numbers that stand idle (product reference, 3.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import audit, notices
from accounts.models import NoticeKind
from templates_app.models import Signature
from templates_app.models.signature import Dormancy


def sleepers(before: datetime) -> QuerySet[Signature]:
    """Usable signatures of enterprises whose last use, or else the time from which they could be used, lies before."""
    # The greatest of what is known: PostgreSQL leaves out what is NULL.
    since = Greatest(F("last_used_at"), F("awake_since"), F("decided_at"))
    return Signature.objects.own().sendable().alias(idle_since=since).filter(idle_since__lt=before)


def let_sleep() -> int:
    """Put to sleep what has been idle for SIGNATURE_DORMANT_DAYS; how many. Repeating it is harmless."""
    days = settings.SIGNATURE_DORMANT_DAYS
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    found = sleepers(before).select_related("enterprise").order_by("pk")
    return sum(_put_to_sleep(signature, before, days=days) for signature in found)


@transaction.atomic
def _put_to_sleep(signature: Signature, before: datetime, *, days: int) -> bool:
    # Asked again: it may have been used in this very moment.
    if not sleepers(before).filter(pk=signature.pk).update(dormancy=Dormancy.DORMANT):
        return False
    audit.record(
        by=None,
        verb="signature.dormant",
        object_id=signature.pk,
        enterprise_id=signature.enterprise_id,
        label=str(signature),
        days=days,
    )
    notices.tell(
        signature.enterprise,
        NoticeKind.SIGNATURE,
        "signature.dormant",
        path=signature.get_absolute_url(),
        name=signature,
        days=days,
    )
    return True
