"""How a review ends, or goes back with a question: whose turn it is, and what the one is told who comes second."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Review, ReviewState, User
from accounts.models.review import DECISIONS
from console import figures
from console.lib.errors import NotAllowed
from templates_app.reviews.kinds import Item

# Of the same by the same person within this time the second is a double click.
DOUBLE = timedelta(minutes=1)


@transaction.atomic
def decide(
    item: Item,
    *,
    by: User,
    approve: bool,
    reason: str = "",
    reason_zh: str = "",
    reason_code: str = "",
    exception: str = "",
    seen: int | None = None,
) -> None:
    """Approve or reject what `by` has read in round `seen`. Where two decide, the first approval is noted only.

    Raises NotAllowed, in words for the reviewer: another has it on the desk, or was faster, or it is gone or changed.
    """
    item.hold()
    wanted = ReviewState.APPROVED if approve else ReviewState.REJECTED
    if _did_already(item, wanted, by=by):
        return
    check_turn(item, by=by, seen=seen)
    two = approve and item.needs_two()
    if two and item.first_by_id is None:
        item.approve_first(by=by, exception=exception, seen=seen)
        return
    if two and item.first_by_id == by.pk:
        raise NotAllowed(_("You have approved this first. Another reviewer makes it valid."))
    if approve and not two:
        _forget_first(item)
    item.move(
        wanted, by=by, reason=reason, reason_zh=reason_zh, reason_code=reason_code, exception=exception, seen=seen
    )


@transaction.atomic
def ask(
    item: Item, *, by: User, question: str = "", question_zh: str = "", reason_code: str = "", seen: int | None = None
) -> None:
    """Send it back with a question; the clock stops until the applicant answers."""
    item.hold()
    if item.review_state == ReviewState.RETURNED and (item.reason, item.reason_zh) == (question, question_zh):
        return  # a double click
    check_turn(item, by=by, seen=seen)
    item.move(ReviewState.RETURNED, by=by, reason=question, reason_zh=question_zh, reason_code=reason_code, seen=seen)


def check_turn(item: Item, *, by: User, seen: int | None) -> None:
    """Raises NotAllowed unless it can be decided now, by this person, on what was read."""
    if item.review_state != ReviewState.IN_REVIEW:
        raise NotAllowed(outcome(item) + " " + _("Nothing of yours was saved."))
    if seen is not None and seen != item.round:
        raise NotAllowed(
            _("It has changed since you opened it: the applicant has answered. Read it again, then decide.")
        )
    holder = item.claimed
    if holder is not None and holder != by:
        raise NotAllowed(
            _("%(name)s has this on the desk since %(when)s. Take it over first, or go on to the next.")
            % {"name": holder.name, "when": moment(item.claimed_at)}
        )


def outcome(item: Review) -> str:
    """What became of it, for whoever comes too late: "He Qing approved this, 15:02."."""
    facts = {"name": getattr(item.decided_by, "name", ""), "when": moment(item.decided_at)}
    words = {
        ReviewState.APPROVED: _("%(name)s approved this, %(when)s."),
        ReviewState.REJECTED: _("%(name)s rejected this, %(when)s."),
        ReviewState.RETURNED: _("This went back to the applicant with a question meanwhile."),
        ReviewState.WITHDRAWN: _("The applicant withdrew this meanwhile."),
        ReviewState.DISABLED: _("This was approved, and is disabled meanwhile."),
        ReviewState.INACTIVE: _("This was approved, and the approval was taken back."),
    }.get(ReviewState(item.review_state), _("This is not in review."))
    return words % facts


def moment(value: datetime | None) -> str:
    """`15:44` today, else with the day; as plain words."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    hour = f"{local:%H:%M}"
    return hour if local.date() == timezone.localdate() else f"{figures.day(value)} {hour}"


def _did_already(item: Item, wanted: ReviewState, *, by: User) -> bool:
    """Whether this person has just done the same: a double click, or a page sent again."""
    fresh = timezone.now() - DOUBLE
    if item.review_state in DECISIONS:
        return item.review_state == wanted and item.decided_by_id == by.pk and item.decided_at > fresh
    first = wanted == ReviewState.APPROVED and item.first_by_id == by.pk and item.first_at > fresh
    return first and item.review_state == ReviewState.IN_REVIEW and item.needs_two()


def _forget_first(item: Item) -> None:
    """Of a kind that two decided until now: one is enough, and it may be the same person."""
    type(item)._default_manager.filter(pk=item.pk, first_by__isnull=False).update(first_by=None, first_at=None)
