"""What a reviewer must know about a qualification besides its own words: what holds, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from stdnum.cn import ric, uscc

from accounts.models import ReviewState
from accounts.models.review import LIVE
from templates_app.models import Qualification, Signature
from templates_app.models.qualification import ManagerKind, Purpose
from templates_app.qualifications import same_name

SHOWN = 20
CARD = 18  # characters of a mainland ID card's number
COMPARED = (
    "name", "purpose", "company", "credit_code", "certificate_kind", "manager_kind", "manager_name", "manager_number",
    "manager_email", "remark",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    label: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Twin:
    """Another qualification, elsewhere or of this enterprise for another company, with facts of this one."""

    item: Qualification
    same: list[str]  # which facts
    is_agent_of_another: bool  # against the carriers' rule of one agent for one company


def of_qualification(item: Qualification) -> dict[str, Any]:
    number = item.id_number
    before = item.replaces
    return {
        "id_number": number,
        "id_number_fits": ric.calc_check_digit(number) == number[-1] if _is_card(number) else None,
        "code_holds": uscc.is_valid(item.credit_code),
        "name_fits": same_name(item.company, item.enterprise.name) if item.purpose == Purpose.OWN else None,
        "papers": item.documents,
        "before": before,
        "changes": changes(before, item) if before else [],
        "signatures": _signatures(item),
        "twins": twins(item),
    }


def _is_card(number: str) -> bool:
    return len(number) == CARD and number[:-1].isdigit() and number[:-1].isascii()


def _signatures(item: Qualification) -> list[Signature]:
    """Those that wait for it or rest on it."""
    return list(item.signatures.filter(review_state__in=LIVE).order_by("-pk")[:SHOWN])


def changes(before: Qualification, now: Qualification) -> list[Change]:
    """Against the submission that it was sent in instead of; documents are compared by their contents."""
    found = [
        Change(_label(name), _words(before, name), _words(now, name))
        for name in COMPARED
        if getattr(before, name) != getattr(now, name)
    ]
    if before.manager_mac != now.manager_mac:
        found.append(Change(_("ID number"), before.id_number, now.id_number))
    for name in Qualification.DOCUMENTS:
        old, new = getattr(before, name), getattr(now, name)
        if (old and old.sha256) != (new and new.sha256):
            found.append(Change(_label(name), old.name if old else "", new.name if new else ""))
    return found


def _label(name: str) -> str:
    return str(Qualification._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _words(item: Qualification, name: str) -> str:
    shown = getattr(item, f"get_{name}_display", None)
    return str(shown() if shown else getattr(item, name))


def twins(item: Qualification) -> list[Twin]:
    """In review or approved: of other enterprises with the same company or person, of this one with the same person."""
    person = Q(manager_mac=item.manager_mac) | Q(manager_number=item.manager_number)
    elsewhere = Q(credit_code=item.credit_code) | person | Q(manager_name=item.manager_name)
    here = person & ~Q(credit_code=item.credit_code)
    rows = (
        Qualification.objects.filter(
            review_state__in=[ReviewState.IN_REVIEW, ReviewState.RETURNED, ReviewState.APPROVED],
            removed_at__isnull=True,
        )
        .filter(~Q(enterprise_id=item.enterprise_id) & elsewhere | Q(enterprise_id=item.enterprise_id) & here)
        .exclude(pk=item.pk)
        .select_related("enterprise")
        .order_by("-pk")
    )
    return sorted((_twin(item, other) for other in rows[:SHOWN]), key=lambda twin: not twin.is_agent_of_another)


def _twin(item: Qualification, other: Qualification) -> Twin:
    facts = {
        "credit_code": _("same credit code"),
        "manager_mac": _("same ID number"),
        "manager_number": _("same mobile number"),
        "manager_name": _("same name of the person"),
    }
    same = [words for name, words in facts.items() if getattr(item, name) == getattr(other, name)]
    agents = ManagerKind.AGENT in (item.manager_kind, other.manager_kind)
    same_person = item.manager_mac == other.manager_mac
    return Twin(other, same, agents and same_person and item.credit_code != other.credit_code)
