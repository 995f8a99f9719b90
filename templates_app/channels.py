"""Channel numbers: what an approved signature is sent from, given by administrators (product reference, 3.5)."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, notices
from accounts.models import NoticeKind, ReviewState, User
from console.lib.errors import NotAllowed
from templates_app.models import Signature
from templates_app.models.signature import Registration

# No longer than SMPP lets a sender be (3.4, 5.2.8: 20 octets besides the end).
NUMBER = re.compile(r"[0-9]{3,20}")
# What may follow what; a failed registration is tried again.
MOVES = {
    Registration.NONE: {Registration.REGISTERING, Registration.DONE},
    Registration.REGISTERING: {Registration.DONE, Registration.FAILED},
    Registration.FAILED: {Registration.REGISTERING, Registration.DONE},
    Registration.DONE: {Registration.REGISTERING, Registration.FAILED},
}


def listed(registration: Registration) -> QuerySet[Signature]:
    """Approved signatures of enterprises that have come so far with the carriers."""
    return Signature.objects.own().approved().filter(registration=registration, removed_at__isnull=True)


def suggestion() -> str:
    """The number after the highest of those as long as that of the newest signature; empty where there is none.

    Numbers that deleted signatures had stay theirs: replies still come in on them.
    """
    given = Signature.objects.exclude(channel_number="").alias(length=Length("channel_number"))
    last = given.order_by("-pk").first()
    if last is None:
        return ""
    length = len(last.channel_number)
    highest = given.filter(length=length).order_by("-channel_number").values_list("channel_number", flat=True)[0]
    following = str(int(highest) + 1).zfill(length)
    return following if len(following) == length else ""


@transaction.atomic
def assign(
    signature: Signature,
    number: str,
    *,
    by: User,
    to: Registration = Registration.DONE,
    words: str = "",
    seen: Registration | None = None,
) -> None:
    """Give the number, or keep the one it has, and say how far the registration with the carriers is.

    A number belongs to one signature of one type. `words`: why a registration failed; the enterprise reads them.
    `seen`: how far it was when the page was shown; of two who record at the same time one wins, the other is told.
    """
    words = words.strip()[:200]
    number = _number(signature, number, to)
    if to == Registration.FAILED and not words:
        raise NotAllowed(_("Say why the registration failed; the enterprise reads it."))
    before = [old for old, after in MOVES.items() if to in after and seen in (None, old)]
    rows = Signature.objects.own().filter(pk=signature.pk, review_state=ReviewState.APPROVED, registration__in=before)
    fields: dict[str, Any] = {"registration": to, "channel_number": number, "registration_words": words}
    if to == Registration.DONE:
        fields["awake_since"] = timezone.now()
    try:
        with transaction.atomic():
            done = rows.update(**fields)
    except IntegrityError as error:
        raise NotAllowed(
            _("The number %(number)s belongs to another signature. Choose a free one.") % {"number": number}
        ) from error
    if not done:
        raise NotAllowed(_refusal(signature))
    signature.refresh_from_db()
    audit.record(
        by=by, verb="signature.registration", object_id=signature.pk, enterprise_id=signature.enterprise_id,
        label=str(signature), after={"registration": to, "channel_number": signature.channel_number}, reason=words,
    )  # fmt: skip
    if to in (Registration.DONE, Registration.FAILED):
        notices.tell(
            signature.enterprise,
            NoticeKind.SIGNATURE,
            f"signature.registration_{to}",
            path=signature.get_absolute_url(),
            name=signature,
            reason=words,
        )


def _number(signature: Signature, typed: str, to: Registration) -> str:
    number = typed.strip() or signature.channel_number
    if to == Registration.FAILED:
        return signature.channel_number
    if not NUMBER.fullmatch(number):
        raise NotAllowed(_("A channel number has 3 to 20 digits."))
    return number


def _refusal(signature: Signature) -> str:
    now = Signature.objects.filter(pk=signature.pk).first()
    if now is None or now.review_state != ReviewState.APPROVED:
        return _("Only an approved signature gets a number. Load the page again to see where it stands.")
    return _("Somebody has recorded something else meanwhile: %(state)s, number %(number)s. Nothing was changed.") % {
        "state": now.get_registration_display(),
        "number": now.channel_number or "–",
    }
