"""A sheet of templates that was uploaded: its rows between the check and the confirmation, then what became of them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Enterprise, User
from accounts.models.application import Region
from console.lib.constraints import one_of

# After it the rows are forgotten; the templates stay.
KEPT = timedelta(days=1)


class TemplateImportQuerySet(models.QuerySet["TemplateImport"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id)

    def under_way(self) -> Self:
        return self.filter(confirmed_at__isnull=False, done_at__isnull=True)


class TemplateImport(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    region = models.CharField(max_length=4, choices=Region)
    # Made by the form that uploads, so that a form sent twice is one import.
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    file_name = models.CharField(max_length=200)
    # [{"row": number in the sheet, "cells": {column: text}, "hidden": whether the sheet hides it}]
    rows = models.JSONField()
    # Chosen when it is confirmed: sent in for review, or kept as drafts.
    send_in = models.BooleanField(null=True)
    # {number of a row: {"template": id} | {"faults": [words]}}
    results = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    objects = TemplateImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import of templates")
        constraints = [one_of("region", Region, "templateimport_region_known")]
        indexes = [
            models.Index(fields=["created_at"], name="templateimport_by_age"),
            models.Index(
                fields=["confirmed_at"],
                condition=Q(confirmed_at__isnull=False, done_at__isnull=True),
                name="templateimport_under_way",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("template-import", kwargs={"region": self.region, "pk": self.pk})

    @property
    def made(self) -> list[int]:
        """Ids of the templates it has made."""
        return [result["template"] for result in self.results.values() if "template" in result]

    @property
    def failed(self) -> list[tuple[dict[str, Any], list[str]]]:
        """Its rows that became nothing, with what is wrong with each."""
        wrong = {key: result["faults"] for key, result in self.results.items() if "faults" in result}
        return [(row, wrong[str(row["row"])]) for row in self.rows if str(row["row"]) in wrong]
