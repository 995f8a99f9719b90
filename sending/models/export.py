"""Rows of a job as a file to download, made in the background and kept for some days."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Enterprise, User
from console.lib.constraints import one_of
from sending.models.background import MadeFile
from sending.models.job import SendJob


class ExportRows(models.TextChoices):
    """Which rows."""

    ALL = "all", _("All rows")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")  # failed, rejected and expired
    UNKNOWN = "unknown", _("Unknown")
    SKIPPED = "skipped", _("Skipped")
    REFUSED = "refused", _("Refused")


class ExportFormat(models.TextChoices):
    XLSX = "xlsx", "Excel (.xlsx)"
    CSV = "csv", "CSV (UTF-8)"


class JobExportQuerySet(models.QuerySet["JobExport"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id)


class JobExport(MadeFile):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    # The form's token: asked for twice, it is made once.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    job = models.ForeignKey(SendJob, models.CASCADE, related_name="exports")
    which = models.CharField(max_length=9, choices=ExportRows, default=ExportRows.ALL)
    format = models.CharField(max_length=4, choices=ExportFormat, default=ExportFormat.XLSX)
    # As whoever asked may see them: settled when it is asked for.
    full_numbers = models.BooleanField(default=False)
    with_text = models.BooleanField(default=False)
    language = models.CharField(max_length=10)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = JobExportQuerySet.as_manager()

    class Meta(MadeFile.Meta):
        constraints = [
            *MadeFile.Meta.constraints,
            one_of("which", ExportRows, "jobexport_which_known"),
            one_of("format", ExportFormat, "jobexport_format_known"),
        ]
        indexes = [models.Index(fields=["job", "-id"], name="jobexport_by_job")]

    def __str__(self) -> str:
        return f"{self.job} {self.which}.{self.format}"
