"""The queue: everything of every kind that reviewers look at, urged first, then by due time.

However long it is, a page of it costs the same: one query for the keys of all kinds, which walks their partial indexes,
one for each kind's rows among them, and one for the numbers beside the tabs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ReviewState, User
from accounts.models.review import CLAIM_LASTS, ONCE_APPROVED
from templates_app.reviews.kinds import KINDS, Item, Kind

SHOWN = 100
DECIDED = sorted({*ONCE_APPROVED, ReviewState.REJECTED})


class Tab(models.TextChoices):
    ALL = "", _("All")
    MINE = "mine", _("Mine")
    UNASSIGNED = "unassigned", _("Unassigned")
    URGED = "urged", _("Urged")
    OVERDUE = "overdue", _("Overdue")
    RETURNED = "returned", _("Questions asked")  # wait for the applicants
    DECIDED = "decided", _("Decided")


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the queue is wanted; kept in the address."""

    tab: Tab = Tab.ALL
    kind: str = ""  # a key of KINDS
    words: str = ""  # in the title or the enterprise's name

    @property
    def kinds(self) -> list[Kind]:
        return [KINDS[self.kind]] if self.kind else list(KINDS.values())

    @property
    def is_open(self) -> bool:
        """Whether it lists what can be decided."""
        return self.tab not in (Tab.RETURNED, Tab.DECIDED)


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


class Key(NamedTuple):
    kind: str
    pk: int
    claimed_by: int | None
    claimed_at: datetime | None

    def held_by_another(self, user: User) -> bool:
        """Whether somebody else has it on the desk now."""
        fresh = self.claimed_at is not None and self.claimed_at > timezone.now() - CLAIM_LASTS
        return fresh and self.claimed_by != user.pk


def listed(user: User, filters: Filters, *, at_most: int = SHOWN) -> list[Entry]:
    """The first lines of the queue as `user` may see it."""
    found = keys(user, filters, at_most=at_most)
    wanted: dict[str, list[int]] = {}
    for key in found:
        wanted.setdefault(key.kind, []).append(key.pk)
    items = {kind: KINDS[kind].lines().in_bulk(pks) for kind, pks in wanted.items()}
    # What was deleted between the two queries is left out.
    return [Entry(key.kind, items[key.kind][key.pk]) for key in found if key.pk in items[key.kind]]


def keys(user: User, filters: Filters, *, at_most: int = SHOWN) -> list[Key]:
    """Which ones, in order: one query, whatever the number of kinds and items."""
    orders = {
        Tab.RETURNED: (F("submitted_at").asc(nulls_last=True), F("pk").asc()),
        Tab.DECIDED: (F("decided_at").desc(), F("pk").desc()),
    }
    order = orders.get(
        filters.tab, (F("urged_at").asc(nulls_last=True), F("due_at").asc(nulls_last=True), F("pk").asc())
    )
    columns = ("urged_at", "due_at", "submitted_at", "decided_at", "claimed_by_id", "claimed_at")
    first, *others = (
        _rows(kind, user, filters)
        .select_related(None)
        .order_by(*order)
        .annotate(kind_name=Value(kind.name, output_field=models.CharField()))
        .values_list("kind_name", "pk", *columns)[:at_most]
        for kind in filters.kinds
    )
    # What came in over a weekend is due at the same moment; then the first come is the first.
    across = {Tab.RETURNED: ("submitted_at", "pk"), Tab.DECIDED: ("-decided_at", "-pk")}
    rows = first.union(*others, all=True) if others else first
    if others:
        rows = rows.order_by(*across.get(filters.tab, ("urged_at", "due_at", "submitted_at", "pk")))[:at_most]
    return [Key(row[0], row[1], row[-2], row[-1]) for row in rows]


def _rows(kind: Kind, user: User, filters: Filters) -> Any:
    rows = kind.rows().visible_to(user)
    if filters.tab == Tab.DECIDED:
        rows = rows.filter(review_state__in=DECIDED, decided_at__isnull=False)
    elif filters.tab == Tab.RETURNED:
        rows = rows.filter(review_state=ReviewState.RETURNED)
    else:
        rows = rows.waiting().filter(_tab(filters.tab, user))
    return rows.filter(kind.named(filters.words)) if filters.words else rows


def _held() -> Q:
    return Q(claimed_by__isnull=False, claimed_at__gt=timezone.now() - CLAIM_LASTS)


def _tab(tab: Tab, user: User) -> Q:
    """Which of what waits for a decision belong under a tab."""
    return {
        Tab.MINE: _held() & Q(claimed_by=user),
        Tab.UNASSIGNED: Q(claimed_by__isnull=True) | Q(claimed_at__lte=timezone.now() - CLAIM_LASTS),
        Tab.URGED: Q(urged_at__isnull=False),
        Tab.OVERDUE: Q(due_at__lt=Now()),
    }.get(tab, Q())


COUNTED = (Tab.ALL, Tab.MINE, Tab.UNASSIGNED, Tab.URGED, Tab.OVERDUE)


def counts(user: User, filters: Filters) -> dict[Tab, int]:
    """How many each tab has of the same kind and words; in one query. What was decided is not counted."""
    first, *others = _counted(user, filters)
    totals = dict.fromkeys((*COUNTED, Tab.RETURNED), 0)
    for tab, *numbers in first.union(*others, all=True):
        for counted, number in zip(COUNTED if tab == Tab.ALL else [Tab.RETURNED], numbers, strict=False):
            totals[counted] += number
    return totals


def _counted(user: User, filters: Filters) -> Iterator[Any]:
    """Rows of (tab, n, …): of what waits a number for each of COUNTED, of what was asked back the first one only."""
    for tab in (Tab.ALL, Tab.RETURNED):
        for kind in filters.kinds:
            rows = _rows(kind, user, Filters(tab, filters.kind, filters.words)).select_related(None).order_by()
            marked = rows.values(tab=Value(tab.value, output_field=models.CharField()))
            yield marked.annotate(
                **{f"n{i}": Count("pk", filter=_tab(of, user)) for i, of in enumerate(COUNTED)}
            ).values_list("tab", *(f"n{i}" for i in range(len(COUNTED))))


def following(before: list[Key], user: User, filters: Filters, *, kind: str, pk: int) -> Key | None:
    """Where to go from the item that has just been dealt with: the next in the same list, from its end the first.

    `before` is the list as it was with the item in it. What others have on the desk comes last.
    """
    place = next((i for i, key in enumerate(before) if (key.kind, key.pk) == (kind, pk)), -1)
    now = {(key.kind, key.pk): key for key in keys(user, filters) if (key.kind, key.pk) != (kind, pk)}
    around = [now[key.kind, key.pk] for key in before[place + 1 :] + before[:place] if (key.kind, key.pk) in now]
    candidates = around or list(now.values())
    return next((key for key in candidates if not key.held_by_another(user)), candidates[0] if candidates else None)


def waiting(user: User, *, at_most: int = SHOWN) -> list[Entry]:
    """What waits for a decision and `user` may see, as it stands in the queue."""
    return listed(user, Filters(), at_most=at_most)


def count_waiting() -> int:
    return sum(kind.rows().waiting().count() for kind in KINDS.values())
