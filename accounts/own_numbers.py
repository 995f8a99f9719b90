"""An enterprise's own mobile numbers: proved by a code, which goes out through the platform's own sending.

What is counted is counted in PostgreSQL under locks: the enterprise's row, then the number's, in this order everywhere.
The limits of a number hold across enterprises, so that nobody is flooded with codes by many who sign up.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit, outbox
from accounts.models import Enterprise, OwnNumber, OwnNumberCode, User
from accounts.models.outbox import CODE_VALID, CodedNumber
from console.lib import crypto
from console.lib.errors import NotAllowed

MOST = 10
VALID = CODE_VALID
ATTEMPTS = 5
PAUSE = timedelta(minutes=1)
PER_NUMBER, NUMBER_WINDOW = 5, timedelta(hours=1)
PER_NUMBER_DAILY, DAY = 10, timedelta(days=1)
PER_ENTERPRISE = 20  # a day
KEPT = timedelta(days=2)


@transaction.atomic
def add(enterprise: Enterprise, number: str, *, by: User) -> OwnNumber:
    """A number (E.164) of this enterprise, with a first code on its way. One that waits for its code is used again."""
    _lock(enterprise)
    known = OwnNumber.objects.filter(enterprise=enterprise, number=number).first()
    if known and known.verified_at:
        raise NotAllowed(_("This number is one of yours already."))
    if known is None and enterprise.own_numbers.count() >= MOST:
        raise NotAllowed(_("You have %(n)s numbers, and no more are kept. Remove one first.") % {"n": MOST})
    own = known or OwnNumber.objects.create(enterprise=enterprise, number=number)
    if known is None:
        _record("ownnumber.added", own, by)
    _send(own, by=by)
    return own


@transaction.atomic
def send_again(own: OwnNumber, *, by: User) -> None:
    """Another code; the one before is void."""
    _lock(own.enterprise)
    _send(_fresh(own), by=by)


def verify(own: OwnNumber, code: str, *, by: User) -> None:
    """The code that came by SMS proves the number; the first one proved becomes the service number.

    A wrong code is counted even though NotAllowed is raised. Verifying what is verified changes nothing.
    """
    with transaction.atomic():
        _lock(own.enterprise)
        fault = _try(_fresh(own), code, by=by)
    if fault:
        raise NotAllowed(fault)


@transaction.atomic
def use_for_service(own: OwnNumber, *, by: User) -> None:
    enterprise = _lock(own.enterprise)
    own = _fresh(own)
    if own.verified_at is None:
        raise NotAllowed(
            _("Enter this number’s code first; only a number proved to be yours can be the service number.")
        )
    _make_service_number(enterprise, own, by)


@transaction.atomic
def remove(own: OwnNumber, *, by: User) -> None:
    enterprise = _lock(own.enterprise)
    own = _fresh(own)
    if own.verified_at and own.number == enterprise.service_number:
        raise NotAllowed(_("This is your service number. Make another one the service number, then remove it."))
    _record("ownnumber.removed", own, by)
    own.delete()


def _lock(enterprise: Enterprise) -> Enterprise:
    return Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)


def _fresh(own: OwnNumber) -> OwnNumber:
    found = OwnNumber.objects.select_for_update().filter(pk=own.pk).first()
    if found is None:
        raise NotAllowed(_("This number was removed meanwhile. Add it again."))
    return found


def _send(own: OwnNumber, *, by: User) -> None:
    if own.verified_at:
        raise NotAllowed(_("This number is verified already."))
    send_code(
        own, _("%(code)s is your console code for %(minutes)s minutes. Give it to nobody."), enterprise=own.enterprise
    )
    _record("ownnumber.code_sent", own, by)


def send_code(own: CodedNumber, words: str, *, enterprise: Enterprise) -> None:
    """A new code to the number; the one before is void. Of a stored row, with the enterprise's row locked.

    Nothing that the enterprise has written may stand in `words` (with %(code)s): a stranger's phone is no place for it.
    And they are short: with a signature in front one segment, 70 characters to a mainland number.
    """
    enterprise.check_active()
    _check_limits(own)
    code = f"{secrets.randbelow(10**6):06}"
    now = timezone.now()
    own.code_hash, own.code_expires_at, own.code_attempts = _hash(own, code), now + VALID, 0
    own.save(update_fields=["code_hash", "code_expires_at", "code_attempts"])
    OwnNumberCode.objects.create(enterprise_id=own.enterprise_id, number=own.number, sent_at=now)
    OwnNumberCode.objects.filter(enterprise_id=own.enterprise_id, sent_at__lt=now - KEPT).delete()
    minutes = int(VALID.total_seconds() // 60)
    outbox.text(own.number, words % {"code": code, "minutes": minutes}, enterprise=enterprise, urgent=True)


def _check_limits(own: CodedNumber) -> None:
    with connection.cursor() as cursor:  # of this number, whichever enterprise asks
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"own-number:{own.number}"])
    now = timezone.now()
    to_number = OwnNumberCode.objects.filter(number=own.number)
    last = to_number.order_by("-sent_at").first()
    if last and last.sent_at > now - PAUSE:
        seconds = int((last.sent_at + PAUSE - now).total_seconds()) + 1
        raise NotAllowed(
            ngettext(
                "A code went to this number less than a minute ago. Ask for another one in %(n)s second.",
                "A code went to this number less than a minute ago. Ask for another one in %(n)s seconds.",
                seconds,
            )
            % {"n": seconds}
        )
    if to_number.filter(sent_at__gt=now - NUMBER_WINDOW).count() >= PER_NUMBER:
        raise NotAllowed(_("%(n)s codes went to this number within an hour. Try again in an hour.") % {"n": PER_NUMBER})
    if to_number.filter(sent_at__gt=now - DAY).count() >= PER_NUMBER_DAILY:
        raise NotAllowed(
            _("%(n)s codes went to this number within a day. Try again tomorrow.") % {"n": PER_NUMBER_DAILY}
        )
    of_enterprise = OwnNumberCode.objects.filter(enterprise_id=own.enterprise_id)
    if of_enterprise.filter(sent_at__gt=now - DAY).count() >= PER_ENTERPRISE:
        raise NotAllowed(
            _("Your enterprise has asked for %(n)s codes within a day. Try again tomorrow.") % {"n": PER_ENTERPRISE}
        )


def _try(own: OwnNumber, code: str, *, by: User) -> str:
    """Why the code does not prove the number; empty where it does."""
    if own.verified_at:
        return ""
    if fault := code_fault(own, code):
        return fault
    own.verified_at = timezone.now()
    own.save(update_fields=["verified_at"])
    _record("ownnumber.verified", own, by)
    enterprise = Enterprise.objects.get(pk=own.enterprise_id)
    if not enterprise.service_number:
        _make_service_number(enterprise, own, by)
    return ""


def code_fault(own: CodedNumber, code: str) -> str:
    """Why this is not the code that was sent, which is counted; empty where it is, and then the code is used up.

    With the enterprise's row locked, in a transaction that is not rolled back.
    """
    if not own.code_hash or own.code_expires_at is None:
        return _("There is no code for this number. Ask for a new one.")
    if own.code_expires_at <= timezone.now():
        return _("This code was valid for 10 minutes and has expired. Ask for a new one.")
    if own.code_attempts >= ATTEMPTS:
        return _("This code was entered wrong %(n)s times and is void. Ask for a new one.") % {"n": ATTEMPTS}
    if not hmac.compare_digest(own.code_hash, _hash(own, code)):
        own.code_attempts += 1
        own.save(update_fields=["code_attempts"])
        left = ATTEMPTS - own.code_attempts
        return (
            ngettext(
                "This is not the code that was sent last. %(n)s try is left.",
                "This is not the code that was sent last. %(n)s tries are left.",
                left,
            )
            % {"n": left}
            if left
            else _("This code was entered wrong %(n)s times and is void. Ask for a new one.") % {"n": ATTEMPTS}
        )
    own.code_hash, own.code_expires_at, own.code_attempts = "", None, 0
    own.save(update_fields=["code_hash", "code_expires_at", "code_attempts"])
    return ""


def _make_service_number(enterprise: Enterprise, own: OwnNumber, by: User) -> None:
    if enterprise.service_number == own.number:
        return
    before = enterprise.service_number
    enterprise.service_number = own.number
    enterprise.save(update_fields=["service_number"])
    audit.record(
        by=by,
        verb="enterprise.service_number_set",
        object_id=enterprise.pk,
        enterprise_id=enterprise.pk,
        label=str(enterprise),
        before={"service_number": before},
        after={"service_number": own.number},
    )


def _hash(own: CodedNumber, code: str) -> str:
    """Bound to the row and its number, so that no code proves another one."""
    data = f"{own.pk}:{own.number}:{code}".encode()
    return crypto.mac(data, secret=settings.ENCRYPTION_KEY, purpose=own.CODE_PURPOSE).hex()


def _record(verb: str, own: OwnNumber, by: User) -> None:
    audit.record(by=by, verb=verb, object_id=own.pk, enterprise_id=own.enterprise_id, label=str(own))
