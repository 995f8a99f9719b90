"""The record of deeds: a page of it, and as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit, audit_rows
from accounts.forms.audit import AuditFilter
from accounts.models import AuditEntry, User
from accounts.permissions import PersonRequest, policy
from console.lib.pages import page
from console.lib.sheets import write_rows
from console.lib.sheets.plain import csv_lines
from console.lists import keyset

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = ("csv", "xlsx")
XLSX_ROWS = 100_000
CHUNK = 2_000


def _found(form: AuditFilter) -> QuerySet[AuditEntry]:
    """The filtered entries, newest first."""
    if form.unknown:
        return AuditEntry.objects.none()
    return audit_rows.narrowed(audit_rows.visible_to(form.by, form.whose), form.chosen, reader=form.by).order_by("-pk")


@policy("audit.view")
@require_safe
def entries(request: PersonRequest) -> HttpResponse:
    form = AuditFilter(request.GET, by=request.user)
    query = request.GET.copy()
    if len(query.get("after", "")) > 18:
        del query["after"]
    found, older = keyset(_found(form), query, {"at": "pk"}, "-at")
    query.pop("after", None)
    context: dict[str, Any] = {
        "form": form,
        "rows": [audit_rows.row(entry, reader=request.user) for entry in cast(list[AuditEntry], found)],
        "older": older,
        "filtered": bool(form.chosen),
        "whose": form.whose,
        "asked": query.urlencode(),
    }
    return page(request, "accounts/audit.html", context, part="list")


@policy("audit.view")
@require_safe
def export(request: PersonRequest, kind: str) -> HttpResponse:
    """The filtered list as a file, newest first. That it was taken is recorded, and not in the file itself."""
    if kind not in KINDS:
        raise Http404
    form = AuditFilter(request.GET, by=request.user)
    found = _found(form)
    if kind == "xlsx" and found[XLSX_ROWS:].exists():
        words = _("An Excel file holds up to %(n)s entries here. Narrow the filter, or take the CSV file.")
        messages.error(request, words % {"n": f"{XLSX_ROWS:,}"})
        return redirect(f"{reverse('audit')}?{request.GET.urlencode()}")
    whose = form.whose
    entry = audit.record(
        by=request.user,
        verb="audit.exported",
        object_id=whose.pk if whose else 0,
        enterprise_id=whose.pk if whose else None,
        label=str(whose or ""),
        format=kind,
        filter=form.chosen,
    )
    rows = _lines(found.filter(pk__lt=entry.pk), request.user)
    name = _("audit %(day)s") % {"day": timezone.localdate().isoformat()} + f".{kind}"
    return _sheet(rows, name) if kind == "xlsx" else _csv(rows, name)


def _csv(rows: Iterator[list[str]], name: str) -> HttpResponse:
    response = StreamingHttpResponse(csv_lines(_headings(), rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response  # type: ignore[return-value]  # answered in pieces, which only the handler notices


def _sheet(rows: Iterator[list[str]], name: str) -> HttpResponse:
    file = tempfile.TemporaryFile(prefix="audit-")  # noqa: SIM115  closed by the response
    write_rows(file, _headings(), rows, name=_("Audit"))
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)  # type: ignore[return-value]


def _headings() -> list[str]:
    zone = _("Time (%(zone)s)") % {"zone": timezone.get_current_timezone_name()}
    what = [_("Who"), _("What"), _("Verb"), _("Object"), _("Object number"), _("Name")]
    return [_("Entry"), zone, *what, _("Enterprise"), _("From where"), _("Before"), _("After"), _("Details")]


def _lines(found: QuerySet[AuditEntry], reader: User) -> Iterator[list[str]]:
    for entry in found.iterator(chunk_size=CHUNK):
        row = audit_rows.row(entry, reader=reader)
        yield [
            str(row.id),
            f"{timezone.localtime(row.at):%Y-%m-%d %H:%M:%S}",
            *(row.who, row.did, row.verb, row.kind, str(row.object_id), row.label, row.enterprise, row.origin),
            "; ".join(f"{change.name}: {change.before}" for change in row.changes),
            "; ".join(f"{change.name}: {change.after}" for change in row.changes),
            "; ".join(f"{name}: {value}" for name, value in row.facts),
        ]
