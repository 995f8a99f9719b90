"""What people of an enterprise may do about what they have sent in, whatever kind it is."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from accounts.models import Review, User, Verification
from accounts.permissions import may
from templates_app.models import SignatureActivation, TemplateVersion
from templates_app.reviews import KINDS

# Whoever may send a kind in answers questions about it and urges it. Keys as in reviews.KINDS.
ACTIONS = {
    "verification": "verification.submit",
    "qualification": "qualifications.edit",
    "signature": "signatures.edit",
    "activation": "signatures.edit",
    "template": "templates.edit",
    "request": "requests.edit",
}
# Of things that lie on another: they are out of sight with it.
_RESTS_ON = {"activation": "signature", "template": "template"}


def may_edit(user: User, kind: str) -> bool:
    """Whether `user` may answer and urge what is of this kind."""
    return may(user, ACTIONS[kind])


def visible(kind: str, user: User) -> Any:
    """The submissions of one kind that `user`, of an enterprise, has not deleted."""
    rows = KINDS[kind].rows().visible_to(user)
    return rows.filter(**{f"{_RESTS_ON[kind]}__removed_at__isnull": True}) if kind in _RESTS_ON else rows


def address(item: Review) -> str:
    """The enterprise's own page about it. Needs what KINDS[…].rows() fetches along."""
    if isinstance(item, TemplateVersion):
        return f"{item.get_absolute_url()}?version={item.number}"
    if isinstance(item, SignatureActivation):
        return item.signature.get_absolute_url()
    if isinstance(item, Verification):
        return reverse("verification-submission", args=[item.pk])
    return reverse(str(item._meta.model_name), args=[item.pk])
