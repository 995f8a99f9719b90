"""The review base: what everything that people review has in common, and the only way its state changes."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import audit, clock
from accounts.models.person import STAFF_ROLES, Role, User
from console.lib.constraints import one_of
from console.lib.errors import NotAllowed


class ReviewState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", pgettext_lazy("review", "Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    DISABLED = "disabled", _("Disabled")


class ReviewClock(Enum):
    """How long the platform takes at most (product reference, decisions): see `console.lib.workdays`."""

    TWO_HOURS = "two_hours"
    THREE_WORKDAYS = "three_workdays"

    def due(self, submitted: datetime) -> datetime:
        """By when the platform decides what is submitted then, by the calendar that holds."""
        calendar = clock.calendar()
        if self is ReviewClock.TWO_HOURS:
            return calendar.due_after_hours(submitted)
        return calendar.due_after_workdays(submitted)


REVIEW_MOVES = {
    ReviewState.DRAFT: {ReviewState.IN_REVIEW},
    ReviewState.IN_REVIEW: {ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.WITHDRAWN},
    ReviewState.APPROVED: {ReviewState.DISABLED},
    ReviewState.REJECTED: set(),
    ReviewState.WITHDRAWN: set(),
    ReviewState.DISABLED: set(),
}
DECISIONS = frozenset({ReviewState.APPROVED, ReviewState.REJECTED})


def still_valid(prefix: str = "") -> Q:
    """What is not approved for a time only, or whose time is not over; `prefix` leads there, such as "signature__"."""
    return Q(**{f"{prefix}valid_until__isnull": True}) | Q(**{f"{prefix}valid_until__gt": Now()})


class ReviewQuerySet(models.QuerySet["Any"]):
    def visible_to(self, user: User) -> Self:
        """A reviewer sees what was submitted anywhere; people of an enterprise see their own."""
        if user.is_staff_member:
            return self.exclude(review_state=ReviewState.DRAFT)
        return self.filter(enterprise_id=user.enterprise_id)

    def waiting(self) -> Self:
        return self.filter(review_state=ReviewState.IN_REVIEW)

    def approved(self) -> Self:
        """Approved, and if only for a time, still within it."""
        return self.filter(still_valid(), review_state=ReviewState.APPROVED)

    def own(self) -> Self:
        """Without what the platform provides."""
        return self.filter(built_in=False)

    def ended(self) -> Self:
        """Approved for a time that is over."""
        return self.filter(review_state=ReviewState.APPROVED, valid_until__lte=Now())


class Review(models.Model):
    """One submission to the platform's reviewers. Never decided by its submitter, nor by its own enterprise.

    What was submitted is never edited: a rejected or withdrawn thing is submitted again as a new row.
    """

    REVIEW_CLOCK: ClassVar[ReviewClock] = ReviewClock.TWO_HOURS

    review_state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.DRAFT)
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Provided by the platform itself (its own texts, test signatures and templates): approved without a person.
    built_in = models.BooleanField(default=False, editable=False)
    valid_until = models.DateTimeField(null=True, blank=True, editable=False)  # of test signatures and templates

    class Meta:
        abstract = True
        constraints = [
            one_of("review_state", ReviewState, "%(class)s_review_state_known"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("submitted_by")),
                name="%(class)s_decided_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(review_state__in=[ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.DISABLED])
                | Q(built_in=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False, submitted_by__isnull=False),
                name="%(class)s_decision_has_decider",
            ),
            models.CheckConstraint(
                condition=~Q(review_state=ReviewState.REJECTED) | ~Q(reason=""), name="%(class)s_rejected_with_reason"
            ),
            models.CheckConstraint(
                condition=Q(built_in=False) | Q(review_state__in=[ReviewState.APPROVED, ReviewState.DISABLED]),
                name="%(class)s_built_in_is_not_reviewed",
            ),
        ]

    enterprise_id: int

    @property
    def is_sendable(self) -> bool:
        """Approved; what is approved for a time only counts no longer than that, swept or not."""
        return self.review_state == ReviewState.APPROVED and not self.has_ended

    @property
    def is_test(self) -> bool:
        """One of the platform's, for trying things out during a month."""
        return self.built_in and self.valid_until is not None

    @property
    def has_ended(self) -> bool:
        return self.valid_until is not None and self.valid_until <= timezone.now()

    @property
    def is_overdue(self) -> bool:
        waits = self.review_state == ReviewState.IN_REVIEW
        return waits and self.due_at is not None and self.due_at < timezone.now()

    @property
    def deciders(self) -> frozenset[Role]:
        """Roles of the platform's staff that decide this one."""
        return STAFF_ROLES

    @transaction.atomic
    def move(self, to: ReviewState, *, by: User | None, reason: str = "") -> None:
        """The only place a review's state changes; of several who try, one wins and the others get NotAllowed.

        `by=None` is the system, which decides nothing: it disables what was approved for a time only.
        """
        before = [old for old, after in REVIEW_MOVES.items() if to in after]
        fields: dict[str, Any] = {"review_state": to}
        if to == ReviewState.IN_REVIEW:
            now = timezone.now()
            fields |= {"submitted_by": by, "submitted_at": now, "due_at": self.REVIEW_CLOCK.due(now)}
        elif to in DECISIONS:
            if by is None or not by.is_staff_member:
                raise NotAllowed(_("Only the platform’s reviewers decide."))
            if by.role not in self.deciders:
                raise NotAllowed(_("Only administrators decide this. Leave it in the queue for them."))
            if to == ReviewState.REJECTED and not reason.strip():
                raise NotAllowed(_("Say why, so that the applicant knows what to change."))
            fields |= {"decided_by": by, "decided_at": timezone.now(), "reason": reason.strip()}
        rows = type(self)._default_manager.filter(pk=self.pk, review_state__in=before)
        if not rows.update(**fields):
            raise NotAllowed(
                _("This can no longer become “%(state)s”; somebody has changed it meanwhile. Load the page again.")
                % {"state": to.label}
            )
        self.refresh_from_db()
        audit.record(
            by=by,
            verb=f"{self._meta.model_name}.{to}",
            object_id=self.pk,
            enterprise_id=self.enterprise_id,
            label=str(self),
            reason=reason,
        )
        if by is not None and to in DECISIONS:
            self.on_decided(by=by)

    def on_decided(self, *, by: User) -> None:
        """What an approval or rejection brings about, in the same transaction; kinds that need it say what.

        NotAllowed takes the decision back.
        """
