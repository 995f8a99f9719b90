"""Signatures: the name in brackets before a mainland message (product reference, 3)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Application, Document, Enterprise, NoticeKind, Review, ReviewDesk, ReviewState, User
from accounts.models.review import LIVE, PENDING, ReviewQuerySet, still_valid
from console.lib.constraints import one_of
from templates_app import lookalikes
from templates_app.models.message_type import MessageType
from templates_app.models.qualification import Qualification
from templates_app.models.signature_name import NAME_MAX, check_name
from templates_app.models.stage import Stage, StageGroup, group_of

# Of one application; deleted ones do not count.
SIGNATURES_MAX = 200


class SignatureSource(models.IntegerChoices):
    """What the name comes from; the numbers are those of the field's API (product reference, 3.3)."""

    ENTERPRISE = 0, _("Enterprise or institution, full or short name")
    WEBSITE = 1, _("Website registered with the ministry")
    APP = 2, _("App")
    ACCOUNT = 3, _("Public account or mini-program")
    STORE = 4, _("E-commerce store")
    TRADEMARK = 5, _("Trademark")


class Registration(models.TextChoices):
    """How far an approved signature has come with the carriers."""

    NONE = "none", _("No channel number yet")
    REGISTERING = "registering", _("Being registered with the carriers")
    DONE = "done", _("Registered")
    FAILED = "failed", _("Registration failed")


class Dormancy(models.TextChoices):
    """An approved signature that nobody has used for long sleeps until it is activated."""

    AWAKE = "awake", _("In use")
    DORMANT = "dormant", _("To be activated")


def sendable(prefix: str = "") -> Q:
    """Which signatures messages go out under: approved, not deleted, still valid, awake, and known to the carriers.

    Those from before qualifications were asked for go on as they are. `prefix` leads there, such as "signature__".
    """
    known = Q(**{f"{prefix}registration": Registration.DONE}) | Q(**{f"{prefix}legacy": True})
    held = {"review_state": ReviewState.APPROVED, "removed_at__isnull": True, "dormancy": Dormancy.AWAKE}
    all_of = Q(**{f"{prefix}{name}": value for name, value in held.items()})
    return all_of & still_valid(prefix) & (known | Q(**{f"{prefix}built_in": True}))


# Approved ones that no longer count, and those that do.
_ENDED = Q(review_state=ReviewState.APPROVED) & (Q(valid_until__lte=Now()) | Q(removed_at__isnull=False))
_APPROVED = Q(review_state=ReviewState.APPROVED, removed_at__isnull=True) & still_valid()


class SignatureQuerySet(ReviewQuerySet):
    def sendable(self) -> Self:
        return self.filter(sendable())

    def in_group(self, group: StageGroup) -> Self:
        """Those whose `stage` is in `GROUPS[group]`."""
        return self.filter(
            {
                StageGroup.IN_REVIEW: Q(review_state__in=[*PENDING, ReviewState.DRAFT]),
                StageGroup.USABLE: sendable(),
                StageGroup.PROCESSING: _APPROVED & Q(dormancy=Dormancy.AWAKE) & ~sendable(),
                StageGroup.ASLEEP: _APPROVED & Q(dormancy=Dormancy.DORMANT),
                StageGroup.REJECTED: Q(review_state=ReviewState.REJECTED),
                StageGroup.ENDED: _ENDED
                | Q(review_state__in=[ReviewState.WITHDRAWN, ReviewState.DISABLED, ReviewState.INACTIVE]),
            }[group]
        )

    def with_stage(self) -> Self:
        """Adds what `stage` would have to ask for, row by row."""
        asked = SignatureActivation.objects.filter(signature=OuterRef("pk"), review_state__in=PENDING)
        return self.annotate(activation_is_asked=Exists(asked)).select_related("qualification")


class Signature(Review):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="signatures")
    application = models.ForeignKey(Application, models.PROTECT, related_name="signatures")
    # As programs and people name it.
    public_id = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), unique=True, editable=False)
    name = models.CharField(_("name"), max_length=NAME_MAX, validators=[check_name])
    type = models.CharField(_("type"), max_length=12, choices=MessageType)
    source = models.PositiveSmallIntegerField(_("source"), choices=SignatureSource, default=SignatureSource.ENTERPRISE)
    # Domain, download address, account name or store address; what the source asks for.
    source_title = models.CharField(_("proof of the source"), max_length=300, blank=True)
    involves_third_party = models.BooleanField(_("belongs to another company"), default=False)
    # Null: from before qualifications were asked for, or the platform's own.
    qualification = models.ForeignKey(
        Qualification,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="signatures",
        verbose_name=_("qualification"),
    )
    licence = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("business licence")
    )
    letter = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("letter of attorney")
    )
    purpose = models.CharField(_("purpose"), max_length=500)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    legacy = models.BooleanField(default=False, editable=False)  # approved before qualifications were asked for
    registration = models.CharField(max_length=12, choices=Registration, default=Registration.NONE, editable=False)
    registration_words = models.CharField(max_length=200, blank=True, editable=False)  # why it failed
    channel_number = models.CharField(_("channel number"), max_length=21, blank=True, editable=False)
    dormancy = models.CharField(max_length=8, choices=Dormancy, default=Dormancy.AWAKE, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    # Since when it could be used; it falls asleep so long after this or its last use.
    awake_since = models.DateTimeField(null=True, editable=False)
    # By what look-alikes of other enterprises are found; see `lookalikes`.
    looks = ArrayField(models.CharField(max_length=64), default=list, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SignatureQuerySet.as_manager()

    class Meta(Review.Meta):
        verbose_name = _("signature")
        constraints = [
            *Review.Meta.constraints,
            one_of("type", MessageType, "signature_type_known"),
            one_of("source", SignatureSource, "signature_source_known"),
            one_of("registration", Registration, "signature_registration_known"),
            one_of("dormancy", Dormancy, "signature_dormancy_known"),
            models.CheckConstraint(
                condition=Q(built_in=True) | ~Q(source__in=[1, 2, 3, 4]) | ~Q(source_title=""),
                name="signature_source_is_proved",
            ),
            models.CheckConstraint(
                condition=Q(involves_third_party=False) | Q(letter__isnull=False),
                name="signature_third_party_has_letter",
            ),
            models.CheckConstraint(
                condition=Q(legacy=True) | Q(built_in=True) | Q(qualification__isnull=False),
                name="signature_has_qualification",
            ),
            models.CheckConstraint(
                condition=~Q(registration__in=[Registration.DONE, Registration.REGISTERING])
                | ~Q(channel_number="")
                | Q(legacy=True),
                name="signature_registered_has_number",
            ),
            models.CheckConstraint(
                condition=Q(registration=Registration.NONE)
                | Q(review_state__in=[ReviewState.APPROVED, ReviewState.DISABLED, ReviewState.INACTIVE]),
                name="signature_registered_when_approved",
            ),
            models.UniqueConstraint(
                fields=["channel_number"], condition=~Q(channel_number=""), name="signature_number_once"
            ),
            models.UniqueConstraint(
                fields=["enterprise", "name", "type"],
                condition=Q(built_in=False, removed_at__isnull=True, review_state__in=sorted(LIVE)),
                name="signature_name_once_per_type",
                violation_error_message=_("You already have a signature with this name and type."),
            ),
            models.UniqueConstraint(
                fields=["application"],
                condition=Q(built_in=True, valid_until__isnull=False, review_state=ReviewState.APPROVED),
                name="signature_one_test_per_application",
            ),
        ]
        indexes = [
            *Review.Meta.indexes,
            models.Index(fields=["enterprise", "-id"], name="signature_by_enterprise"),
            models.Index(fields=["name"], name="signature_by_name"),
            GinIndex(
                fields=["looks"],
                condition=Q(built_in=False, review_state=ReviewState.APPROVED),
                name="signature_lookalikes",
            ),
            models.Index(
                fields=["registration", "decided_at"],
                condition=Q(built_in=False, review_state=ReviewState.APPROVED),
                name="signature_registrations",
            ),
        ]

    def __str__(self) -> str:
        return f"【{self.name}】"

    def get_absolute_url(self) -> str:
        return reverse("signature", args=[self.pk])

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields: Iterable[str] | None = kwargs.get("update_fields")
        if fields is None or "name" in fields:
            self.looks = lookalikes.looks(self.name)
            if fields is not None:
                kwargs["update_fields"] = {*fields, "looks"}
        super().save(*args, **kwargs)

    @property
    def is_sendable(self) -> bool:
        """The same as `sendable`, of one row."""
        known = self.registration == Registration.DONE or self.legacy or self.built_in
        return super().is_sendable and known and self.dormancy == Dormancy.AWAKE and self.removed_at is None

    @property
    def documents(self) -> list[tuple[Any, Document]]:
        """(what it is, the document) of all that were handed in with it."""
        held = [(self._meta.get_field(name).verbose_name, getattr(self, name)) for name in ("licence", "letter")]  # type: ignore[union-attr]
        return [(label, document) for label, document in held if document is not None]

    @property
    def stage(self) -> Stage:
        """May ask the database for the qualification, and for the activation of a dormant one: see `with_stage`."""
        simple = {
            ReviewState.DRAFT: Stage.DRAFT,
            ReviewState.WAITING: Stage.PENDING_QUALIFICATION_REVIEW,
            ReviewState.IN_REVIEW: Stage.PENDING_REVIEW,
            ReviewState.RETURNED: Stage.RETURNED,
            ReviewState.REJECTED: Stage.REVIEW_NOT_PASS,
            ReviewState.WITHDRAWN: Stage.WITHDRAWN,
            ReviewState.DISABLED: Stage.DISABLED,
            ReviewState.INACTIVE: Stage.INACTIVE,
        }
        if found := simple.get(ReviewState(self.review_state)):
            return found
        if self.has_ended or self.removed_at is not None:
            return Stage.DISABLED
        if self.dormancy == Dormancy.DORMANT:
            return Stage.PENDING_ACTIVATE if self._activation_is_asked() else Stage.TO_BE_ACTIVATED
        return self._legacy_stage() if self.legacy else self._registration_stage()

    def _activation_is_asked(self) -> bool:
        known = self.__dict__.get("activation_is_asked")
        return self.activations.filter(review_state__in=PENDING).exists() if known is None else bool(known)

    @property
    def group(self) -> StageGroup:
        return group_of(self.stage)

    def _registration_stage(self) -> Stage:
        if self.built_in:
            return Stage.REVIEW_PROCESSING_COMPLETED
        return {
            Registration.NONE: Stage.PROCESSING,
            Registration.REGISTERING: Stage.REAL_NAME_REGISTRATING,
            Registration.DONE: Stage.REVIEW_PROCESSING_COMPLETED,
            Registration.FAILED: Stage.REGISTRATION_FAILED,
        }[Registration(self.registration)]

    def _legacy_stage(self) -> Stage:
        if self.qualification is None or self.qualification.review_state not in LIVE:
            return Stage.REVIEW_PASSED
        if self.qualification.review_state != ReviewState.APPROVED:
            return Stage.REVIEW_PASSED_QUALIFICATION_PROCESSING
        return {
            Registration.NONE: Stage.REVIEW_PASSED_REAL_NAME_REGISTRATING,
            Registration.REGISTERING: Stage.REVIEW_PASSED_REAL_NAME_REGISTRATING,
            Registration.DONE: Stage.REVIEW_PROCESSING_COMPLETED,
            Registration.FAILED: Stage.REVIEW_PASSED_REAL_NAME_REGISTRATE_FAIL,
        }[Registration(self.registration)]

    def on_decided(self, *, by: User) -> None:
        """The enterprise is told; templates that have waited for it go to the reviewers, or back."""
        from templates_app import drafts, signatures

        if self.review_state == ReviewState.APPROVED:
            signatures.check_qualification(self)
        self.on_noted(ReviewState(self.review_state))
        drafts.after_signature(self)

    def on_noted(self, did: ReviewState) -> None:
        notices.tell(
            self.enterprise,
            NoticeKind.SIGNATURE,
            f"signature.{did}",
            path=self.get_absolute_url(),
            name=self,
            reason=self.reason,
            reason_zh=self.reason_zh,
        )


class SignatureActivation(Review):
    """Asking that a dormant signature be used again."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    signature = models.ForeignKey(Signature, models.PROTECT, related_name="activations")
    why = models.CharField(_("why"), max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        verbose_name = _("activation of a signature")
        indexes = [*Review.Meta.indexes]
        constraints = [
            *Review.Meta.constraints,
            models.UniqueConstraint(
                fields=["signature"],
                condition=Q(review_state__in=sorted(LIVE - {ReviewState.APPROVED})),
                name="signatureactivation_one_open",
                violation_error_message=_("You have already asked for this; the answer is still to come."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.signature)

    def get_absolute_url(self) -> str:
        return self.signature.get_absolute_url()

    def hold(self) -> None:
        """Its signature before itself, as whoever deletes a signature locks them."""
        ReviewDesk.hold()
        Signature.objects.select_for_update(of=("self",)).filter(pk=self.signature_id).values_list("pk").first()
        super().hold()

    def on_decided(self, *, by: User) -> None:
        from templates_app import signatures

        if self.review_state == ReviewState.APPROVED:
            signatures.awaken(self.signature)
        self.on_noted(ReviewState(self.review_state))

    def on_noted(self, did: ReviewState) -> None:
        notices.tell(
            self.enterprise,
            NoticeKind.SIGNATURE,
            f"signatureactivation.{did}",
            path=self.get_absolute_url(),
            name=self.signature,
            reason=self.reason,
            reason_zh=self.reason_zh,
        )
