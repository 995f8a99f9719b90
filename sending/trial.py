"""Sending before the real name is verified: to the enterprise's own verified numbers only, 50 messages a day.

A day ends at midnight in the platform's zone: the enterprise chooses its own, and could begin a new day every hour.
What counts on it is what left then, and what is bound to leave then: the queued rows of jobs that are sending, and of
those scheduled for that day. Who wants to send holds the enterprise's row while it counts, so two confirmations at once
cannot both take the last places.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Enterprise, OwnNumber
from console.figures import num
from console.lib.errors import NotAllowed
from sending.models import JobStatus, Message, MessageState, SendJob

DAILY = 50
_BEGUN = [JobStatus.SENDING, JobStatus.PAUSED, JobStatus.DONE, JobStatus.STOPPED]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a job stands to the rules of the trial: its queued rows, those of them to numbers of others, and the day."""

    rows: int
    foreign: int
    used: int  # of the day's messages, by others and by what left of this job
    day: date
    most: int = DAILY

    @property
    def left(self) -> int:
        return max(0, self.most - self.used)

    @property
    def never(self) -> str:
        """Why this job cannot be sent on trial at all; empty where it can."""
        if self.foreign:
            return ngettext(
                "%(n)s of %(rows)s rows goes to a number that is not one of your own verified ones. Until your real "
                "name is verified, you send to those only. Verify the real name, or prove the number to be yours.",
                "%(n)s of %(rows)s rows go to numbers that are not your own verified ones. Until your real name is "
                "verified, you send to those only. Verify the real name, or prove the numbers to be yours.",
                self.foreign,
            ) % {"n": num(self.foreign), "rows": num(self.rows)}
        if self.rows > self.most:
            return _(
                "This job has %(rows)s messages, and until your real name is verified at most %(most)s leave a day. "
                "Verify the real name, or upload a shorter file."
            ) % {"rows": num(self.rows), "most": num(self.most)}
        return ""

    @property
    def that_day(self) -> str:
        """Why it cannot be sent on `day`, though on another; empty where it can."""
        if self.rows <= self.left:
            return ""
        return ngettext(
            "Until your real name is verified, at most %(most)s messages leave a day, and for %(day)s %(left)s is "
            "left; this job has %(rows)s. Send it on another day, or verify the real name.",
            "Until your real name is verified, at most %(most)s messages leave a day, and for %(day)s %(left)s are "
            "left; this job has %(rows)s. Send it on another day, or verify the real name.",
            self.left,
        ) % {
            "most": num(self.most),
            "left": num(self.left),
            "rows": num(self.rows),
            "day": f"{date_format(self.day, 'Y-m-d', use_l10n=False)} ({settings.TIME_ZONE})",
        }


def of(job: SendJob, *, at: datetime | None = None) -> Trial | None:
    """As it stands now for sending at `at` (now); None where the enterprise is not on trial."""
    enterprise = Enterprise.objects.get(pk=job.enterprise_id)
    return None if _is_free(enterprise) else _measure(job, enterprise, at or timezone.now())


def check(job: SendJob, *, at: datetime | None = None) -> None:
    """Raises NotAllowed where the rules of the trial do not let the job be sent at `at` (now)."""
    _refuse(of(job, at=at))


def admit(job: SendJob, *, at: datetime | None = None) -> None:
    """As `check`, and until the end of the transaction nobody else of this enterprise is admitted."""
    enterprise = Enterprise.objects.get(pk=job.enterprise_id)
    if _is_free(enterprise):
        return
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=job.enterprise_id)
    if not _is_free(enterprise):
        _refuse(_measure(job, enterprise, at or timezone.now()))


def _is_free(enterprise: Enterprise) -> bool:
    return enterprise.is_verified or enterprise.is_platform


def _refuse(trial: Trial | None) -> None:
    if trial and (why := trial.never or trial.that_day):
        raise NotAllowed(why)


def _measure(job: SendJob, enterprise: Enterprise, at: datetime) -> Trial:
    zone = zoneinfo.ZoneInfo(settings.TIME_ZONE)
    day = at.astimezone(zone).date()
    queued = Message.objects.of_job(job).filter(state=MessageState.QUEUED)
    own = OwnNumber.objects.filter(enterprise=enterprise).verified().values_list("number", flat=True)
    return Trial(
        rows=queued.count(),
        foreign=queued.exclude(number__in=list(own)).count(),
        used=_used(job, enterprise, day, zone),
        day=day,
    )


def _used(job: SendJob, enterprise: Enterprise, day: date, zone: zoneinfo.ZoneInfo) -> int:
    """Messages of `day` besides the queued ones of `job`; not counted on once the day is full.

    A job that the clock has just started goes before those that are only scheduled.
    """
    begin = datetime.combine(day, time.min, tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    status = SendJob.objects.values_list("status", flat=True).get(pk=job.pk)
    statuses = _BEGUN if status == JobStatus.SENDING else [*_BEGUN, JobStatus.SCHEDULED]
    others = SendJob.objects.filter(enterprise=enterprise, status__in=statuses).exclude(finished_at__lt=begin)
    used = 0
    for other in others.only("first_id", "status", "scheduled_at"):
        counted = Q(submitted_at__gte=begin, submitted_at__lt=end) & ~Q(state=MessageState.QUEUED)
        leaves_at = timezone.now() if other.status == JobStatus.SENDING else other.scheduled_at
        bound = other.status in (JobStatus.SENDING, JobStatus.SCHEDULED) and leaves_at and begin <= leaves_at < end
        if bound and other.pk != job.pk:
            counted |= Q(state=MessageState.QUEUED)
        used += Message.objects.of_job(other).filter(counted).count()  # by its block of ids: the key finds them
        if used >= DAILY:
            break
    return used
