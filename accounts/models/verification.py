"""Real-name verification: who an enterprise says it is, with proof; a reviewed submission (product reference 1)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.document import Document
from accounts.models.enterprise import Enterprise
from accounts.models.person import User
from accounts.models.review import OPEN, Review, ReviewClock, ReviewQuerySet, ReviewState


class Verification(Review):
    """One submission; what was approved last is what counts. Changes of facts are a new submission."""

    REVIEW_CLOCK = ReviewClock.THREE_WORKDAYS

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="verifications")
    name = models.CharField(_("enterprise name"), max_length=100)
    credit_code = models.CharField(_("unified social credit code"), max_length=18)  # GB 32100-2015
    country = models.CharField(_("registered country or region"), max_length=2, default="CN")  # ISO 3166-1
    address = models.CharField(_("registered address"), max_length=200)
    legal_person = models.CharField(_("legal person"), max_length=60)
    licence = models.ForeignKey(Document, models.PROTECT, related_name="+")
    declared = models.BooleanField(_("declaration of truth"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        verbose_name = _("real-name verification")
        constraints = [
            *Review.Meta.constraints,
            models.CheckConstraint(condition=Q(declared=True), name="verification_declared"),
            models.UniqueConstraint(
                fields=["enterprise"],
                condition=Q(review_state__in=sorted(OPEN)),
                name="verification_one_open",
                violation_error_message=_("A verification of your enterprise is already being reviewed."),
            ),
        ]
        indexes = [*Review.Meta.indexes]

    def __str__(self) -> str:
        return self.name

    def on_decided(self, *, by: User) -> None:
        from accounts import verification

        verification.take_effect(self)

    def on_noted(self, did: ReviewState) -> None:
        from accounts import verification

        verification.tell(self)
