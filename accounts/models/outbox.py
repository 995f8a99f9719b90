"""Mails and texts of the platform itself, stored with the deed that causes them and sent afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from accounts.models.enterprise import Enterprise
from accounts.models.person import User
from console.lib.constraints import one_of

CODE_VALID = timedelta(minutes=10)
# Of what happened longer ago nobody wants to hear by SMS; it stands in the console and in a mail.
NOTICE_VALID = timedelta(hours=24)


class MailState(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    KEPT = "kept"  # the demo has no mail server: shown on a page instead
    GIVEN_UP = "given_up"


class OutgoingMail(models.Model):
    recipient = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=MailState, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(auto_now_add=True)
    fault = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [one_of("state", MailState, "outgoingmail_state_known")]
        indexes = [
            models.Index(fields=["not_before"], name="outgoingmail_waiting", condition=Q(state=MailState.WAITING))
        ]

    def __str__(self) -> str:
        return self.subject


class OutgoingText(models.Model):
    """An SMS of the platform; `sending` hands it to the engine, whose ledger knows what became of it."""

    # Whom it is about or who asked for it; null: the platform's own staff.
    enterprise = models.ForeignKey(Enterprise, models.CASCADE, null=True, related_name="+")
    number = models.CharField(max_length=16)  # E.164
    text = models.CharField(max_length=500)  # emptied after a day
    urgent = models.BooleanField(default=False)  # a code somebody waits for
    created_at = models.DateTimeField(auto_now_add=True)
    message_id = models.BigIntegerField(null=True, unique=True)  # in the ledger, once handed over

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="outgoingtext_waiting", condition=Q(message_id__isnull=True)),
            models.Index(fields=["number", "created_at"], name="outgoingtext_by_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number[:3]}****{self.number[-4:]}"

    @property
    def ends_at(self) -> datetime:
        """From then on it would only mislead: a code that counts no longer, news of yesterday."""
        return self.created_at + (CODE_VALID if self.urgent else NOTICE_VALID)


class OwnNumberQuerySet(models.QuerySet["OwnNumber"]):
    def visible_to(self, user: User) -> Self:
        """Those of one's enterprise; staff (who have none) see none."""
        return self.filter(enterprise_id=user.enterprise_id) if user.enterprise_id else self.none()

    def verified(self) -> Self:
        return self.filter(verified_at__isnull=False)


class CodedNumber(models.Model):
    """A mobile number that is proved by a code sent to it; see `accounts.own_numbers`."""

    CODE_PURPOSE: ClassVar[str]  # of its codes' key

    number = models.CharField(max_length=16)  # E.164
    code_hash = models.CharField(max_length=64, blank=True, editable=False)  # HMAC-SHA-256, hexadecimal
    code_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    enterprise_id: int

    def __str__(self) -> str:
        return f"{self.number[:3]}****{self.number[-4:]}"


class OwnNumber(CodedNumber):
    """A mobile number that somebody of the enterprise has proved to hold."""

    CODE_PURPOSE = "own-number-code"

    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="own_numbers")
    verified_at = models.DateTimeField(null=True, blank=True)

    objects = OwnNumberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "number"], name="ownnumber_once"),
        ]


class OwnNumberCode(models.Model):
    """That a code was sent: what the limits count, so that removing a number starts nothing anew. Kept for two days."""

    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="+")
    number = models.CharField(max_length=16)  # E.164
    sent_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["number", "-sent_at"], name="ownnumbercode_by_number"),
            models.Index(fields=["enterprise", "-sent_at"], name="ownnumbercode_by_enterprise"),
        ]

    def __str__(self) -> str:
        return f"{self.number[:3]}****{self.number[-4:]}"
