"""Invitations by e-mail: into an enterprise by its owners and admins, onto the platform's staff by administrators.

The link carries a secret of 256 bits, of which only the SHA-256 is kept; guessing one is hopeless. It works once, for
the address that was invited, for seven days. Sending it again makes a new link, and the one before is dead.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit, identity, outbox, people
from accounts.models import AuditEntry, Enterprise, Invitation, Role, User
from accounts.models.enterprise import EnterpriseState
from accounts.models.invitation import InvitationQuerySet
from accounts.models.person import STAFF_ROLES, plain
from accounts.permissions import may_grant
from console.lib.errors import NotAllowed

VALID_FOR = timedelta(days=7)
# Mails that may leave an enterprise in 24 hours: nobody is to write to the world in our name.
MAILS_A_DAY = 50


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def find(secret: str) -> Invitation | None:
    """The invitation that `secret` opens, whatever has become of it; None: no such secret was ever given out."""
    found = Invitation.objects.select_related("enterprise", "invited_by")
    return found.filter(secret_hash=digest(secret)).first()


def obstacle(invitation: Invitation) -> str:
    """Why not to accept it, or "": "used", "withdrawn", "expired", "closed" (the enterprise), "taken" (the address)."""
    if invitation.accepted_at:
        return "used"
    if invitation.withdrawn_at:
        return "withdrawn"
    if invitation.has_expired:
        return "expired"
    if invitation.enterprise and invitation.enterprise.state == EnterpriseState.CLOSED:
        return "closed"
    return "taken" if _has_account(invitation.email) else ""


@transaction.atomic
def invite(email: str, role: Role, *, by: User | None, name: str = "") -> tuple[Invitation, str]:
    """Mail an invitation; returns it and its link. `by=None` is the platform's own command, for staff only.

    Whether the address has an account elsewhere is not said here: only its holder learns that, by the link.
    """
    actor = people.lock(by)
    email = plain(email)
    _check_role(role, by=actor)
    enterprise_id = actor.enterprise_id if actor else None
    if enterprise_id is None and _has_account(email):
        raise NotAllowed(
            _("%(email)s has an account already. Staff belong to no enterprise; use another address.")
            % {"email": email}
        )
    if User.objects.filter(email=email, enterprise_id=enterprise_id).exists():
        raise NotAllowed(_("%(email)s belongs to your enterprise already.") % {"email": email})
    _clear_way(email, enterprise_id)
    _check_rate(enterprise_id)
    secret = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        enterprise_id=enterprise_id,
        email=email,
        name=name,
        role=role,
        invited_by=actor,
        secret_hash=digest(secret),
        expires_at=timezone.now() + VALID_FOR,
    )
    _note("sent", made, by=actor, role=role)
    return made, _send(made, secret)


@transaction.atomic
def resend(invitation: Invitation, *, by: User) -> str:
    """Mail it once more with a new link, valid for seven days again; returns the link. The one before is dead."""
    actor = people.lock(by)
    _check_role(Role(invitation.role), by=actor)
    _check_rate(invitation.enterprise_id)
    secret = secrets.token_urlsafe(32)
    if not _changeable(invitation, actor).update(
        secret_hash=digest(secret), expires_at=timezone.now() + VALID_FOR, invited_by=actor
    ):
        raise _too_late()
    invitation = Invitation.objects.select_related("enterprise", "invited_by").get(pk=invitation.pk)
    _note("resent", invitation, by=actor, role=invitation.role)
    return _send(invitation, secret)


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User | None) -> None:
    actor = people.lock(by)
    _check_role(Role(invitation.role), by=actor)
    if not _changeable(invitation, actor).update(withdrawn_at=timezone.now()):
        raise _too_late()
    _note("withdrawn", invitation, by=actor, role=invitation.role)


@transaction.atomic
def accept(secret: str, *, name: str, password: str) -> User:
    """Make the account of whoever was invited. Of several who try at once, one wins and the others get NotAllowed."""
    found = Invitation.objects.select_for_update(of=("self",)).select_related("enterprise")
    invitation = found.filter(secret_hash=digest(secret)).first()
    if invitation is None or obstacle(invitation):
        raise NotAllowed(_("This invitation cannot be used any more. Ask for a new one."))
    try:
        with transaction.atomic():
            person = _make(invitation, name, password)
    except IntegrityError as error:  # another invitation of the same address was accepted at the same moment
        raise NotAllowed(_("%(email)s has an account already.") % {"email": invitation.email}) from error
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now(), accepted_by=person)
    _note("accepted", invitation, by=person, role=invitation.role, name=person.name)
    return person


def _make(invitation: Invitation, name: str, password: str) -> User:
    identity.free_address(invitation.email)
    person = User(
        email=invitation.email,
        name=name,
        role=invitation.role,
        enterprise=invitation.enterprise,
        language=translation.get_language() or "",
    )
    person.set_password(password)
    person.save()
    # The link came by mail, so whoever has it reads the mails of this address.
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def _has_account(email: str) -> bool:
    """Not one that never confirmed its address: whoever holds the link of an invitation reads its mails."""
    holder = User.objects.with_email(email).first()
    return holder is not None and identity.is_confirmed(holder)


def _check_role(role: Role, *, by: User | None) -> None:
    if by is None:
        if role not in STAFF_ROLES:
            raise NotAllowed(_("The platform itself invites reviewers and administrators only."))
    elif not may_grant(by, role):
        raise NotAllowed(_("Your role may not make anybody “%(role)s”. Ask an owner.") % {"role": role.label})


def _check_rate(enterprise_id: int | None) -> None:
    if enterprise_id is None:
        return
    Enterprise.objects.get(pk=enterprise_id).check_active()
    verbs = ["invitation.sent", "invitation.resent"]
    since = timezone.now() - timedelta(days=1)
    if AuditEntry.objects.filter(enterprise_id=enterprise_id, verb__in=verbs, at__gt=since).count() >= MAILS_A_DAY:
        raise NotAllowed(
            _("%(n)s invitations have left your enterprise within a day, which is the most. Go on tomorrow.")
            % {"n": MAILS_A_DAY}
        )


def _clear_way(email: str, enterprise_id: int | None) -> None:
    """An expired invitation of the address makes room for a new one; an open one does not."""
    earlier = Invitation.objects.unanswered().filter(Q(enterprise_id=enterprise_id), email=email)
    if earlier.filter(expires_at__gt=timezone.now()).exists():
        raise NotAllowed(
            _("%(email)s is invited already. Send that invitation again, or withdraw it first.") % {"email": email}
        )
    earlier.update(withdrawn_at=timezone.now())


def _changeable(invitation: Invitation, actor: User | None) -> InvitationQuerySet:
    house = actor.enterprise_id if actor else None
    return Invitation.objects.unanswered().filter(Q(enterprise_id=house), pk=invitation.pk)


def _too_late() -> NotAllowed:
    return NotAllowed(_("This invitation has been accepted or withdrawn meanwhile. Load the page again."))


def _note(deed: str, invitation: Invitation, *, by: User | None, **detail: Any) -> None:
    audit.record(
        by=by,
        verb=f"invitation.{deed}",
        object_id=invitation.pk,
        enterprise_id=invitation.enterprise_id,
        label=invitation.email,
        **detail,
    )


def _send(invitation: Invitation, secret: str) -> str:
    link = settings.SITE_URL.rstrip("/") + reverse("invitation", args=[secret])
    facts = {
        "place": _line(str(invitation.enterprise)) if invitation.enterprise else _("the platform’s staff"),
        "who": _line(str(invitation.invited_by)) if invitation.invited_by else _("The platform"),
        "role": Role(invitation.role).label,
        "link": link,
    }
    text = (
        _("%(who)s invites you to %(place)s on the Group SMS Console, as: %(role)s.") % facts
        + "\n\n"
        + _("Open this link within 7 days and choose a password. It works once, and for this address only:")
        + f"\n\n{link}\n\n"
        + _("If you expected no invitation, do nothing; without the link there is no account.")
    )
    outbox.mail(invitation.email, subject=_("Invitation to %(place)s") % facts, text=text)
    return link


def _line(words: str) -> str:
    """`words` in one line: a name must not write a mail of its own."""
    return " ".join(words.split())
