"""What an enterprise asks for and the platform's staff decides: one mechanism for every kind."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import Role, User
from accounts.models.review import OPEN, Review, ReviewClock, ReviewQuerySet, ReviewState
from console.lib.constraints import one_of


class RequestKind(models.TextChoices):
    MAINLAND_APPLICATIONS = "mainland_applications", _("More mainland applications")
    INTERNATIONAL_APPLICATIONS = "international_applications", _("More international applications")
    RESTART = "restart", _("Restart after suspension")
    OTHER = "other", _("Something else")


class Request(Review):
    """`wanted` is the new figure where a kind has one (how many applications in all), else null."""

    REVIEW_CLOCK = ReviewClock.TWO_HOURS

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="requests")
    kind = models.CharField(_("what you ask for"), max_length=30, choices=RequestKind)
    wanted = models.PositiveIntegerField(_("how many in all"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        verbose_name = _("request")
        constraints = [
            *Review.Meta.constraints,
            one_of("kind", RequestKind, "request_kind_known"),
            models.UniqueConstraint(
                fields=["enterprise", "kind"],
                condition=Q(review_state__in=sorted(OPEN)) & ~Q(kind=RequestKind.OTHER),
                name="request_one_open_of_a_kind",
                violation_error_message=_("You have already asked for this; the answer is still to come."),
            ),
        ]
        indexes = [*Review.Meta.indexes]

    def __str__(self) -> str:
        return str(RequestKind(self.kind).label)

    @property
    def deciders(self) -> frozenset[Role]:
        from accounts.requests import KINDS

        return KINDS[self.kind].deciders

    def on_decided(self, *, by: User) -> None:
        from accounts import requests

        requests.settle(self, by=by)

    def on_noted(self, did: ReviewState) -> None:
        from accounts import requests

        requests.tell(self)
