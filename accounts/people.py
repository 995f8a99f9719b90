"""What people may do to people: roles, removal, ownership. Enterprises and the platform's staff go by the same rules.

An enterprise always has an owner who can sign in, the platform an administrator. To keep that true when two act at
once, every deed first takes the lock of its enterprise (or of the staff) and reads anew who acts and on whom.
"""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, identity
from accounts.models import Enterprise, Invitation, Role, User
from accounts.models.person import STAFF_ROLES, UserQuerySet
from accounts.permissions import GRANTS, may_grant
from console.lib.errors import NotAllowed

STAFF_LOCK = 7_350_101  # of pg_advisory_xact_lock: what the row of an enterprise is to its people


def lock(by: User | None) -> User | None:
    """Wait for whoever changes the same people, and read `by` anew. None is the platform's own command, for staff."""
    if by is None or by.enterprise_id is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STAFF_LOCK])
    else:
        # "No key": rows that only refer to the enterprise, such as messages, are not kept waiting.
        Enterprise.objects.select_for_update(no_key=True).get(pk=by.enterprise_id)
    if by is None:
        return None
    actor = User.objects.select_related("enterprise").filter(pk=by.pk, is_active=True).first()
    if actor is None:
        raise NotAllowed(_("Your account has been closed meanwhile."))
    return actor


@transaction.atomic
def change_role(person: User, role: Role, *, by: User | None) -> None:
    actor = lock(by)
    person = _again(person, actor)
    _check_touch(person, actor)
    if person.role == role:
        return
    if (role in STAFF_ROLES) != person.is_staff_member or (actor and not may_grant(actor, role)):
        raise NotAllowed(_("Your role may not make anybody “%(role)s”. Ask an owner.") % {"role": role.label})
    _keep_a_chief(person)
    _set_role(person, role, by=actor)


@transaction.atomic
def remove(person: User, *, by: User | None) -> None:
    """End the account at once: sessions, second factors, address. The row stays, because deeds of the past name it.

    Everybody may remove themselves, whatever their role.
    """
    actor = lock(by)
    person = _again(person, actor)
    if actor != person:
        _check_touch(person, actor)
    _keep_a_chief(person)
    before = {"role": person.role, "email": person.email}
    person.close()
    person.set_unusable_password()
    person.save()
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    identity.end_sessions(person)
    _withdraw_invitations_of(person, by=actor)
    _note("removed", person, by=actor, before=before, after={})


@transaction.atomic
def reset_second_factor(person: User, *, by: User | None, reason: str) -> None:
    """Take app, keys and recovery codes from somebody who has lost them, and end their sessions; a mail tells them.

    Colleagues by the rule of roles; administrators, and the platform's own command (`by` None), anybody of any
    enterprise and of the staff. Nobody their own: whoever has somebody's session must not get rid of the factor.
    """
    reason = reason.strip()
    if not reason:
        raise NotAllowed(_("Say why; the reason stays on record."))
    actor = lock(by)
    by_platform = actor is None or actor.role == Role.ADMINISTRATOR
    if by_platform and person.enterprise_id:
        person = _found(person, User.objects.all())
    else:
        person = _again(person, actor)
        _check_touch(person, actor)
    if actor == person:
        raise NotAllowed(_("Nobody resets their own second factor. Ask a colleague who may, or the platform."))
    if not identity.second_factor.factors(person).exists():
        raise NotAllowed(_("%(name)s has no second factor.") % {"name": person.name})
    Authenticator.objects.filter(user=person).delete()
    identity.end_sessions(person)
    audit.record(
        by=actor,
        verb="user.second_factor_reset",
        object_id=person.pk,
        enterprise_id=person.enterprise_id,
        label=person.name,
        reason=reason,
    )
    get_adapter().send_mail("mfa/email/second_factor_reset", person.email, {"user": person, "by_platform": by_platform})


@transaction.atomic
def transfer_ownership(to: User, *, by: User) -> None:
    """`to` becomes owner, and `by`, who was, becomes admin."""
    actor = lock(by)
    to = _again(to, actor)
    if actor is None or actor.role != Role.OWNER:
        raise NotAllowed(_("Only an owner can pass the ownership on."))
    if to == actor:
        raise NotAllowed(_("You are an owner already. Choose somebody else."))
    before = {"owner": actor.name, "role": to.role}
    _set_role(to, Role.OWNER, by=actor)
    _set_role(actor, Role.ADMIN, by=actor)
    audit.record(
        by=actor,
        verb="ownership.transferred",
        object_id=to.pk,
        enterprise_id=to.enterprise_id,
        label=to.name,
        before=before,
        after={"owner": to.name, "role": to.role},
    )


@transaction.atomic
def require_second_factor(*, required: bool, by: User) -> None:
    """Whether everybody of the enterprise has to have a second factor; whoever lacks one is asked at the next page."""
    actor = lock(by)
    assert actor and actor.enterprise
    enterprise = actor.enterprise
    if actor.role not in (Role.OWNER, Role.ADMIN):
        raise NotAllowed(_("Only owners and admins can decide this."))
    if enterprise.second_factor_required == required:
        return
    enterprise.second_factor_required = required
    enterprise.save(update_fields=["second_factor_required"])
    audit.record(
        by=actor,
        verb="enterprise.second_factor_required",
        object_id=enterprise.pk,
        enterprise_id=enterprise.pk,
        label=enterprise.name,
        before={"required": not required},
        after={"required": required},
    )


def _again(person: User, actor: User | None) -> User:
    """`person` as they are now, under the lock; somebody of the actor's own house."""
    house = actor.enterprise_id if actor else None
    return _found(person, User.objects.filter(enterprise_id=house))


def _found(person: User, among: UserQuerySet) -> User:
    # The platform does not hold the lock of an enterprise that it acts on: between the two this row decides.
    rows = among.select_for_update(no_key=True, of=("self",)).select_related("enterprise")
    found = rows.present().filter(pk=person.pk).first()
    if found is None:
        raise NotAllowed(_("%(name)s has been removed meanwhile.") % {"name": person.name})
    return found


def _check_touch(person: User, actor: User | None) -> None:
    if actor and not may_grant(actor, person.role):
        raise NotAllowed(
            _("Your role may not change people with the role “%(role)s”. Ask an owner.")
            % {"role": Role(person.role).label}
        )


def _keep_a_chief(leaving: User) -> None:
    """Refuses to take the last owner or administrator who can sign in."""
    chief = Role.ADMINISTRATOR if leaving.is_staff_member else Role.OWNER
    if leaving.role != chief:
        return
    others = User.objects.filter(enterprise_id=leaving.enterprise_id, role=chief, is_active=True).exclude(pk=leaving.pk)
    if others.exists():
        return
    if chief == Role.OWNER:
        raise NotAllowed(
            _("%(name)s is the only owner. Make somebody else owner first: without one, nobody could.")
            % {"name": leaving.name}
        )
    raise NotAllowed(
        _("%(name)s is the only administrator. Make somebody else administrator first: without one, nobody could.")
        % {"name": leaving.name}
    )


def _set_role(person: User, role: Role, *, by: User | None) -> None:
    before, person.role = person.role, role
    person.save(update_fields=["role"])
    _withdraw_invitations_of(person, by=by)
    _note("role_changed", person, by=by, before={"role": before}, after={"role": role})


def _withdraw_invitations_of(person: User, *, by: User | None) -> None:
    """Whoever may no longer give a role must not have it waiting in an invitation either."""
    mine = Invitation.objects.unanswered().filter(invited_by=person)
    kept = () if person.removed_at else GRANTS.get(Role(person.role), ())
    for invitation in mine.exclude(role__in=kept):
        if not mine.filter(pk=invitation.pk).update(withdrawn_at=timezone.now()):
            continue  # accepted at this very moment
        audit.record(
            by=by,
            verb="invitation.withdrawn",
            object_id=invitation.pk,
            enterprise_id=invitation.enterprise_id,
            label=invitation.email,
            role=invitation.role,
        )


def _note(deed: str, person: User, *, by: User | None, before: audit.Values, after: audit.Values) -> None:
    audit.record(
        by=by,
        verb=f"{'staff' if person.is_staff_member else 'user'}.{deed}",
        object_id=person.pk,
        enterprise_id=person.enterprise_id,
        label=person.name,
        before=before,
        after=after,
    )
