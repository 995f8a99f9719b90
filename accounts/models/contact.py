"""Who is told of results and alarms (product reference, 1.5), and the notices themselves."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import User
from console.lib.constraints import one_of

CONTACTS_MAX = 10


class NoticeKind(models.TextChoices):
    """What notices are about. The first five are switches of a contact; the last is mailed to owners and admins."""

    QUALIFICATION = "qualification", _("Qualification results")
    SIGNATURE = "signature", _("Signature results")
    TEMPLATE = "template", _("Template results")
    TRAFFIC = "traffic", _("Traffic alarms")
    PACKAGE = "package", _("Package alarms")
    ACCOUNT = "account", _("Account")


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id) if user.enterprise_id else self.none()


class Contact(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="contacts")
    name = models.CharField(_("name"), max_length=60)
    number = models.CharField(_("mobile number"), max_length=16, blank=True)  # E.164
    email = models.EmailField(_("e-mail"), blank=True)
    qualification = models.BooleanField(NoticeKind.QUALIFICATION.label, default=True)
    signature = models.BooleanField(NoticeKind.SIGNATURE.label, default=True)
    template = models.BooleanField(NoticeKind.TEMPLATE.label, default=True)
    traffic = models.BooleanField(NoticeKind.TRAFFIC.label, default=True)
    package = models.BooleanField(NoticeKind.PACKAGE.label, default=True)
    # Of its notices; what the person who added the contact reads, until somebody changes it.
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(number="", email=""),
                name="contact_can_be_reached",
                violation_error_message=_("Give a mobile number, an e-mail address, or both."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id) if user.enterprise_id else self.none()


class Notice(models.Model):
    """One line of an enterprise's inbox. `code` and `facts` make the sentence, in the reader's language."""

    enterprise = models.ForeignKey(Enterprise, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=15, choices=NoticeKind)
    code = models.CharField(max_length=60)  # "signature.approved"; see accounts.notices
    facts = models.JSONField(default=dict)
    path = models.CharField(max_length=200, blank=True)  # of the page it is about
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [one_of("kind", NoticeKind, "notice_kind_known")]
        indexes = [models.Index(fields=["enterprise", "-id"], name="notice_by_enterprise")]

    def __str__(self) -> str:
        return self.code
