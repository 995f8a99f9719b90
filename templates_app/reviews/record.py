"""What reviewers have decided about an enterprise before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Q, Value
from django.utils import timezone

from accounts.models import Enterprise, ReviewState
from accounts.models.review import ONCE_APPROVED
from templates_app.reviews.kinds import KINDS, Kind
from templates_app.reviews.queue import DECIDED, Entry

COUNTED = timedelta(days=365)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Line:
    kind: Kind
    approved: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Record:
    lines: list[Line]  # kinds with decisions in twelve months
    last: list[Entry]  # the newest first

    @property
    def approved(self) -> int:
        return sum(line.approved for line in self.lines)

    @property
    def rejected(self) -> int:
        return sum(line.rejected for line in self.lines)


def of(enterprise: Enterprise) -> Record:
    """Costs two queries, and one for each kind among the last decisions."""
    return Record(_lines(enterprise), _last(enterprise))


def _decided(kind: Kind, enterprise: Enterprise) -> Any:
    rows = kind.rows().select_related(None).filter(enterprise=enterprise, decided_at__isnull=False)
    return rows.filter(review_state__in=DECIDED, built_in=False)


def _name(kind: Kind) -> Value:
    return Value(kind.name, output_field=models.CharField())


def _lines(enterprise: Enterprise) -> list[Line]:
    since = timezone.now() - COUNTED
    first, *others = (
        _decided(kind, enterprise)
        .filter(decided_at__gte=since)
        .order_by()
        .values(kind_name=_name(kind))
        .annotate(
            approved=Count("pk", filter=Q(review_state__in=ONCE_APPROVED)),
            rejected=Count("pk", filter=Q(review_state=ReviewState.REJECTED)),
        )
        .values_list("kind_name", "approved", "rejected")
        for kind in KINDS.values()
    )
    rows = first.union(*others, all=True)
    return [Line(KINDS[name], approved, rejected) for name, approved, rejected in rows if approved or rejected]


def _last(enterprise: Enterprise) -> list[Entry]:
    first, *others = (
        _decided(kind, enterprise)
        .order_by("-decided_at", "-pk")
        .annotate(kind_name=_name(kind))
        .values_list("kind_name", "pk", "decided_at")[:SHOWN]
        for kind in KINDS.values()
    )
    found = list(first.union(*others, all=True).order_by("-decided_at", "-pk")[:SHOWN])
    items = {
        name: KINDS[name].rows().select_related("decided_by").in_bulk([row[1] for row in found if row[0] == name])
        for name in {row[0] for row in found}
    }
    return [Entry(name, items[name][pk]) for name, pk, _at in found if pk in items[name]]
