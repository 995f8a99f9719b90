"""Spreadsheets a job gives back: its refused rows with the reason, and a sample to fill in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import lru_cache, partial
from urllib.parse import quote

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.permissions import PersonRequest, may, policy
from console.lib import phone
from console.lib.sheets.tables import write_xlsx
from sending.intake import labels, samples
from sending.intake.columns import HEADING, forms
from sending.models import FileState, Message, SendJob, Source
from sending.places import Places
from sending.states import MessageState, Problem
from sending.views.findings import reason
from sending.views.job import find
from templates_app.models import TemplateVersion

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 5_000


@policy("jobs.send")
@require_safe
def refused_file(request: PersonRequest, pk: int) -> HttpResponse:
    """The rows to correct, with whole numbers: they are what people uploaded for this job. Those of saved lists and of
    earlier jobs are not, and masked for whom all numbers are. That it was fetched is recorded.
    """
    job = find(request, pk)
    if not job.total:
        raise Http404
    file = tempfile.TemporaryFile(prefix="refused-")  # noqa: SIM115  closed by the response
    masked = not may(request.user, "numbers.full")
    write_xlsx(file, _("Refused rows"), _headings(job), _refused(job, masked=masked))
    length = file.seek(0, os.SEEK_END)
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
    """As in the file that came where they were understood, so that the corrected rows are understood by themselves."""
    file = job.files.counted().exclude(state=FileState.LEFT_OUT).first()
    used = file.summary.get("columns", {}) if file else {}
    ways = file.summary.get("found_by", {}) if file else {}
    number = used["number"] if ways.get("number") == HEADING else _("Mobile number")
    understood = {name: used["values"][name] for name, way in (ways.get("values") or {}).items() if way == HEADING}
    variables = job.version.typed_variables
    usual = samples.headers(variables, taken=forms(number))
    named = [understood.get(variable.name, header) for variable, header in zip(variables, usual, strict=True)]
    return [number, *named, _("Row in the file"), _("Reason")]


def _refused(job: SendJob, *, masked: bool) -> Iterator[list[str]]:
    """Those that nobody has corrected, of all files but the ones that were left out."""
    places, width = Places.of(job), len(job.version.typed_variables)
    why = lru_cache(maxsize=2_000)(partial(reason, job))
    for file in places.files:
        if file.state == FileState.LEFT_OUT:
            continue
        rows = Message.objects.filter(state=MessageState.INVALID, id__gte=file.first_id, id__lt=file.end_id)
        fields = rows.exclude(code=Problem.SUPERSEDED).order_by("id")
        named = fields.values_list("raw", "number", "values", "row", "code", "detail")
        hide = masked and file.source in {Source.LIST, Source.RESEND}
        for raw, number, values, row, code, detail in named.iterator(chunk_size=CHUNK):
            filled = [*values, *[""] * (width - len(values))][:width]
            typed = phone.mask(raw or number) if hide else raw or phone.plain(number)
            yield [typed, *filled, labels.label(row, file.number), why(code, detail)]


@policy("jobs.view")
@require_safe
def template_sample(request: PersonRequest, version: int) -> HttpResponse:
    mine = TemplateVersion.objects.visible_to(request.user).select_related("template__application")
    found = get_object_or_404(mine, pk=version)
    response = HttpResponse(samples.sample_file(found, get_language() or "en"), content_type=XLSX)
    name = _("sample %(template)s.xlsx") % {"template": found.template.name}
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
