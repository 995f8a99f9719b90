"""Entries of the record as people read them, on the page and in exports; and who may read which."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit_words
from accounts.models import AuditEntry, Enterprise, User
from accounts.models.person import STAFF_ROLES

SYSTEM, STAFF = "system", "staff"  # words of the filter "person" that are no person's id
# What the platform's staff tells itself, such as why it decided on a day off; the history of a review hides it too.
STAFF_ONLY = frozenset({"exception"})


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    at: datetime
    who: str
    did: str
    verb: str
    kind: str
    object_id: int
    label: str
    enterprise: str  # whose it is, where one reads of several
    origin: str
    changes: list[Change]
    facts: list[tuple[str, str]]


def visible_to(user: User, enterprise: Enterprise | None) -> QuerySet[AuditEntry]:
    """An enterprise's people see its own entries. Administrators see those of `enterprise`; without one the platform's
    own and whatever its staff did anywhere.
    """
    found = AuditEntry.objects.select_related("by", "enterprise")
    if user.is_staff_member and enterprise is None:
        return found.filter(Q(enterprise=None) | Q(by__in=User.objects.filter(role__in=STAFF_ROLES).values("pk")))
    return found.filter(enterprise=enterprise if user.is_staff_member else user.enterprise)


def narrowed(found: QuerySet[AuditEntry], chosen: dict[str, Any], *, reader: User) -> QuerySet[AuditEntry]:
    """`chosen`: any of person, group, since, until (days, both included), q."""
    if person := chosen.get("person"):
        found = found.filter(
            Q(by=None) if person == SYSTEM else Q(by__role__in=STAFF_ROLES) if person == STAFF else Q(by_id=int(person))
        )
    if group := chosen.get("group"):
        of_group = Q()
        for kind in audit_words.GROUPS[group].kinds:
            of_group |= Q(verb__startswith=f"{kind}.")
        found = found.filter(of_group)
    if since := chosen.get("since"):
        found = found.filter(at__gte=timezone.make_aware(datetime.combine(since, time.min)))
    if until := chosen.get("until"):
        found = found.filter(at__lte=timezone.make_aware(datetime.combine(until, time.max)))
    return found.filter(_with_words(chosen["q"], reader)) if chosen.get("q") else found


def _with_words(words: str, reader: User) -> Q:
    """An object's number or name, or an address; not one that the reader does not see (`row`)."""
    fits = Q(label__icontains=words)
    if words.isascii() and words.isdecimal() and len(words) < 19:
        fits |= Q(object_id=int(words))
    try:
        of_address = Q(origin=str(ipaddress.ip_address(words)))
    except ValueError:
        return fits
    return fits | (of_address if reader.is_staff_member else of_address & ~Q(by__role__in=STAFF_ROLES))


def row(entry: AuditEntry, *, reader: User) -> Row:
    """People of an enterprise read neither the names of the platform's staff nor where they sat."""
    hidden = bool(entry.by and entry.by.is_staff_member and not reader.is_staff_member)
    who = _("the platform") if hidden else str(entry.by or _("the system"))
    names = list(dict.fromkeys([*entry.before, *entry.after]))
    return Row(
        id=entry.pk,
        at=entry.at,
        who=who,
        did=audit_words.sentence(entry.verb),
        verb=entry.verb,
        kind=audit_words.kind(entry.verb),
        object_id=entry.object_id,
        label=entry.label or str(entry.detail.get("name", "")),
        enterprise=str(entry.enterprise or "") if reader.is_staff_member else "",
        origin="" if hidden else entry.origin or "",
        changes=[
            Change(audit_words.field(entry.verb, name), _text(entry.before.get(name)), _text(entry.after.get(name)))
            for name in names
        ],
        facts=[
            (audit_words.field(entry.verb, name), _text(value))
            for name, value in entry.detail.items()
            if value not in ("", None) and (name not in STAFF_ONLY or reader.is_staff_member)
        ],
    )


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    return ", ".join(map(_text, value)) if isinstance(value, list) else str(value)
