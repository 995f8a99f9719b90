"""The list of jobs: filters and order in the address, a page at a time by key; and the filtered list as a file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.permissions import PersonRequest, may, policy
from console.figures import num
from console.lib.pages import page
from console.lib.sheets.tables import write_xlsx
from sending import counts as counting
from sending import job_list
from sending.forms import JobFilter
from sending.models import FileState, JobFile, SendJob
from sending.models.job import SendJobQuerySet
from sending.states import JobStatus, MessageState
from sending.views import figures
from sending.views.drafts import panel
from sending.views.files import XLSX

SIZE = 25
EXPORTED_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One job of a list, with its rows by state; `ready` wait in the queue, `reading` is the file being checked."""

    job: SendJob
    strip: list[tuple[MessageState, int]]
    ready: int
    reading: JobFile | None


def listed(jobs: list[SendJob]) -> list[Listed]:
    """All of them counted by one statement."""
    counts = counting.of_jobs(jobs) if jobs else {}
    reading = {file.job_id: file for file in JobFile.objects.filter(job__in=jobs, state=FileState.READING)}
    return [
        Listed(job, figures.strip(counts[job.pk]), counts[job.pk][MessageState.QUEUED], reading.get(job.pk))
        for job in jobs
    ]


def _sort(request: PersonRequest) -> str:
    sort = request.GET.get("sort", job_list.DEFAULT)
    return sort if sort.removeprefix("-") in job_list.ORDERS else job_list.DEFAULT


def _mine(request: PersonRequest) -> SendJobQuerySet:
    return SendJob.objects.visible_to(request.user).listed()


@policy("jobs.view")
@require_safe
def jobs(request: PersonRequest) -> HttpResponse:
    form, sort = JobFilter(request.GET, by=request.user), _sort(request)
    mine, after = _mine(request), request.GET.get("after", "")
    last = mine.filter(pk=int(after)).first() if after.isdecimal() and len(after) < 19 else None
    found = job_list.ordered(job_list.narrowed(mine, form.chosen), sort, last=last)
    related = ("application", "signature", "version__template", "created_by")
    shown = list(found.select_related(*related)[: SIZE + 1])
    more, shown = len(shown) > SIZE, shown[:SIZE]
    query = request.GET.copy()
    query.pop("after", None)
    context: dict[str, Any] = {
        "form": form,
        "rows": listed(shown),
        "sort": sort,
        "older": str(shown[-1].pk) if more else "",
        "filtered": form.in_words,
        "asked": query.urlencode(),
        "can_send": may(request.user, "jobs.send"),
        **({} if request.headers.get("HX-Request") else panel(request)),
        "polls": any(job.status in {JobStatus.UPLOADED, JobStatus.SENDING} for job in shown),
    }
    return page(request, "sending/jobs.html", context, part="list")


@policy("jobs.view")
@require_safe
def jobs_export(request: PersonRequest) -> HttpResponse:
    """The filtered list in its order. That it was taken is recorded."""
    form = JobFilter(request.GET, by=request.user)
    found = job_list.ordered(job_list.narrowed(_mine(request), form.chosen), _sort(request))
    if found[EXPORTED_MOST:].exists():
        words = _("The list has more than %(n)s jobs. Narrow the filter, for example to a month, and export again.")
        messages.error(request, words % {"n": num(EXPORTED_MOST)})
        return redirect(f"{reverse('jobs')}?{request.GET.urlencode()}")
    file = tempfile.TemporaryFile(prefix="jobs-")  # noqa: SIM115  closed by the response
    write_xlsx(file, _("Jobs"), job_list.headers(), job_list.lines(found))
    file.seek(0)
    audit.record(
        by=request.user,
        verb="job.list_exported",
        object_id=0,
        enterprise_id=request.user.enterprise_id,
        filter=form.in_words,
    )
    name = _("jobs %(day)s") % {"day": timezone.localdate().isoformat()} + ".xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)  # type: ignore[return-value]
