"""The list of jobs: what a filter leaves of it, its order by key, and the whole of it as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from sending import counts
from sending.models import SendJob
from sending.models.job import SendJobQuerySet
from sending.states import STRIP_ORDER, JobStatus

# What the list is sorted by: a word of the address, and the field behind it.
ORDERS = {"created": "id", "name": "name", "rows": "total"}
DEFAULT = "-created"
_CHUNK = 500


def narrowed(jobs: SendJobQuerySet, chosen: Mapping[str, Any]) -> SendJobQuerySet:
    """Those that fit; `chosen` as of JobFilter, its days in the present time zone."""
    ways = {
        "q": "name__icontains",
        "status": "status",
        "application": "application",
        "type": "version__template__type",
        "template": "version__template",
        "person": "created_by",
    }
    jobs = jobs.filter(**{way: chosen[name] for name, way in ways.items() if name in chosen})
    zone = timezone.get_current_timezone()
    assert isinstance(zone, ZoneInfo)
    if since := chosen.get("since"):
        jobs = jobs.filter(created_at__gte=datetime.combine(since, time(), zone))
    if until := chosen.get("until"):
        jobs = jobs.filter(created_at__lt=datetime.combine(until + timedelta(days=1), time(), zone))
    return jobs


def ordered(jobs: SendJobQuerySet, sort: str, *, last: SendJob | None = None) -> SendJobQuerySet:
    """In order, and only what comes after the job `last`. The order of creation is that of the ids."""
    down = sort.startswith("-")
    compare, order = ("lt", "-") if down else ("gt", "")
    field = ORDERS[sort.removeprefix("-")]
    if last is not None:
        beyond = Q(**{f"id__{compare}": last.pk})
        if field != "id":
            value = getattr(last, field)
            beyond = Q(**{f"{field}__{compare}": value}) | Q(**{field: value}) & beyond
        jobs = jobs.filter(beyond)
    return jobs.order_by(*dict.fromkeys([f"{order}{field}", f"{order}id"]))


def headers() -> list[str]:
    zone = {"zone": timezone.get_current_timezone_name()}
    found = [_("Job"), _("Name"), _("State"), _("Application"), _("Type"), _("Signature"), _("Template"), _("Rows")]
    found += [str(state.label) for state in STRIP_ORDER]
    times = (_("Created (%(zone)s)"), _("Scheduled (%(zone)s)"), _("Started (%(zone)s)"), _("Ended (%(zone)s)"))
    return [*found, *(words % zone for words in times), _("Created by"), _("Confirmed by")]


def lines(jobs: SendJobQuerySet) -> Iterator[list[str]]:
    """A line for each job, counted some hundreds at a time."""
    related = ("application", "signature", "version__template", "created_by", "confirmed_by")
    waiting = jobs.select_related(*related).iterator(chunk_size=_CHUNK)
    while some := list(islice(waiting, _CHUNK)):
        counted = counts.of_jobs(some)
        for job in some:
            yield _line(job, [counted[job.pk][state] for state in STRIP_ORDER])


def _line(job: SendJob, by_state: list[int]) -> list[str]:
    template = job.version.template
    return [
        str(job.pk),
        job.name,
        str(JobStatus(job.status).label),
        job.application.name,
        str(template.get_type_display()),
        job.signature.name if job.signature else "",
        f"{template.name} v{job.version.number}",
        str(job.total),
        *map(str, by_state),
        *(_moment(at) for at in (job.created_at, job.scheduled_at, job.started_at, job.finished_at)),
        job.created_by.name if job.created_by else "",
        job.confirmed_by.name if job.confirmed_by else "",
    ]


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else ""
