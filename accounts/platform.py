"""The platform as its own customer: codes and notices leave in the name of this one enterprise."""

from django.utils import timezone

from accounts.models import Enterprise

NAME = "Group SMS Console"


def enterprise() -> Enterprise:
    """Made at first use. It has no people, stands in no list of customers, and is verified: we know who we are."""
    made, _new = Enterprise.objects.get_or_create(
        is_platform=True, defaults={"name": NAME, "verified_at": timezone.now()}
    )
    return made
