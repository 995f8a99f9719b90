"""The review base: what everything that people review has in common, and the only way its state changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models.desk import ReviewDesk
from accounts.models.document import Document, DocumentPurpose
from accounts.models.person import STAFF_ROLES, Role, User
from console import figures
from console.lib.constraints import one_of
from console.lib.errors import NotAllowed
from console.lib.workdays import Calendar

# A claim that nobody acts on frees itself.
CLAIM_LASTS = timedelta(hours=1)
CHANGED = _("Somebody has changed or deleted this meanwhile. Load the page again.")


class ReviewState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    WAITING = "waiting", pgettext_lazy("review", "Waiting")  # for what it rests on: a qualification, a signature
    IN_REVIEW = "in_review", _("In review")
    RETURNED = "returned", _("Question asked")  # the clock stops until the applicant answers
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", pgettext_lazy("review", "Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    DISABLED = "disabled", _("Disabled")  # by the enterprise, or because its time is over
    INACTIVE = "inactive", _("Deactivated")  # by the platform, for good


class ReviewClock(Enum):
    """How long the platform takes at most (product reference, decisions): see `console.lib.workdays`."""

    TWO_HOURS = "two_hours"
    THREE_WORKDAYS = "three_workdays"

    def due(self, started: datetime, left: timedelta | None = None, *, calendar: Calendar | None = None) -> datetime:
        """By when the platform decides what it has been looking at since then.

        `left`: how much of the promise was left when the clock stopped for a question; None is all of it.
        """
        calendar = calendar or ReviewDesk.current().calendar
        if self is ReviewClock.TWO_HOURS:
            return calendar.due_after_hours(started, 2 if left is None else left)
        return calendar.due_after_workdays(started) if left is None else calendar.after_open(started, left)

    def left(self, started: datetime, due: datetime, now: datetime, *, calendar: Calendar) -> timedelta:
        """What remains of the promise at `now`; nothing of it when it is late."""
        if self is ReviewClock.TWO_HOURS:
            return max(min(due - max(now, started), timedelta(hours=2)), timedelta(0))
        return calendar.open_between(now, due)


REVIEW_MOVES = {
    ReviewState.DRAFT: {ReviewState.WAITING, ReviewState.IN_REVIEW},
    ReviewState.WAITING: {ReviewState.IN_REVIEW, ReviewState.WITHDRAWN},
    ReviewState.IN_REVIEW: {
        ReviewState.RETURNED, ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.WITHDRAWN
    },
    ReviewState.RETURNED: {ReviewState.IN_REVIEW, ReviewState.REJECTED, ReviewState.WITHDRAWN},
    ReviewState.APPROVED: {ReviewState.DISABLED, ReviewState.INACTIVE},
    ReviewState.REJECTED: set(),
    ReviewState.WITHDRAWN: set(),
    ReviewState.DISABLED: set(),
    ReviewState.INACTIVE: set(),
}  # fmt: skip
DECISIONS = frozenset({ReviewState.APPROVED, ReviewState.REJECTED})
# Sent in, and not decided yet.
PENDING = frozenset({ReviewState.WAITING, ReviewState.IN_REVIEW, ReviewState.RETURNED})
OPEN = PENDING | {ReviewState.DRAFT}
# Open, or decided in its favour: what a name is taken by.
LIVE = OPEN | {ReviewState.APPROVED}
ONCE_APPROVED = frozenset({ReviewState.APPROVED, ReviewState.DISABLED, ReviewState.INACTIVE})


def still_valid(prefix: str = "") -> Q:
    """What is not approved for a time only, or whose time is not over; `prefix` leads there, such as "signature__"."""
    return Q(**{f"{prefix}valid_until__isnull": True}) | Q(**{f"{prefix}valid_until__gt": Now()})


class ReviewQuerySet(models.QuerySet["Any"]):
    def visible_to(self, user: User) -> Self:
        """A reviewer sees what was sent in anywhere; people of an enterprise see their own that were not deleted."""
        if user.is_staff_member:
            return self.exclude(review_state__in=[ReviewState.DRAFT, ReviewState.WAITING])
        return self.filter(enterprise_id=user.enterprise_id, removed_at__isnull=True)

    def waiting(self) -> Self:
        """What reviewers have to decide."""
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
    # What a document is kept as that answers a question; it decides who may open it.
    ANSWER_PURPOSE: ClassVar[DocumentPurpose] = DocumentPurpose.PROOF

    review_state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.DRAFT)
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    # Since when the clock runs: the submission, or the answer to a question; and what was left of the promise then.
    counted_from = models.DateTimeField(null=True, blank=True, editable=False)
    time_left = models.DurationField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Grows with whatever a decision must have seen: a decision that was made on less is refused.
    round = models.PositiveSmallIntegerField(default=0, editable=False)
    urged_at = models.DateTimeField(null=True, blank=True, editable=False)
    urge_words = models.CharField(max_length=200, blank=True, editable=False)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What reviewers tell each other; applicants never see it.
    note = models.CharField(max_length=500, blank=True, editable=False)
    # Where two decide: who approved first, of this round.
    first_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    first_at = models.DateTimeField(null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    # Working time of the desk that it took, without waiting for the applicant.
    worked = models.DurationField(null=True, blank=True, editable=False)
    # Why it was decided on a day that is no workday.
    exception = models.CharField(max_length=200, blank=True, editable=False)
    # To the applicant: the listed reason, and words in English, or whatever was written, and in Chinese.
    reason_code = models.CharField(max_length=30, blank=True, editable=False)
    reason = models.CharField(max_length=500, blank=True)
    reason_zh = models.CharField(max_length=500, blank=True, editable=False)
    # The applicant's words when a question was answered last.
    answer = models.CharField(max_length=1000, blank=True, editable=False)
    answer_document = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    # Provided by the platform itself (its own texts, test signatures and templates): approved without a person.
    built_in = models.BooleanField(default=False, editable=False)
    valid_until = models.DateTimeField(null=True, blank=True, editable=False)  # of test signatures and templates
    # Deleted by the enterprise: out of its sight, kept for the record.
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True
        constraints = [
            one_of("review_state", ReviewState, "%(class)s_review_state_known"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("submitted_by")),
                name="%(class)s_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(first_by__isnull=True) | ~Q(first_by=F("submitted_by")),
                name="%(class)s_first_decided_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(review_state=ReviewState.APPROVED)
                | Q(first_by__isnull=True)
                | Q(decided_by__isnull=True)
                | ~Q(first_by=F("decided_by")),
                name="%(class)s_second_pair_is_another",
            ),
            models.CheckConstraint(
                condition=~Q(
                    review_state__in=[
                        ReviewState.APPROVED,
                        ReviewState.REJECTED,
                        ReviewState.DISABLED,
                        ReviewState.INACTIVE,
                    ]
                )
                | Q(built_in=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False, submitted_by__isnull=False),
                name="%(class)s_decision_has_decider",
            ),
            models.CheckConstraint(
                condition=~Q(review_state=ReviewState.REJECTED) | ~Q(reason="", reason_zh=""),
                name="%(class)s_rejected_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(built_in=False)
                | Q(review_state__in=[ReviewState.APPROVED, ReviewState.DISABLED, ReviewState.INACTIVE]),
                name="%(class)s_built_in_is_not_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True)
                | ~Q(review_state__in=[ReviewState.WAITING, ReviewState.IN_REVIEW, ReviewState.RETURNED]),
                name="%(class)s_pending_is_not_removed",
            ),
        ]
        indexes = [
            models.Index(
                F("urged_at").asc(nulls_last=True),
                F("due_at").asc(nulls_last=True),
                "id",
                condition=Q(review_state=ReviewState.IN_REVIEW),
                name="%(class)s_queue",
            ),
            models.Index(fields=["-decided_at"], condition=Q(decided_at__isnull=False), name="%(class)s_decided"),
            models.Index(
                fields=["submitted_at"], condition=Q(review_state=ReviewState.RETURNED), name="%(class)s_returned"
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
    def is_pending(self) -> bool:
        return self.review_state in PENDING

    @property
    def is_overdue(self) -> bool:
        waits = self.review_state == ReviewState.IN_REVIEW
        return waits and self.due_at is not None and self.due_at < timezone.now()

    @property
    def claimed(self) -> User | None:
        """Who has it on the desk now."""
        fresh = self.claimed_at is not None and self.claimed_at > timezone.now() - CLAIM_LASTS
        return self.claimed_by if fresh and self.review_state == ReviewState.IN_REVIEW else None

    @property
    def reason_words(self) -> str:
        """What the reviewer said, in the reader's language where it was said in both."""
        if (get_language() or "").startswith("zh"):
            return self.reason_zh or self.reason
        return self.reason or self.reason_zh

    @property
    def deciders(self) -> frozenset[Role]:
        """Roles of the platform's staff that decide this one."""
        return STAFF_ROLES

    def move(
        self,
        to: ReviewState,
        *,
        by: User | None,
        reason: str = "",
        reason_zh: str = "",
        reason_code: str = "",
        exception: str = "",
        seen: int | None = None,
    ) -> None:
        """The only place a review's state changes; of several who try, one wins and the others get NotAllowed.

        `by=None` is the system, which decides nothing: it sends on what has waited for another, withdraws what can no
        longer be approved, and disables what was approved for a time only. `exception`: why an administrator decides on
        a day that is no workday. `seen`: the round that a decision was made on.
        """
        said = {"reason": reason.strip(), "reason_zh": reason_zh.strip(), "reason_code": reason_code}
        with transaction.atomic():
            self.hold()
            fields: dict[str, Any] = {"review_state": to}
            if to == ReviewState.WAITING:
                fields |= {"submitted_by": by, "submitted_at": timezone.now()}
            elif to == ReviewState.IN_REVIEW:
                fields |= self._started(by)
            elif to == ReviewState.RETURNED:
                fields |= self._stopped(by, said)
            elif to in DECISIONS:
                fields |= self._decided(to, by, said, exception=exception.strip())
            elif to == ReviewState.INACTIVE:
                fields |= self._taken_back(by, said)
            elif to == ReviewState.WITHDRAWN:
                fields |= said
            before = [old for old, after in REVIEW_MOVES.items() if to in after]
            rows = type(self)._default_manager.filter(pk=self.pk, review_state__in=before)
            if seen is not None:
                rows = rows.filter(round=seen)
            if not rows.update(**fields):
                raise NotAllowed(
                    _("This can no longer become “%(state)s”; somebody has changed it meanwhile. Load the page again.")
                    % {"state": to.label}
                )
            self.refresh_from_db()
            used = str(fields.get("exception", ""))
            audit.record(verb=f"{self._meta.model_name}.{to}", **self._told(by, exception=used, **said))
            if by is not None and to in DECISIONS:
                self.on_decided(by=by)
            elif to in (ReviewState.RETURNED, ReviewState.INACTIVE) or (to == ReviewState.WITHDRAWN and by is None):
                self.on_noted(to)

    def approve_first(self, *, by: User, exception: str = "", seen: int | None = None) -> None:
        """Note the first of the two approvals that this kind needs; it stays in the queue for another reviewer."""
        with transaction.atomic():
            self.hold()
            if not self.needs_two():
                raise NotAllowed(_("One approval is enough for this kind now. Load the page again."))
            _held, used = self._check_decider(by, exception=exception.strip())
            rows = type(self)._default_manager.filter(
                pk=self.pk, review_state=ReviewState.IN_REVIEW, first_by__isnull=True
            )
            if seen is not None:
                rows = rows.filter(round=seen)
            if not rows.update(first_by=by, first_at=timezone.now(), claimed_by=None, claimed_at=None):
                raise NotAllowed(CHANGED)
            self.refresh_from_db()
            detail = self._told(by, exception=used)
            audit.record(verb=f"{self._meta.model_name}.first_approved", **detail)

    def hold(self) -> None:
        """Calendar, then row, held to the end of the transaction and read anew: what follows decides by what is."""
        ReviewDesk.hold()
        try:
            self.refresh_from_db(from_queryset=type(self)._default_manager.select_for_update(of=("self",)))
        except self.DoesNotExist as error:
            raise NotAllowed(CHANGED) from error

    @classmethod
    def needs_two(cls) -> bool:
        """Whether this kind is approved by two different reviewers only."""
        return cls._meta.model_name in ReviewDesk.current().second_pair

    def _started(self, by: User | None) -> dict[str, Any]:
        """Fields of what goes to the reviewers: sent in, sent on by the system, or a question answered."""
        now = timezone.now()
        fields: dict[str, Any] = {"counted_from": now, "first_by": None, "first_at": None, "round": F("round") + 1}
        if self.review_state == ReviewState.RETURNED:
            left = self.time_left
        else:
            left = None
            fields |= {"submitted_by": by, "submitted_at": now} if by is not None else {}
        return fields | {"time_left": left, "due_at": self.REVIEW_CLOCK.due(now, left)}

    def _stopped(self, by: User | None, said: dict[str, str]) -> dict[str, Any]:
        """Fields of what waits for the applicant's answer."""
        if by is None or by.role not in self.deciders:
            raise NotAllowed(_("Only the platform’s reviewers ask."))
        if not said["reason"] and not said["reason_zh"]:
            raise NotAllowed(_("Write the question; the applicant answers it."))
        held, now = ReviewDesk.current().calendar, timezone.now()
        left = None
        if self.counted_from and self.due_at:
            left = self.REVIEW_CLOCK.left(self.counted_from, self.due_at, now, calendar=held)
        freed = {
            "claimed_by": None,
            "claimed_at": None,
            "first_by": None,
            "first_at": None,
            "due_at": None,
            "urged_at": None,
        }
        return said | freed | {"time_left": left, "worked": self._worked(held, now), "answer": ""}

    def _decided(self, to: ReviewState, by: User | None, said: dict[str, str], *, exception: str) -> dict[str, Any]:
        held, used = self._check_decider(by, exception=exception)
        if to == ReviewState.REJECTED and not said["reason"] and not said["reason_zh"]:
            raise NotAllowed(_("Say why, so that the applicant knows what to change."))
        freed = {"claimed_by": None, "claimed_at": None}
        if to == ReviewState.APPROVED and self.first_by_id in (None, by and by.pk):
            if self.needs_two():
                raise NotAllowed(_("Two different reviewers approve this kind. The other one is still missing."))
            # It was noted when the kind still needed two; of one person's two approvals the decision counts.
            freed |= {"first_by": None, "first_at": None}
        now = timezone.now()
        decided = {"decided_by": by, "decided_at": now, "exception": used, "worked": self._worked(held, now)}
        return said | freed | decided

    def _worked(self, held: Calendar, now: datetime) -> timedelta | None:
        """Working time so far; what was sent in before there was a clock has none."""
        if self.counted_from is None or self.review_state == ReviewState.RETURNED:
            return self.worked
        return (self.worked or timedelta(0)) + held.open_between(self.counted_from, now)

    def _check_decider(self, by: User | None, *, exception: str) -> tuple[Calendar, str]:
        """The calendar, and the exception where it is one; NotAllowed unless `by` may decide this one today."""
        if by is None or not by.is_staff_member or by.enterprise_id == self.enterprise_id:
            raise NotAllowed(_("Only the platform’s reviewers decide."))
        if by.pk == self.submitted_by_id:  # who has gone over to the staff since
            raise NotAllowed(_("You have sent this in yourself, so somebody else decides it."))
        if by.role not in self.deciders:
            raise NotAllowed(_("Only administrators decide this. Leave it in the queue for them."))
        held, now = ReviewDesk.current().calendar, timezone.now()
        local = now.astimezone(held.zone)
        if held.is_workday(local.date()):
            return held, ""
        if exception and by.role == Role.ADMINISTRATOR:
            return held, exception
        opens = held.next_opening(now).astimezone(held.zone)
        words = {"day": figures.weekday(local), "next": f"{figures.weekday(opens)} {opens:%H:%M}"}
        if by.role == Role.ADMINISTRATOR:
            raise NotAllowed(
                _("Today, %(day)s, is no workday. To decide all the same, say why; it is recorded.") % words
            )
        raise NotAllowed(
            _(
                "Today, %(day)s, is no workday, so nothing is decided. The desk opens again on %(next)s; in an urgent"
                " case an administrator decides, with a reason."
            )
            % words
        )

    def _taken_back(self, by: User | None, said: dict[str, str]) -> dict[str, Any]:
        if by is None or by.role != Role.ADMINISTRATOR:
            raise NotAllowed(_("Only administrators take an approval back."))
        if not said["reason"] and not said["reason_zh"]:
            raise NotAllowed(_("Say why, so that the applicant knows what to change."))
        return said

    def _told(self, by: User | None, **detail: Any) -> dict[str, Any]:
        """For the record of a deed on this: whose, and what of `detail` is not empty."""
        held = {"by": by, "object_id": self.pk, "enterprise_id": self.enterprise_id, "label": str(self)}
        return held | {name: words for name, words in detail.items() if words}

    def on_decided(self, *, by: User) -> None:
        """What an approval or rejection brings about, in the same transaction; kinds that need it say what.

        NotAllowed takes the decision back.
        """

    def on_noted(self, did: ReviewState) -> None:
        """Its enterprise is told of a question, of an approval taken back, or of the system's withdrawal."""
