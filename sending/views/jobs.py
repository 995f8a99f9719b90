"""The list of jobs: filters and order in the address, a page at a time by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from sending import counts as counting
from sending.forms import JobFilter
from sending.models import SendJob
from sending.models.job import SendJobQuerySet
from sending.states import JobStatus, MessageState
from sending.views import figures

SIZE = 25
SORTS = ("-created", "created", "name", "-name")


@dataclass(frozen=True, slots=True)
class Listed:
    """One job of a list, with its rows by state."""

    job: SendJob
    strip: list[tuple[MessageState, int]]


def listed(jobs: list[SendJob]) -> list[Listed]:
    """All of them counted by one statement."""
    counts = counting.of_jobs(jobs) if jobs else {}
    return [Listed(job, figures.strip(counts[job.pk])) for job in jobs]


@policy("jobs.view")
@require_safe
def jobs(request: PersonRequest) -> HttpResponse:
    form = JobFilter(request.GET, by=request.user)
    sort = request.GET.get("sort", SORTS[0])
    sort = sort if sort in SORTS else SORTS[0]
    mine = SendJob.objects.visible_to(request.user)
    found = _ordered(mine, _chosen(mine, form), sort, request.GET.get("after", ""))
    shown = list(found.select_related("version__template", "created_by")[: SIZE + 1])
    more, shown = len(shown) > SIZE, shown[:SIZE]
    context: dict[str, Any] = {
        "form": form,
        "rows": listed(shown),
        "sort": sort,
        "older": str(shown[-1].pk) if more else "",
        "filtered": _in_words(form),
        "can_send": may(request.user, "jobs.send"),
        "polls": any(job.status in {JobStatus.UPLOADED, JobStatus.SENDING} for job in shown),
    }
    return page(request, "sending/jobs.html", context, part="list")


def _chosen(found: SendJobQuerySet, form: JobFilter) -> SendJobQuerySet:
    chosen = form.chosen
    if "q" in chosen:
        found = found.filter(name__icontains=chosen["q"])
    if "status" in chosen:
        found = found.filter(status=chosen["status"])
    if "template" in chosen:
        found = found.filter(version__template=chosen["template"])
    return found


def _in_words(form: JobFilter) -> str:
    """The filter, for the sentence that says that nothing fits it."""
    chosen = form.chosen
    words: list[str | Promise] = []
    if "q" in chosen:
        words.append(_("name contains “%(words)s”") % {"words": chosen["q"]})
    if "status" in chosen:
        words.append(_("state is %(state)s") % {"state": JobStatus(chosen["status"]).label})
    if "template" in chosen:
        words.append(_("template is %(template)s") % {"template": chosen["template"]})
    return ", ".join(map(str, words))


def _ordered(mine: SendJobQuerySet, found: SendJobQuerySet, sort: str, after: str) -> SendJobQuerySet:
    """In order, and only what comes after the job `after`. The order of creation is that of the ids."""
    down = sort.startswith("-")
    compare, order = ("lt", "-") if down else ("gt", "")
    last = mine.filter(pk=int(after)).first() if after.isdecimal() and len(after) < 19 else None
    by_name = sort.endswith("name")
    if last is not None:
        beyond = Q(**{f"id__{compare}": last.pk})
        if by_name:
            beyond = Q(**{f"name__{compare}": last.name}) | Q(name=last.name) & beyond
        found = found.filter(beyond)
    return found.order_by(f"{order}name", f"{order}id") if by_name else found.order_by(f"{order}id")
