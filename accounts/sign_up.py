"""An enterprise joins: its first person, the owner, signs up and accepts the service agreement."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import connection, transaction

from accounts import agreements, audit, origin
from accounts.identity import free_address, is_confirmed
from accounts.models import Enterprise, OrganisationKind, Role, User
from accounts.models.person import plain

LOCK = 7_350_102  # first half of the advisory lock; the second is the address


class AddressTaken(Exception):
    """The address belongs to somebody."""


def has_account(email: str) -> bool:
    """Whether `email` belongs to somebody; a sign-up that was never confirmed holds nothing."""
    holder = User.objects.with_email(email).first()
    return holder is not None and is_confirmed(holder)


@transaction.atomic
def join(
    *, name: str, email: str, password: str, language: str, enterprise: str, kind: OrganisationKind, agreement: int
) -> User:
    """The owner of a new enterprise, who cannot sign in before the address is confirmed.

    `agreement` is the number of the version that was read; NotAllowed when another holds by now. AddressTaken when
    somebody has the address. The same form sent twice makes one enterprise: its link is on its way already.
    """
    _one_at_a_time(email)
    holder = User.objects.with_email(email).select_related("enterprise").filter(name=name, removed_at=None).first()
    if holder and not is_confirmed(holder) and str(holder.enterprise) == enterprise and holder.check_password(password):
        return holder
    free_address(email)
    if User.objects.with_email(email).exists():
        raise AddressTaken
    made = Enterprise.objects.create(name=enterprise, kind=kind)
    owner = User.objects.create_user(email, password, name=name, language=language, role=Role.OWNER, enterprise=made)
    EmailAddress.objects.create(user=owner, email=owner.email, primary=True, verified=False)
    audit.record(
        by=owner,
        verb="enterprise.joined",
        object_id=made.pk,
        enterprise_id=made.pk,
        label=made.name,
        after={"name": made.name, "kind": kind},
    )
    agreements.accept(owner, number=agreement, origin=origin.current())
    return owner


def _one_at_a_time(email: str) -> None:
    """Whoever signs up with the same address at this moment waits for the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, plain(email)])
