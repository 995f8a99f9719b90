"""What the platform's administrators do to an enterprise: suspend and restore it, with a reason it is told."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Enterprise, NoticeKind, Request, RequestKind, ReviewState, User
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed


@transaction.atomic
def suspend(enterprise: Enterprise, *, by: User, reason: str) -> None:
    """From the commit on nothing of it is sent: gateways read the state before each claim. Its people may look on."""
    enterprise.move(EnterpriseState.SUSPENDED, by=by, reason=reason)
    notices.tell(
        enterprise, NoticeKind.ACCOUNT, "enterprise.suspended", path="/enterprise/", reason=enterprise.state_reason
    )


@transaction.atomic
def restore(enterprise: Enterprise, *, by: User, reason: str) -> None:
    """Running jobs go on where they stood."""
    if not reason.strip():
        raise NotAllowed(_("Say why; the reason stays on record."))
    enterprise.move(EnterpriseState.ACTIVE, by=by, reason=reason)
    notices.tell(enterprise, NoticeKind.ACCOUNT, "enterprise.restored", path="/enterprise/")
    # What it asked for is done. Left open, an approval would end a suspension yet to come.
    for request in Request.objects.filter(enterprise=enterprise, kind=RequestKind.RESTART).waiting():
        request.move(ReviewState.WITHDRAWN, by=by)
