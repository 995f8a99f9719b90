"""Mobile numbers of responsible persons: proved by a code, under the same limits as an enterprise's own numbers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, own_numbers
from accounts.models import Enterprise, OwnNumber, User
from templates_app.models import ManagerNumber

HOLDS = timedelta(hours=24)  # a proof, for further forms of the same enterprise
KEPT = timedelta(days=2)


def proved_at(enterprise: Enterprise, number: str) -> datetime | None:
    """Since when the number (E.164) counts as proved for this enterprise; one of its own numbers always does."""
    own = OwnNumber.objects.verified().filter(enterprise=enterprise, number=number).first()
    if own:
        return own.verified_at
    since = timezone.now() - HOLDS
    proved = ManagerNumber.objects.filter(enterprise=enterprise, number=number, proved_at__gt=since).first()
    return proved.proved_at if proved else None


def awaited(enterprise: Enterprise, number: str) -> ManagerNumber | None:
    """The number while a code for it is on its way."""
    rows = ManagerNumber.objects.filter(enterprise=enterprise, number=number, code_expires_at__gt=timezone.now())
    return rows.exclude(code_hash="").first()


@transaction.atomic
def send_code(enterprise: Enterprise, number: str, *, by: User) -> None:
    """A code to the number; the one before is void. Raises NotAllowed over the limits of own numbers."""
    held = _lock(enterprise)
    if proved_at(held, number):
        return  # in another tab, or by a button pressed twice
    ManagerNumber.objects.filter(enterprise=held, created_at__lt=timezone.now() - KEPT).delete()
    waiting, _made = ManagerNumber.objects.select_for_update().get_or_create(enterprise=held, number=number)
    words = _("%(code)s names you the responsible person. Share it if you agree.")
    own_numbers.send_code(waiting, words, enterprise=held)
    _record("managernumber.code_sent", waiting, by)


def prove(enterprise: Enterprise, number: str, code: str, *, by: User) -> str:
    """Why the code does not prove the number, which is counted; empty where it does, or was proved before."""
    with transaction.atomic():
        held = _lock(enterprise)
        if proved_at(held, number):
            return ""
        waiting = ManagerNumber.objects.select_for_update().filter(enterprise=held, number=number).first()
        if waiting is None:
            return _("There is no code for this number. Ask for a new one.")
        fault = own_numbers.code_fault(waiting, code)
        if not fault:
            waiting.proved_at = timezone.now()
            waiting.save(update_fields=["proved_at"])
            _record("managernumber.proved", waiting, by)
        return fault


def _lock(enterprise: Enterprise) -> Enterprise:
    return Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)


def _record(verb: str, number: ManagerNumber, by: User) -> None:
    audit.record(by=by, verb=verb, object_id=number.pk, enterprise_id=number.enterprise_id, label=str(number))
