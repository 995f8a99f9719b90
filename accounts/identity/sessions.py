"""Ending sessions: somebody's own, those of somebody who left, all others after a password or factor changed."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User


@transaction.atomic
def end_sessions(user: User, *, keep: str | None = None) -> int:
    """Sign `user` out everywhere at once, except in the session with the key `keep`; how many sessions ended."""
    ended = UserSession.objects.filter(user=user).exclude(session_key=keep or "")
    keys = list(ended.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    ended.delete()
    return len(keys)


def forget_expired() -> None:
    """Delete what is left of sessions that have ended by themselves."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    living = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(living)).delete()
