"""Qualifications: proof of the company that owns a signature, and of who acts for it (product reference, 3.2)."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import notices
from accounts.models import Document, Enterprise, NoticeKind, Review, ReviewState, User
from accounts.models.document import DocumentPurpose
from accounts.models.review import LIVE, ReviewClock, ReviewQuerySet
from console.lib import crypto
from console.lib.constraints import one_of


class Purpose(models.TextChoices):
    OWN = "own", _("Self-use")
    THIRD_PARTY = "third_party", _("Third-party business use")


class CertificateKind(models.TextChoices):
    LICENCE = "licence", _("Business licence")
    CREDIT_CODE = "credit_code", _("Unified social credit code certificate")
    PUBLIC_INSTITUTION = "public_institution", _("Public-institution legal-person certificate")
    SOCIAL_ORGANISATION = "social_organisation", _("Social-organisation registration certificate")
    ORGANISATION_CODE = "organisation_code", _("Organisation code certificate")
    LAW_ENFORCEMENT = "law_enforcement", _("Administrative law-enforcement certificate")


class ManagerKind(models.TextChoices):
    LEGAL_PERSON = "legal_person", _("Legal person")
    AGENT = "agent", _("Agent")


class Qualification(Review):
    REVIEW_CLOCK = ReviewClock.THREE_WORKDAYS
    ANSWER_PURPOSE = DocumentPurpose.IDENTITY  # what is asked for may be an ID card
    # Documents, by field, in the order in which they are shown.
    DOCUMENTS = ("certificate", "id_front", "id_back", "id_in_hand", "letter")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="qualifications")
    name = models.CharField(_("name"), max_length=60)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    company = models.CharField(_("company that owns the signature"), max_length=100)
    credit_code = models.CharField(_("unified social credit code"), max_length=18)  # GB 32100-2015
    certificate_kind = models.CharField(_("kind of certificate"), max_length=20, choices=CertificateKind)
    certificate = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("certificate"))
    manager_kind = models.CharField(_("who is responsible"), max_length=12, choices=ManagerKind)
    manager_name = models.CharField(_("name of the responsible person"), max_length=60)
    manager_id = models.BinaryField(editable=False)  # encrypted; see id_number
    # HMAC-SHA-256 of it, hexadecimal: tells the same person elsewhere without a key to the number itself.
    manager_mac = models.CharField(max_length=64, blank=True, editable=False)
    manager_number = models.CharField(_("mobile number"), max_length=16)  # E.164, proved by a code
    manager_number_proved_at = models.DateTimeField(editable=False)
    manager_email = models.EmailField(_("e-mail"))
    id_front = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("ID card, portrait side"))
    id_back = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("ID card, emblem side"))
    id_in_hand = models.ForeignKey(Document, models.PROTECT, related_name="+", verbose_name=_("ID card held in hand"))
    letter = models.ForeignKey(
        Document, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("letter of attorney")
    )
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    declared = models.BooleanField(_("declaration of truth"), default=False)
    # Of the form that it came with, so that one posted twice makes one.
    form = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    # The rejected or withdrawn one that this one was sent in instead of.
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta(Review.Meta):
        verbose_name = _("qualification")
        indexes = [
            *Review.Meta.indexes,
            models.Index(fields=["enterprise", "-id"], name="qualification_by_enterprise"),
            models.Index(fields=["manager_mac"], name="qualification_by_manager"),
            models.Index(fields=["manager_number"], name="qualification_by_number"),
            models.Index(fields=["credit_code"], name="qualification_by_code"),
        ]
        constraints = [
            *Review.Meta.constraints,
            one_of("purpose", Purpose, "qualification_purpose_known"),
            one_of("certificate_kind", CertificateKind, "qualification_certificate_known"),
            one_of("manager_kind", ManagerKind, "qualification_manager_known"),
            models.CheckConstraint(condition=Q(declared=True), name="qualification_declared"),
            models.CheckConstraint(
                condition=~Q(purpose=Purpose.THIRD_PARTY) | Q(letter__isnull=False),
                name="qualification_third_party_has_letter",
            ),
            models.UniqueConstraint(
                fields=["enterprise", "name"],
                condition=Q(removed_at__isnull=True, review_state__in=sorted(LIVE)),
                name="qualification_name_once",
                violation_error_message=_("You already have a qualification with this name."),
            ),
            models.UniqueConstraint(fields=["enterprise", "form"], name="qualification_once_per_form"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("qualification", args=[self.pk])

    @property
    def id_number(self) -> str:
        """Of the responsible person's ID card; for the enterprise's managers and reviewers, never for logs."""
        return crypto.decrypt(bytes(self.manager_id), secret=settings.ENCRYPTION_KEY, owner=self._owner)

    @id_number.setter
    def id_number(self, value: str) -> None:
        self.manager_id = crypto.encrypt(value, secret=settings.ENCRYPTION_KEY, owner=self._owner)
        self.manager_mac = manager_mac(value)

    @property
    def masked_id_number(self) -> str:
        """Three characters in front and two behind, as its own people see it; of short ones less."""
        number = self.id_number
        front, behind = (3, 2) if len(number) > 9 else (1, 1)
        return f"{number[:front]}{'*' * (len(number) - front - behind)}{number[-behind:]}"

    @property
    def _owner(self) -> str:
        return f"qualification:{self.enterprise_id}"

    @property
    def documents(self) -> list[tuple[Any, Document]]:
        """(what it is, the document) of all that were handed in."""
        return [
            (self._meta.get_field(name).verbose_name, document)  # type: ignore[union-attr]
            for name in self.DOCUMENTS
            if (document := getattr(self, name)) is not None
        ]

    def on_decided(self, *, by: User) -> None:
        """The enterprise is told; signatures that have waited for it go to the reviewers, or back."""
        from templates_app import signatures

        self.on_noted(ReviewState(self.review_state))
        signatures.after_qualification(self)

    def on_noted(self, did: ReviewState) -> None:
        notices.tell(
            self.enterprise,
            NoticeKind.QUALIFICATION,
            f"qualification.{did}",
            path=self.get_absolute_url(),
            name=self,
            reason=self.reason,
            reason_zh=self.reason_zh,
        )


# 18 characters (GB 11643-1999); people of other countries have passports of other forms.
ID_NUMBER = re.compile(r"[0-9A-Za-z]{5,20}")


def manager_mac(id_number: str) -> str:
    """The same for the same number, and nothing to learn it from without the key."""
    data = id_number.strip().upper().encode()
    return crypto.mac(data, secret=settings.ENCRYPTION_KEY, purpose="manager-id").hex()
