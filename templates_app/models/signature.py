"""Signatures: the name in brackets before a mainland message (product reference, 3)."""

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Application, Enterprise, NoticeKind, Review, ReviewState, User
from accounts.models.review import ReviewQuerySet
from console.lib.constraints import one_of

NAME = re.compile(r"^[0-9A-Za-z㐀-䶿一-鿿]{2,32}$")


class MessageType(models.TextChoices):
    VERIFICATION = "verification", _("Verification code")
    NOTIFICATION = "notification", _("Notification")
    PROMOTION = "promotion", _("Promotion")


# Who goes first when several wait for the same carrier; smaller is sooner.
PRIORITY = {MessageType.VERIFICATION: 0, MessageType.NOTIFICATION: 1, MessageType.PROMOTION: 2}


def check_name(name: str) -> None:
    if not NAME.match(name) or name.isdigit():
        raise ValidationError(
            _("Use 2 to 32 Chinese characters, letters or digits, not digits only, and no brackets."), code="name"
        )


class Signature(Review):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="signatures")
    application = models.ForeignKey(Application, models.PROTECT, related_name="signatures")
    name = models.CharField(_("name"), max_length=32, validators=[check_name])
    type = models.CharField(_("type"), max_length=12, choices=MessageType)
    purpose = models.CharField(_("purpose"), max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        constraints = [
            *Review.Meta.constraints,
            one_of("type", MessageType, "signature_type_known"),
            models.UniqueConstraint(
                fields=["enterprise", "name", "type"],
                condition=Q(
                    built_in=False,
                    review_state__in=[ReviewState.DRAFT, ReviewState.IN_REVIEW, ReviewState.APPROVED],
                ),
                name="signature_name_once_per_type",
                violation_error_message=_("You already have a signature with this name and type."),
            ),
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(built_in=True, valid_until__isnull=False, review_state=ReviewState.APPROVED),
                name="signature_one_test_per_application",
            ),
        ]
        indexes = [models.Index(fields=["review_state", "submitted_at"], name="signature_queue")]

    def __str__(self) -> str:
        return f"【{self.name}】"

    def on_decided(self, *, by: User) -> None:
        """The enterprise is told the result."""
        super().on_decided(by=by)
        notices.tell(
            self.enterprise,
            NoticeKind.SIGNATURE,
            "signature.approved" if self.review_state == ReviewState.APPROVED else "signature.rejected",
            path=reverse("signature", args=[self.pk]),
            name=self,
            reason=self.reason,
        )
