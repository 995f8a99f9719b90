"""Who needs a second factor, who has one, and what security keys are bound to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User

STRONG = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def factors(user: User) -> QuerySet[Authenticator]:
    """The app and the keys; recovery codes only stand in for them."""
    return Authenticator.objects.filter(user=user, type__in=STRONG)


def marked(people: QuerySet[User]) -> QuerySet[User]:
    """`people`, each with `has_factor`."""
    held = Authenticator.objects.filter(user=OuterRef("pk"), type__in=STRONG)
    return people.annotate(has_factor=Exists(held))


def is_required(user: User) -> bool:
    by_role = user.role in settings.SECOND_FACTOR_REQUIRED_ROLES
    return by_role or bool(user.enterprise and user.enterprise.second_factor_required)


def key_host() -> str:
    """The name that security keys are bound to (the relying party's id): it cannot be a bare address."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return "localhost"
