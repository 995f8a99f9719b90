"""A job that is being put together: what was chosen so far, until its recipients make it a job."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, Enterprise, User
from console.lib.constraints import one_of
from sending.models.recipient_list import RecipientList
from sending.states import Source
from templates_app.models import MessageTemplate, Signature


class JobDraftQuerySet(models.QuerySet["JobDraft"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id)


class JobDraft(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="+")
    # Becomes the job's: a draft that is sent in twice makes one job.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=60, blank=True)
    application = models.ForeignKey(Application, models.PROTECT, null=True, blank=True, related_name="+")
    signature = models.ForeignKey(Signature, models.SET_NULL, null=True, blank=True, related_name="+")
    template = models.ForeignKey(MessageTemplate, models.SET_NULL, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=6, choices=Source, default=Source.FILE)
    numbers = models.TextField(blank=True)  # typed or pasted
    saved_list = models.ForeignKey(RecipientList, models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = JobDraftQuerySet.as_manager()

    class Meta:
        constraints = [one_of("source", Source, "jobdraft_source_known")]
        indexes = [models.Index(fields=["enterprise", "-updated_at"], name="jobdraft_by_enterprise")]

    def __str__(self) -> str:
        return self.name
