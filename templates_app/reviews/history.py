"""What happened to one submission and those before it, as the record has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import AuditEntry, Request, Review, ReviewState, Verification
from console import figures
from templates_app.models import TemplateVersion


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    shape: str
    words: str


@dataclass(frozen=True, slots=True)
class _Deed:
    shape: str
    words: str
    by_staff: bool = False
    hidden: bool = False  # from the enterprise


# By the last part of the audit's verb.
_DEEDS = {
    ReviewState.WAITING.value: _Deed("info", gettext_noop("Sent in by %(name)s, waits for what it rests on")),
    ReviewState.IN_REVIEW.value: _Deed("info", gettext_noop("Sent in by %(name)s")),
    ReviewState.RETURNED.value: _Deed("invalid", gettext_noop("Question asked by %(name)s"), by_staff=True),
    "answered": _Deed("info", gettext_noop("Answered by %(name)s")),
    "urged": _Deed("invalid", gettext_noop("Urged by %(name)s")),
    "first_approved": _Deed("accepted", gettext_noop("First approved by %(name)s"), by_staff=True, hidden=True),
    ReviewState.APPROVED.value: _Deed("delivered", gettext_noop("Approved by %(name)s"), by_staff=True),
    ReviewState.REJECTED.value: _Deed("rejected", gettext_noop("Rejected by %(name)s"), by_staff=True),
    ReviewState.WITHDRAWN.value: _Deed("skipped", gettext_noop("Withdrawn by %(name)s")),
    ReviewState.DISABLED.value: _Deed("stopped", gettext_noop("Disabled by %(name)s")),
    ReviewState.INACTIVE.value: _Deed("stopped", gettext_noop("Deactivated by %(name)s"), by_staff=True),
}
# What it rests on was approved, so the system has sent it on.
_SENT_ON = _Deed("info", gettext_noop("Passed on to the reviewers"))
_SAID = ("reason", "answer", "words")


def history(item: Review, *, for_staff: bool) -> list[Event]:
    """What happened to it, newest first. People of an enterprise do not read the names of reviewers."""
    kind = item._meta.model_name
    numbers = _numbers(item)
    shown = [did for did, deed in _DEEDS.items() if for_staff or not deed.hidden]
    entries = AuditEntry.objects.filter(verb__in=[f"{kind}.{did}" for did in shown], object_id__in=list(numbers))
    return [
        Event(entry.at, deed.shape, numbers[entry.object_id] + _words(deed, entry, for_staff=for_staff))
        for entry, deed in _deeds(entries.select_related("by").order_by("-id"))
    ]


def _deeds(newest_first: Iterable[AuditEntry]) -> Iterator[tuple[AuditEntry, _Deed]]:
    """With what each entry means beside the others of its submission."""
    later: dict[int, str] = {}
    for entry in newest_first:
        did = entry.verb.partition(".")[2]
        after, later[entry.object_id] = later.get(entry.object_id), did
        if did != ReviewState.IN_REVIEW:
            yield entry, _DEEDS[did]
        elif entry.by is None:
            yield entry, _SENT_ON
        elif after != "answered":  # an answer puts it back into review; that is one deed, told once
            yield entry, _DEEDS[did]


def _numbers(item: Any) -> dict[int, str]:
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


def _words(deed: _Deed, entry: AuditEntry, *, for_staff: bool) -> str:
    # What was disabled by nobody was so by the platform's clock.
    hides = not for_staff and (deed.by_staff or entry.by is None or entry.by.is_staff_member)
    name = _("the platform") if hides else str(entry.by or _("the system"))
    words = _(deed.words) % {"name": name}
    said = next((entry.detail[key] for key in _own_language_first() if entry.detail.get(key)), "")
    if for_staff and entry.detail.get("exception"):
        words = f"{words} ({entry.detail['exception']})"
    return f"{words}: {said}" if said else words


def _own_language_first() -> tuple[str, ...]:
    return ("reason_zh", *_SAID) if figures.is_chinese() else (*_SAID, "reason_zh")
