"""Spreadsheets a job gives back: its refused rows with the reason, and a sample to fill in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from urllib.parse import quote

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.permissions import PersonRequest, policy
from console.lib.sheets import write_rows
from sending.intake import problems, upload
from sending.models import Message, SendJob
from sending.states import MessageState
from sending.views.job import find
from templates_app.models import TemplateVersion

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 5_000


@policy("jobs.send")
@require_safe
def refused_file(request: PersonRequest, pk: int) -> HttpResponse:
    """The rows to correct, with whole numbers: they are what the person uploaded. That it was fetched is recorded."""
    job = find(request, pk)
    if not job.total:
        raise Http404
    file = tempfile.TemporaryFile(prefix="refused-")  # noqa: SIM115  closed by the response
    write_rows(file, _headings(job), _refused(job), name=_("Refused rows"))
    length = file.tell()
    file.seek(0)
    audit.record(
        by=request.user,
        verb="job.refused_exported",
        object_id=job.pk,
        enterprise_id=job.enterprise_id,
        label=job.name,
    )
    name = _("job %(id)s refused rows.xlsx") % {"id": job.pk}
    response = FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
    response["Content-Length"] = str(length)
    return response  # type: ignore[return-value]  # a file is answered in pieces, which only the handler notices


def _headings(job: SendJob) -> list[str]:
    """As in the file that came, so that the corrected rows are understood the same way."""
    used = job.summary.get("columns") or {}
    of_values = used.get("values") or {}
    unread = upload.headers(job.version.typed_variables)
    variables = [of_values.get(v.name) or header for v, header in zip(job.version.typed_variables, unread, strict=True)]
    return [used.get("number") or _("Number"), *variables, _("Row in the file"), _("Reason")]


def _refused(job: SendJob) -> Iterator[list[object]]:
    variables, allowed = job.version.typed_variables, job.version.template.countries
    refused = Message.objects.of_job(job).filter(state=MessageState.INVALID).order_by("id")
    fields = refused.values_list("raw", "number", "values", "row", "code", "detail")
    for raw, number, values, row, code, detail in fields.iterator(chunk_size=CHUNK):
        filled = [*values, *[""] * (len(variables) - len(values))][: len(variables)]
        yield [raw or number, *filled, row, problems.describe_problem(code, detail, variables, allowed)]


@policy("jobs.view")
@require_safe
def template_sample(request: PersonRequest, version: int) -> HttpResponse:
    mine = TemplateVersion.objects.visible_to(request.user).select_related("template__application")
    found = get_object_or_404(mine, pk=version)
    response = HttpResponse(upload.sample_file(found, get_language() or "en"), content_type=XLSX)
    name = _("sample %(template)s.xlsx") % {"template": found.template.name}
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
