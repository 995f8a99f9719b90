"""The reviewers' side: what waits, what a submission changes, what became of it, and the decision."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, ReviewState, User
from accounts.models.review import DECISIONS
from templates_app.models import Signature, TemplateVersion

KINDS: dict[str, type[Signature] | type[TemplateVersion]] = {"signature": Signature, "template": TemplateVersion}
SHOWN = 200


class Reason(models.TextChoices):
    """Why reviewers reject; the words go to the applicant."""

    TYPE = "type", gettext_lazy("Type does not fit the text")
    SIGNATURE = "signature", gettext_lazy("Text is not about the signature")
    UNCLEAR = "unclear", gettext_lazy("Meaning unclear, too many variables")
    LINK = "link", gettext_lazy("Link short, redirecting or variable")
    SUBJECT = "subject", gettext_lazy("Subject not allowed")
    OTHER = "other", gettext_lazy("Another reason")


Item = Any  # a Signature or a TemplateVersion, with `kind` set


def _items(state_in: list[ReviewState], order: str) -> list[Item]:
    found: list[Item] = []
    for kind, model in KINDS.items():
        related = ["enterprise", "template"] if kind == "template" else ["enterprise"]
        rows: Any = model.objects.filter(review_state__in=state_in).order_by(order)
        for row in rows.select_related(*related)[:SHOWN]:
            row.kind = kind
            found.append(row)
    return found


def waiting() -> list[Item]:
    """What waits for a decision, longest first."""
    return sorted(_items([ReviewState.IN_REVIEW], "submitted_at"), key=lambda item: item.submitted_at)[:SHOWN]


def decided() -> list[Item]:
    """What was decided last."""
    return sorted(_items(list(DECISIONS), "-decided_at"), key=lambda item: item.decided_at, reverse=True)[:SHOWN]


def decide(item: Item, *, by: User, approve: bool, reason: str = "") -> None:
    item.move(ReviewState.APPROVED if approve else ReviewState.REJECTED, by=by, reason=reason)


def reason_words(chosen: str, said: str) -> str:
    """What the applicant reads: the listed reason, then the reviewer's own words."""
    listed = str(Reason(chosen).label) if chosen and chosen != Reason.OTHER else ""
    said = said.strip()
    if said.startswith(listed):
        return said
    return f"{listed}: {said}" if said else listed


def compared_with(version: TemplateVersion) -> TemplateVersion | None:
    """The last approved version before this one, else the one before it."""
    earlier = version.template.versions.filter(number__lt=version.number).order_by("-number")
    return earlier.filter(review_state=ReviewState.APPROVED).first() or earlier.first()


_TOKENS = re.compile(r"\$\{\d{1,2}\}|[A-Za-z0-9]+|\s+|.", re.DOTALL)


def changes(old: str, new: str) -> list[tuple[str, str]]:
    """`new` against `old` in pieces: ("same" | "ins" | "del", words); words and variables are never cut."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    pieces: list[tuple[str, str]] = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(after[j1:j2])))
            continue
        if i2 > i1:
            pieces.append(("del", "".join(before[i1:i2])))
        if j2 > j1:
            pieces.append(("ins", "".join(after[j1:j2])))
    return pieces


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    shape: str
    words: str


def history(item: Item, *, for_staff: bool) -> list[Event]:
    """What happened to it, newest first. People of an enterprise do not read the names of reviewers."""
    kind = item._meta.model_name
    ids = [item.pk]
    numbers = {item.pk: ""}
    if isinstance(item, TemplateVersion):
        numbers = {pk: f"v{number} " for pk, number in item.template.versions.values_list("pk", "number")}
        ids = list(numbers)
    entries = AuditEntry.objects.filter(verb__in=[f"{kind}.{did}" for did in _SHAPES], object_id__in=ids)
    return [
        Event(entry.at, _SHAPES[did], numbers[entry.object_id] + _words(did, entry, for_staff=for_staff))
        for entry in entries.select_related("by").order_by("-id")
        for did in [entry.verb.partition(".")[2]]
    ]


_SHAPES = {
    ReviewState.IN_REVIEW.value: "info",
    ReviewState.APPROVED.value: "delivered",
    ReviewState.REJECTED.value: "rejected",
    ReviewState.WITHDRAWN.value: "skipped",
    ReviewState.DISABLED.value: "stopped",
}


def _words(did: str, entry: AuditEntry, *, for_staff: bool) -> str:
    by_staff = did in DECISIONS or did == ReviewState.DISABLED
    name = _("the platform") if by_staff and not for_staff else str(entry.by or _("the system"))
    words = {
        ReviewState.IN_REVIEW.value: _("Sent in by %(name)s"),
        ReviewState.APPROVED.value: _("Approved by %(name)s"),
        ReviewState.REJECTED.value: _("Rejected by %(name)s"),
        ReviewState.WITHDRAWN.value: _("Withdrawn by %(name)s"),
        ReviewState.DISABLED.value: _("Disabled by %(name)s"),
    }[did] % {"name": name}
    reason = entry.detail.get("reason", "")
    return f"{words}: {reason}" if reason else words
