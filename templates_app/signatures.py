"""What a person of the enterprise does to a signature."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import modes
from accounts.models import ReviewState, User
from console.lib.errors import NotAllowed
from templates_app.models import Signature


@transaction.atomic
def submit(signature: Signature, *, by: User) -> None:
    """Save a new signature and send it in for review."""
    modes.check_region(signature.application.enterprise, signature.application.region)
    if not signature.application.is_mainland:
        raise NotAllowed(_("Only mainland messages carry a signature. Choose a mainland application."))
    try:
        with transaction.atomic():
            signature.save()
    except IntegrityError as error:
        raise NotAllowed(_("You already have a signature with this name and type.")) from error
    signature.move(ReviewState.IN_REVIEW, by=by)


def withdraw(signature: Signature, *, by: User) -> None:
    signature.move(ReviewState.WITHDRAWN, by=by)
