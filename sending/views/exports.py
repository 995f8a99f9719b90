"""Exports of a job: asking for one, watching it being made, fetching it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from sending import counts, exports
from sending.forms import ExportForm
from sending.models import ExportFormat, ExportRows, JobExport, MakingState, SendJob
from sending.views.files import XLSX
from sending.views.job import find

SHOWN = 50
TYPES = {ExportFormat.XLSX: XLSX, ExportFormat.CSV: "text/csv; charset=utf-8"}


@policy("jobs.view")
@require_http_methods(["GET", "HEAD", "POST"])
def job_exports(request: PersonRequest, pk: int) -> HttpResponse:
    job = find(request, pk)
    counted = counts.of_job(job)
    posted = request.POST if request.method == "POST" else None
    form = ExportForm(posted, by=request.user, counts=counted, initial={"which": request.GET.get("which")})
    if posted is not None and form.is_valid():
        data = form.cleaned_data
        try:
            exports.ask(
                job,
                by=request.user,
                token=data["token"],
                which=ExportRows(data["which"]),
                made_as=ExportFormat(data["format"]),
                with_text=bool(data.get("with_text")),
            )
        except NotAllowed as problem:
            messages.error(request, str(problem))
        return redirect("job-exports", pk=pk)
    context = {"job": job, "form": form, "masked": not may(request.user, "numbers.full")} | _listed(request, job)
    return page(request, "sending/exports.html", context, part="list", status=422 if form.errors else 200)


def _listed(request: PersonRequest, job: SendJob) -> dict[str, Any]:
    mine = JobExport.objects.visible_to(request.user).filter(job=job).select_related("created_by")
    rows = [(export, exports.may_fetch(export, request.user)) for export in mine.order_by("-pk")[:SHOWN]]
    return {
        "rows": rows,
        "days": exports.KEPT.days,
        "polls": any(export.state == MakingState.WAITING for export, _fetched in rows),
    }


@policy("jobs.view")
@require_safe
def job_export(request: PersonRequest, pk: int, export: int) -> HttpResponse:
    """The file, for who may see now what stands in it. That it was fetched is recorded."""
    mine = JobExport.objects.visible_to(request.user).select_related("job")
    found = get_object_or_404(mine, pk=export, job_id=pk, state=MakingState.READY)
    if not exports.may_fetch(found, request.user):
        raise PermissionDenied
    try:
        file = found.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    exports.fetched(found, by=request.user)
    name = exports.file_name(found)
    kind = TYPES[ExportFormat(found.format)]
    return FileResponse(file, as_attachment=True, filename=name, content_type=kind)  # type: ignore[return-value]
