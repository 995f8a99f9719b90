"""What administrators approved too much: taking the approval back, for good (product reference, 3.2, 3.5 and 4.6)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Review, ReviewState, User
from console.lib.errors import NotAllowed
from templates_app import signatures
from templates_app.models import MessageTemplate, Qualification, Signature, TemplateVersion

# By the names that the desk has for them.
KINDS: dict[str, type[Review]] = {
    "qualification": Qualification,
    "signature": Signature,
    "template": TemplateVersion,
}


def effect(item: Review) -> int:
    """How many templates could not be sent any more."""
    if isinstance(item, Signature):
        return signatures.resting(item)
    if isinstance(item, TemplateVersion):
        others = item.template.versions.approved().exclude(pk=item.pk)
        return 0 if others.exists() else MessageTemplate.objects.sendable().filter(pk=item.template_id).count()
    return 0


@transaction.atomic
def take_back(item: Review, *, by: User, reason: str, reason_zh: str = "") -> None:
    """Deactivate something approved; its enterprise is told why. What is sent with it is sent no more from this moment;
    signatures that were approved with a qualification stay.
    """
    if item.built_in:
        raise NotAllowed(_("The platform provides this itself; its approval is not taken back."))
    item.move(ReviewState.INACTIVE, by=by, reason=reason, reason_zh=reason_zh)
    if isinstance(item, Signature):
        signatures.end_activation(item, by=by)
