"""What every page of the console shows around its own content: where one is, and the menu of one's role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Review, ReviewState
from accounts.models.application import Region
from accounts.permissions import may


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    icon: str
    url: str
    current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    entries: list[Entry]


class Shell:
    """Built only when a whole page is rendered, never for a part; costs at most one query."""

    def __init__(self, request: HttpRequest) -> None:
        self.user: Any = request.user
        self.path = request.path

    @property
    def place(self) -> str:
        if not self.user.is_authenticated:
            return ""
        return str(self.user.enterprise) if self.user.enterprise else _("Platform")

    @property
    def menu(self) -> list[Group]:
        groups = [
            Group("", [self._entry("overview.view", _("Overview"), "overview", "overview")]),
            Group(pgettext("menu", "Sending"), [self._entry("jobs.view", _("Group SMS Assistant"), "send", "jobs")]),
            Group(
                _("Chinese mainland SMS"),
                [
                    self._entry("applications.view", _("Applications"), "app", "applications", region=Region.MAINLAND),
                    self._entry("signatures.view", _("Signatures"), "stamp", "signatures"),
                    self._entry("templates.view", _("Templates"), "template", "templates", region=Region.MAINLAND),
                ],
            ),
            Group(
                _("International SMS"),
                [
                    self._entry(
                        "applications.view", _("Applications"), "globe", "applications", region=Region.INTERNATIONAL
                    ),
                    self._entry("templates.view", _("Templates"), "template", "templates", region=Region.INTERNATIONAL),
                ],
            ),
            Group(
                _("Platform"),
                [
                    self._entry("reviews.decide", _("Review queue"), "list", "reviews", count=self._open_reviews),
                    self._entry("carriers.view", _("Carriers"), "settings", "carriers"),
                ],
            ),
        ]
        allowed = [Group(group.title, [entry for entry in group.entries if entry]) for group in groups]
        return [group for group in allowed if group.entries]

    def _entry(self, action: str, title: str, icon: str, name: str, *, count: Any = None, **where: str) -> Any:
        if not may(self.user, action):
            return None
        url = reverse(name, kwargs=where)
        current = self.path == url if url == "/" else self.path.startswith(url)
        return Entry(title, icon, url, current, count() if count else 0)

    def _open_reviews(self) -> int:
        """What waits for a decision, of every reviewable kind, whichever app it lives in."""
        kinds = (kind._default_manager for kind in Review.__subclasses__())
        first, *others = (rows.filter(review_state=ReviewState.IN_REVIEW).values("pk") for rows in kinds)
        return first.union(*others, all=True).count()


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": SimpleLazyObject(lambda: Shell(request))}
