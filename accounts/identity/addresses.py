"""Whether somebody's e-mail address is theirs, and what becomes of an address that a sign-up never confirmed.

Who signs up has a row of allauth's `EmailAddress` until and after the link in the mail was followed. Who was invited by
mail or made by a command has none: their address is known to be theirs.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import audit
from accounts.models import User
from accounts.models.enterprise import EnterpriseState
from accounts.models.person import plain


def is_confirmed(user: User) -> bool:
    return not EmailAddress.objects.filter(user=user, email=user.email, verified=False).exists()


@transaction.atomic
def free_address(email: str) -> None:
    """Let `email` be used by somebody else, where a sign-up that was never confirmed holds it; else do nothing.

    Nobody has ever signed in to that account. It stays for the record, with its enterprise closed.
    """
    holder = User.objects.select_for_update().with_email(email).first()
    if holder is not None and not is_confirmed(holder):
        _close(holder)
    # Rows of people who have left since, or have another address now.
    EmailAddress.objects.filter(email=plain(email)).exclude(user__email=plain(email)).delete()


def _close(user: User) -> None:
    EmailAddress.objects.filter(user=user).delete()
    user.close()
    user.save(update_fields=["email", "former_email", "is_active", "removed_at"])
    if user.enterprise and not user.enterprise.people.filter(removed_at__isnull=True).exists():
        user.enterprise.move(EnterpriseState.CLOSED, by=None, reason="never confirmed")
    audit.record(by=None, verb="user.removed", object_id=user.pk, enterprise_id=user.enterprise_id, label=user.name)
