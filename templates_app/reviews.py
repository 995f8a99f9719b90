"""The reviewers' side: what waits, what a submission changes, what became of it, and the decision."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, Request, Review, ReviewState, User, Verification
from accounts.models.review import DECISIONS
from templates_app.models import Signature, TemplateVersion

SHOWN = 200


class Reason(models.TextChoices):
    """Why reviewers reject a signature or a template; the words go to the applicant."""

    TYPE = "type", gettext_lazy("Type does not fit the text")
    SIGNATURE = "signature", gettext_lazy("Text is not about the signature")
    UNCLEAR = "unclear", gettext_lazy("Meaning unclear, too many variables")
    LINK = "link", gettext_lazy("Link short, redirecting or variable")
    SUBJECT = "subject", gettext_lazy("Subject not allowed")
    OTHER = "other", gettext_lazy("Another reason")


class VerificationReason(models.TextChoices):
    """Why reviewers reject a real-name verification."""

    UNREADABLE = "unreadable", gettext_lazy("Business licence cannot be read")
    NAME = "name", gettext_lazy("Name differs from the licence")
    CODE = "code", gettext_lazy("Credit code differs from the licence")
    LEGAL_PERSON = "legal_person", gettext_lazy("Legal person differs from the licence")
    EXPIRED = "expired", gettext_lazy("Business licence has expired")
    KIND = "kind", gettext_lazy("This kind of organisation may not join")
    OTHER = "other", gettext_lazy("Another reason")


class RequestReason(models.TextChoices):
    """Why the platform declines a request."""

    NEED = "need", gettext_lazy("The need is not explained")
    UNSOLVED = "unsolved", gettext_lazy("What the platform objected to is not put right")
    DONE = "done", gettext_lazy("Already done")
    OTHER = "other", gettext_lazy("Another reason")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that is reviewed, as the desk shows it."""

    model: type[Review]
    label: Any
    reasons: type[models.TextChoices] = Reason
    related: tuple[str, ...] = ()  # what its title needs, besides the enterprise
    lang: str = ""  # of its title
    title: Callable[[Any], str] = str

    def rows(self) -> Any:
        manager: Any = self.model._default_manager
        return manager.select_related("enterprise", "submitted_by", *self.related)


KINDS: dict[str, Kind] = {
    "verification": Kind(Verification, gettext_lazy("Real name"), VerificationReason, lang="zh-Hans"),
    "signature": Kind(Signature, gettext_lazy("Signature"), lang="zh-Hans"),
    "template": Kind(
        TemplateVersion, gettext_lazy("Template"), related=("template",), title=lambda item: item.template.name
    ),
    "request": Kind(Request, gettext_lazy("Request"), RequestReason),
}

Item = Any  # a thing of one of the KINDS


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the queue."""

    kind: str  # a key of KINDS
    item: Item

    @property
    def about(self) -> Kind:
        return KINDS[self.kind]

    @property
    def title(self) -> str:
        return self.about.title(self.item)

    @property
    def pk(self) -> int:
        return self.item.pk


def waiting(user: User, *, at_most: int = SHOWN) -> list[Entry]:
    """What waits for a decision and `user` may see, that which is due first on top.

    What was submitted before there was a clock has no due time and stands last.
    """
    order = [models.F("due_at").asc(nulls_last=True), "submitted_at"]
    found = [
        Entry(name, item)
        for name, kind in KINDS.items()
        for item in kind.rows().visible_to(user).waiting().order_by(*order)[:at_most]
    ]
    return sorted(found, key=lambda entry: _urgency(entry.item))[:at_most]


def count_waiting() -> int:
    return sum(kind.rows().waiting().count() for kind in KINDS.values())


def _urgency(item: Item) -> tuple[bool, datetime, datetime]:
    # What came in over a weekend is due at the same moment; then the first come is the first.
    return item.due_at is None, item.due_at or item.submitted_at, item.submitted_at


def decided() -> list[Entry]:
    """What was decided last."""
    found = [
        Entry(name, item)
        for name, kind in KINDS.items()
        for item in kind.rows()
        .filter(review_state__in=DECISIONS, decided_at__isnull=False)
        .order_by("-decided_at")[:SHOWN]
    ]
    return sorted(found, key=lambda entry: entry.item.decided_at, reverse=True)[:SHOWN]


def decide(item: Item, *, by: User, approve: bool, reason: str = "") -> None:
    item.move(ReviewState.APPROVED if approve else ReviewState.REJECTED, by=by, reason=reason)


def reason_words(chosen: str, said: str, reasons: type[models.TextChoices] = Reason) -> str:
    """What the applicant reads: the listed reason, then the reviewer's own words."""
    listed = str(reasons(chosen).label) if chosen and chosen != Reason.OTHER else ""
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
    numbers = _numbers(item)
    entries = AuditEntry.objects.filter(verb__in=[f"{kind}.{did}" for did in _SHAPES], object_id__in=list(numbers))
    return [
        Event(entry.at, _SHAPES[did], numbers[entry.object_id] + _words(did, entry, for_staff=for_staff))
        for entry in entries.select_related("by").order_by("-id")
        for did in [entry.verb.partition(".")[2]]
    ]


def _numbers(item: Item) -> dict[int, str]:
    """The submissions whose history belongs to `item`, each with what it is called there."""
    if isinstance(item, TemplateVersion):
        return {pk: f"v{number} " for pk, number in item.template.versions.values_list("pk", "number")}
    if isinstance(item, Verification | Request):
        same: dict[str, Any] = {"enterprise_id": item.enterprise_id, "pk__lte": item.pk}
        if isinstance(item, Request):
            same["kind"] = item.kind
        ids = list(type(item)._default_manager.filter(**same).order_by("pk").values_list("pk", flat=True))
        if len(ids) > 1:
            return {pk: f"{number}. " for number, pk in enumerate(ids, 1)}
    return {item.pk: ""}


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
