"""What a person may do to an application."""

from django.db import transaction

from accounts import audit
from accounts.models import Application, User


@transaction.atomic
def create(application: Application, *, by: User) -> str:
    """Save a new application; returns its secret, which is shown to the person once."""
    secret = application.issue_key()
    application.save()
    audit.record(
        by=by,
        verb="application.created",
        object_id=application.pk,
        enterprise_id=application.enterprise_id,
        name=application.name,
    )
    return secret
