"""The demo's people: two enterprises that must never see each other, and the platform's staff."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Application, Enterprise, Role, User
from accounts.models.application import Region
from console.lib.errors import NotAllowed

PASSWORD = "demo-console-2026"  # printed by `make run`; production refuses to load the demo
QINGHE, HEFENG = "清禾零售集团", "禾丰物流"
APPLICATION = "会员服务"
# (key in the answer, address, name, role, enterprise)
PEOPLE = [
    ("owner", "wang.lan@qinghe.example", "Wang Lan", Role.OWNER, QINGHE),
    ("operator", "zhou.min@qinghe.example", "Zhou Min", Role.OPERATOR, QINGHE),
    ("viewer", "chen.jie@qinghe.example", "Chen Jie", Role.VIEWER, QINGHE),
    ("reviewer", "lin.yue@console.example", "Lin Yue", Role.REVIEWER, ""),
    ("administrator", "he.qing@console.example", "He Qing", Role.ADMINISTRATOR, ""),
    ("other_owner", "sun.hao@hefeng.example", "Sun Hao", Role.OWNER, HEFENG),
]


@transaction.atomic
def people_and_application() -> dict[str, Any]:
    """Make what is missing and return all of it: "enterprise", "other", "application", and the people by key."""
    if settings.PRODUCTION:
        raise NotAllowed(_("The demo has a known password; it is never loaded with MODE=production."))
    enterprises = {name: Enterprise.objects.get_or_create(name=name)[0] for name in (QINGHE, HEFENG)}
    made: dict[str, Any] = {"enterprise": enterprises[QINGHE], "other": enterprises[HEFENG]}
    for key, email, name, role, enterprise in PEOPLE:
        found = User.objects.filter(email=email).first()
        made[key] = found or User.objects.create_user(
            email, PASSWORD, name=name, role=role, enterprise=enterprises.get(enterprise)
        )
    made["application"] = _application(made["enterprise"], by=made["owner"])
    return made


def _application(enterprise: Enterprise, *, by: User) -> Application:
    found = Application.objects.filter(enterprise=enterprise, name=APPLICATION).first()
    if found is None:
        found = Application(enterprise=enterprise, name=APPLICATION, region=Region.MAINLAND, created_by=by)
        # The same in every run of this clone, other in every other: derived from the clone's own secret.
        found.key = _derived("key")[:28]
        found.issue_key(_derived("secret")[:32])
        found.save()
    return found


def _derived(what: str) -> str:
    return hashlib.sha256(f"{settings.SECRET_KEY}:demo-application:{what}".encode()).hexdigest()


def sign_ins() -> list[dict[str, str]]:
    """Who can sign in to the demo, for the announcement after the start; `role` is the word in English."""
    return [
        {"role": str(role.value), "email": email, "name": name, "enterprise": enterprise}
        for _person, email, name, role, enterprise in PEOPLE
    ]
