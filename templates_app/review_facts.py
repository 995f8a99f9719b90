"""What a reviewer must know about an enterprise's submission besides its own words: what it would change, what speaks
against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from stdnum.cn import uscc

from accounts.models import Enterprise, Request, ReviewState, Verification
from accounts.requests import KINDS
from console.lib import countries

TWINS_SHOWN = 10
# Fields of a verification that a new submission may change; the licence is compared by its contents.
COMPARED = ("name", "credit_code", "country", "address", "legal_person")


@dataclass(frozen=True, slots=True)
class Change:
    label: str
    before: str
    now: str


def code_holds(item: Verification) -> bool | None:
    """Whether the check character of the credit code is right (GB 32100); None where there is no such code."""
    return uscc.is_valid(item.credit_code) if item.country == "CN" else None


def approved_before(item: Verification) -> Verification | None:
    """The verification that holds, or held when this one was submitted."""
    earlier = Verification.objects.filter(enterprise_id=item.enterprise_id, pk__lt=item.pk)
    return earlier.approved().select_related("licence").order_by("-pk").first()


def changes(before: Verification, now: Verification) -> list[Change]:
    found = [
        Change(_label(name), _words(before, name), _words(now, name))
        for name in COMPARED
        if getattr(before, name) != getattr(now, name)
    ]
    if before.licence.sha256 != now.licence.sha256:
        found.append(Change(_label("licence"), before.licence.name, now.licence.name))
    return found


def _label(name: str) -> str:
    return str(Verification._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _words(item: Verification, name: str) -> str:
    value = str(getattr(item, name))
    return countries.name(value) if name == "country" else value


def twins(item: Verification) -> list[tuple[Enterprise, bool]]:
    """Other enterprises under the same credit code (True) or the same name (False), verified or asking to be."""
    claims = Verification.objects.filter(review_state__in=[ReviewState.IN_REVIEW, ReviewState.APPROVED])
    code = Q(credit_code__iexact=item.credit_code)
    others = claims.filter(code | Q(name__iexact=item.name)).exclude(enterprise_id=item.enterprise_id)
    same_code = set(others.filter(code).values_list("enterprise_id", flat=True))
    by_name = Q(name__iexact=item.name, is_platform=False)
    found = Enterprise.objects.exclude(pk=item.enterprise_id).filter(
        Q(pk__in=others.values("enterprise_id")) | code | by_name
    )
    rows = [
        (enterprise, enterprise.pk in same_code or enterprise.credit_code.upper() == item.credit_code.upper())
        for enterprise in found.order_by("pk")[:TWINS_SHOWN]
    ]
    return sorted(rows, key=lambda row: not row[1])


def of_verification(item: Verification) -> dict[str, Any]:
    before = approved_before(item)
    return {
        "country": countries.name(item.country),
        "code_holds": code_holds(item),
        "before": before,
        "changes": changes(before, item) if before else [],
        "twins": twins(item),
    }


def of_request(item: Request) -> dict[str, Any]:
    return {"present": KINDS[item.kind].present(item.enterprise)}
