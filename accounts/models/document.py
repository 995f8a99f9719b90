"""Files that enterprises hand in as proof: licences, letters. Checked and re-encoded before they are stored.

A stored one is never changed, as a decision may rest on it: the database refuses. Made by `accounts.documents.store`.
"""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.enterprise import Enterprise
from accounts.models.person import Role, User
from console.lib.constraints import one_of
from console.lib.documents import EXTENSIONS


class DocumentPurpose(models.TextChoices):
    LICENCE = "licence", _("Business licence")
    LETTER = "letter", _("Letter of attorney")
    PROOF = "proof", _("Proof")
    IDENTITY = "identity", _("ID card")


# The same as "qualifications.identity" in accounts.permissions, which stands above the models.
SEES_IDENTITY = frozenset({Role.OWNER, Role.ADMIN, Role.REVIEWER, Role.ADMINISTRATOR})


class DocumentQuerySet(models.QuerySet["Document"]):
    def visible_to(self, user: User) -> Self:
        """Those of one's enterprise, ID cards for those who may see them; staff see all."""
        seen = self if user.is_staff_member else self.filter(enterprise_id=user.enterprise_id)
        return seen if user.role in SEES_IDENTITY else seen.exclude(purpose=DocumentPurpose.IDENTITY)


def document_path(document: Document, filename: str) -> str:
    """Random name, so that nothing of what people call their files reaches the disk."""
    return f"documents/{document.enterprise_id}/{uuid.uuid4().hex}"


class Document(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="documents")
    purpose = models.CharField(max_length=10, choices=DocumentPurpose)
    name = models.CharField(max_length=64)  # as it was uploaded
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()  # bytes, as stored
    sha256 = models.CharField(max_length=64)  # of what is stored
    file = models.FileField(upload_to=document_path, max_length=120)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        constraints = [one_of("purpose", DocumentPurpose, "document_purpose_known")]
        indexes = [models.Index(fields=["enterprise", "-id"], name="document_by_enterprise")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def download_name(self) -> str:
        """As it was uploaded, with the ending of what is kept: a GIF is kept as PNG."""
        stem, _dot, extension = self.name.rpartition(".")
        kind = EXTENSIONS.get(extension.lower())
        if kind and kind.content_type == self.content_type:
            return self.name
        return f"{stem}.{self.content_type.rpartition('/')[2]}"
