"""One message to everybody in one or several files: one send job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Application, Enterprise, User
from console.lib.constraints import one_of
from console.lib.errors import NotAllowed
from sending.states import JOB_MOVES, JobStatus, LatePolicy
from templates_app.models import Signature, TemplateVersion


class SendJobQuerySet(models.QuerySet["SendJob"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(enterprise_id=user.enterprise_id)

    def listed(self) -> Self:
        """Without the test messages, which stand at their job."""
        return self.filter(test_of__isnull=True)

    def due(self) -> Self:
        """Scheduled for now or earlier, by the database's clock."""
        return self.filter(status=JobStatus.SCHEDULED, scheduled_at__lte=Now())


class SendJob(models.Model):
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="jobs")
    # The upload form's token: a form posted twice makes one job.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=60)
    application = models.ForeignKey(Application, models.PROTECT, related_name="+")
    version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="jobs")
    signature = models.ForeignKey(Signature, models.PROTECT, null=True, blank=True, related_name="+")
    priority = models.PositiveSmallIntegerField()  # from the message type; smaller goes first
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.UPLOADED)

    # Ids of this job's messages: first_id + position among all rows. The block is reserved when reading begins.
    first_id = models.BigIntegerField(null=True, unique=True)
    total = models.PositiveIntegerField(default=0)  # rows of all its files
    # Rows up to here, by position, were confirmed: nothing beyond is ever claimed.
    released = models.PositiveIntegerField(default=0)
    # Of which job failed or unknown rows are sent again; which job this is a test message of.
    resend_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="resends")
    resend_which = models.CharField(max_length=7, blank=True)  # a key of states.RESENDABLE
    test_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="tests")

    # Null: the platform itself, for its codes and notices.
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True)
    scheduled_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Rows still queued by then are withheld: too late is worse than not at all. Null: no end.
    send_until = models.DateTimeField(null=True, editable=False)
    # Of a scheduled job that is started so many minutes late.
    late_policy = models.CharField(max_length=4, choices=LatePolicy, default=LatePolicy.SEND)
    late_minutes = models.PositiveIntegerField(default=60)
    # Segments a second at most; null: as fast as the carriers take them.
    speed_limit = models.PositiveIntegerField(null=True)

    objects = SendJobQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", JobStatus, "sendjob_status_known"),
            models.CheckConstraint(
                condition=~Q(status=JobStatus.SCHEDULED) | Q(scheduled_at__isnull=False),
                name="sendjob_scheduled_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[JobStatus.SCHEDULED, JobStatus.SENDING, JobStatus.PAUSED, JobStatus.DONE])
                | Q(confirmed_by__isnull=False)
                | Q(created_by__isnull=True),
                name="sendjob_sent_only_when_confirmed",
            ),
            models.CheckConstraint(condition=Q(released__lte=F("total")), name="sendjob_releases_what_it_has"),
            models.CheckConstraint(condition=~Q(speed_limit=0), name="sendjob_speed_is_no_pause"),
            one_of("late_policy", LatePolicy, "sendjob_late_policy_known"),
        ]
        indexes = [
            models.Index(fields=["enterprise", "-id"], name="sendjob_by_enterprise"),
            models.Index(
                fields=["status", "scheduled_at"],
                name="sendjob_open",
                condition=Q(status__in=[JobStatus.UPLOADED, JobStatus.SCHEDULED, JobStatus.SENDING, JobStatus.PAUSED]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def head(self) -> str:
        """The signature in the template's brackets, as it stands before each text; empty where there is none."""
        return self.version.head(self.signature.name) if self.signature else ""

    @property
    def release_end(self) -> int:
        """The id at which what may be claimed ends."""
        return (self.first_id or 0) + self.released

    @transaction.atomic
    def move(self, to: JobStatus, *, by: User | None, facts: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """The only place a job's status changes; of several who try, one wins and the others get NotAllowed.

        `facts` go on record with it.
        """
        before = [old for old, after in JOB_MOVES.items() if to in after]
        if not SendJob.objects.filter(pk=self.pk, status__in=before).update(status=to, **fields):
            self.refresh_from_db()
            raise NotAllowed(
                _("This job is “%(now)s” and cannot become “%(to)s”.")
                % {"now": JobStatus(self.status).label, "to": to.label}
            )
        self.refresh_from_db()
        audit.record(
            by=by,
            verb=f"job.{to}",
            object_id=self.pk,
            enterprise_id=self.enterprise_id,
            label=self.name,
            **(facts or {}),
        )
