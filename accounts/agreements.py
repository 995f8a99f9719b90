"""The enterprise's side of the service agreement: which version holds, who accepted it, and who must before sending."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Acceptance, Agreement, User
from console.lib.errors import NotAllowed


def current() -> Agreement | None:
    """The version that holds; None while none was published."""
    return Agreement.objects.current()


def standing(user: User) -> tuple[Agreement | None, bool]:
    """The version that holds, and whether this person has accepted it. One query, without the texts."""
    accepted = Acceptance.objects.filter(agreement=OuterRef("pk"), user=user)
    found = Agreement.objects.published().annotate(is_accepted=Exists(accepted)).order_by("-number")
    held = found.only("number", "published_at").first()
    return held, held is not None and held.is_accepted


def missing(user: User) -> Agreement | None:
    """The version that holds, where this person of an enterprise has not accepted it. No query for staff."""
    if user.enterprise_id is None:
        return None
    held, is_accepted = standing(user)
    return None if is_accepted else held


@transaction.atomic
def accept(user: User, *, number: int, origin: str | None) -> Acceptance:
    """This person accepts version `number`, the one they were shown; accepting it again changes nothing.

    Raises NotAllowed when another version holds by now.
    """
    assert user.enterprise_id is not None
    held = current()
    if held is None or held.number != number:
        raise NotAllowed(_("A newer version was published while you read. Read it below and accept that one."))
    acceptance, is_new = Acceptance.objects.get_or_create(
        agreement=held, user=user, defaults={"enterprise_id": user.enterprise_id, "origin": origin}
    )
    if is_new:
        audit.record(
            by=user,
            verb="agreement.accepted",
            object_id=held.pk,
            enterprise_id=user.enterprise_id,
            number=held.number,
        )
    return acceptance


def check(user: User) -> None:
    """Raises NotAllowed until this person has accepted the version that holds. Asked before they send anything."""
    held = missing(user)
    if held is None:
        return
    if Acceptance.objects.filter(user=user).exists():
        assert held.published_at is not None
        since = date_format(localtime(held.published_at), "Y-m-d H:i", use_l10n=False)
        raise NotAllowed(
            _("A new version of the service agreement holds since %(when)s; read and accept it before you send.")
            % {"when": since}
        )
    raise NotAllowed(_("You have not accepted the service agreement; read and accept it before you send."))
