"""What every page of the console shows around its own content: where one is, and the menu of one's role."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts import agreements
from accounts.models import Notice, Review, ReviewState
from accounts.models.application import Region
from accounts.permissions import may

UNREAD_MOST = 99


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
    """Built only when a whole page is rendered, never for a part; costs at most three queries: for the menu, the
    agreement and the notices.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.user: Any = request.user
        self.path = request.path

    @property
    def place(self) -> str:
        if not self.user.is_authenticated:
            return ""
        return str(self.user.enterprise) if self.user.enterprise else _("Platform")

    @property
    def agreement_to_accept(self) -> Any:
        """The version of the service agreement that the person has yet to accept; asked of those who may send."""
        return agreements.missing(self.user) if may(self.user, "jobs.send") else None

    @property
    def may_ask(self) -> bool:
        """Whether the person may ask the platform for something, such as a restart."""
        return may(self.user, "requests.edit")

    @property
    def is_demo(self) -> bool:
        return settings.MODE == "demo"

    @cached_property
    def unread(self) -> int:
        """Notices of the enterprise that came since the person last looked; no more than `UNREAD_MOST` are counted."""
        if not may(self.user, "notices.view"):
            return 0
        return Notice.objects.visible_to(self.user).filter(pk__gt=self.user.seen_notice)[:UNREAD_MOST].count()

    @property
    def sees_notices(self) -> bool:
        return may(self.user, "notices.view")

    @property
    def menu(self) -> list[Group]:
        staff = may(self.user, "reviews.decide")
        audit = self._entry("audit.view", _("Audit"), "audit", "audit")
        own_audit: Any = None if staff else audit
        whole_audit: Any = audit if staff else None
        groups = [
            Group("", [self._entry("overview.view", _("Overview"), "overview", "overview")]),
            Group(
                pgettext("menu", "Sending"),
                [
                    self._entry("jobs.view", _("Group SMS Assistant"), "send", "jobs"),
                    self._entry("lists.view", _("Recipient lists"), "list", "lists"),
                ],
            ),
            Group(
                _("Chinese mainland SMS"),
                [
                    self._entry("qualifications.view", _("Qualifications"), "licence", "qualifications"),
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
                _("Enterprise"),
                [
                    self._entry("enterprise.view", _("Your enterprise"), "licence", "enterprise"),
                    self._entry("people.view", _("People"), "people", "people"),
                    self._entry("contacts.view", _("Contacts"), "contact", "contacts"),
                    self._entry("requests.view", _("Requests"), "reply", "requests"),
                    own_audit,
                ],
            ),
            Group(
                _("Platform"),
                [
                    self._entry("reviews.decide", _("Review queue"), "list", "reviews", count=self._open_reviews),
                    self._entry("promise.view", _("Promise kept"), "chart", "review-promise"),
                    self._entry("desk.view", _("Calendar"), "calendar", "calendar"),
                    self._entry("words.view", _("Word lists"), "search", "words"),
                    self._entry("enterprises.view", _("Enterprises"), "people", "enterprises"),
                    self._entry("channels.edit", _("Channel numbers"), "stamp", "channels"),
                    self._entry("staff.edit", _("Staff"), "key", "staff"),
                    self._entry("agreements.edit", _("Service agreement"), "licence", "agreements"),
                    self._entry("carriers.view", _("Carriers"), "settings", "carriers"),
                    whole_audit,
                ],
            ),
        ]
        allowed = [Group(group.title, [entry for entry in group.entries if entry]) for group in groups]
        here = max((entry.url for group in allowed for entry in group.entries if entry.current), key=len, default="")
        return [
            # Of addresses that lie below one another, one is where one is: the deepest.
            Group(group.title, [replace(entry, current=entry.url == here) for entry in group.entries])
            for group in allowed
            if group.entries
        ]

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
