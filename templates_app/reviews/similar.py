"""Texts like the one under review: the same ones of others, and near ones with what became of them.

Both are found by indexes that the text fills when it is saved, so that the number of templates does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import ReviewState
from accounts.models.review import ONCE_APPROVED, PENDING
from templates_app import likeness
from templates_app.models import TemplateVersion

TWINS_SHOWN = 5
SHOWN = 5
# So many are compared at most; where there are more, they are all the same text and any of them will do.
CANDIDATES = 200
LIKE = 0.4
# What is worth comparing with; drafts are nobody's business.
SENT_IN = sorted({*PENDING, *ONCE_APPROVED, ReviewState.REJECTED})


@dataclass(frozen=True, slots=True)
class Like:
    version: TemplateVersion
    percent: int
    own: bool  # of the same enterprise


def _others(version: TemplateVersion) -> Any:
    rows = TemplateVersion.objects.filter(review_state__in=SENT_IN, built_in=False)
    return rows.exclude(template_id=version.template_id).select_related("template", "enterprise")


def twins(version: TemplateVersion) -> list[TemplateVersion]:
    """The same words sent in by other enterprises, the newest first."""
    if not version.fingerprint:
        return []
    same = _others(version).filter(fingerprint=version.fingerprint).exclude(enterprise_id=version.enterprise_id)
    return list(same.order_by("-pk")[:TWINS_SHOWN])


def similar(version: TemplateVersion) -> list[Like]:
    """The likest of the same enterprise and of others, twins of others left out."""
    if not version.bands:
        return []
    near = _others(version).filter(bands__overlap=version.bands)
    own = near.filter(enterprise_id=version.enterprise_id)
    elsewhere = near.exclude(enterprise_id=version.enterprise_id).exclude(fingerprint=version.fingerprint)
    found: dict[int, Like] = {}
    for rows, is_own in ((own, True), (elsewhere, False)):
        for other in rows[:CANDIDATES]:
            like = likeness.share(version.text, other.text)
            kept = found.get(other.template_id)
            if like >= LIKE and (kept is None or kept.version.number < other.number):
                found[other.template_id] = Like(other, round(like * 100), is_own)
    return sorted(found.values(), key=lambda like: (-like.percent, -like.version.pk))[:SHOWN]
