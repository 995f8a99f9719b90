"""Importing templates from a spreadsheet: upload, check, confirm, and the rows that failed as a file to mend."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Application
from accounts.models.application import Region
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app.batch import imports, sheets
from templates_app.forms.template_import import TemplateImportForm
from templates_app.models import MessageTemplate, TemplateImport

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@policy("templates.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def template_import_new(request: PersonRequest, region: str) -> HttpResponse:
    enterprise = request.user.enterprise
    assert enterprise is not None  # the policy lets nobody else in
    form = TemplateImportForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_bound and form.is_valid():
        file, token = form.cleaned_data["file"], form.cleaned_data["token"]
        try:
            made = imports.receive(
                enterprise=enterprise, by=request.user, region=region, token=token, name=file.name, chunks=file.chunks()
            )
        except NotAllowed as problem:
            form.add_error("file", str(problem))
        else:
            return redirect("template-import", region=made.region, pk=made.pk)
    context = {
        "form": form,
        "region": Region(region),
        "rows_max": imports.ROWS_MAX,
        "has_application": Application.objects.visible_to(request.user).usable().filter(region=region).exists(),
    }
    return page(request, "templates_app/template_import_new.html", context, status=422 if form.is_bound else 200)


@policy("templates.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def template_import(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    """Before it is confirmed what each row would become, afterwards what it has become."""
    mine = TemplateImport.objects.visible_to(request.user).select_related("enterprise", "by")
    found = get_object_or_404(mine, pk=pk, region=region)
    if request.method == "POST":
        try:
            imports.confirm(found, send_in=request.POST.get("send_in") == "1", by=request.user)
        except NotAllowed as problem:
            messages.error(request, str(problem))
        return redirect("template-import", region=region, pk=pk)
    context = {"found": found, "region": Region(region), "total": len(found.rows)}
    if found.confirmed_at is None:
        checked = imports.check(found)
        context |= {
            "good": [row for row in checked if not row.faults],
            "bad": [row for row in checked if row.faults],
            "drafts": sum(not row.blocking for row in checked),
        }
    else:
        made = MessageTemplate.objects.visible_to(request.user).filter(pk__in=found.made).order_by("pk")
        context |= {"made": made, "number": len(found.results)}
    return page(request, "templates_app/template_import.html", context, part="state")


def _xlsx(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


@policy("templates.edit")
@require_safe
def template_import_sample(request: PersonRequest, region: str) -> HttpResponse:
    return _xlsx(sheets.sample(request.user, region), _("templates sample.xlsx"))


@policy("templates.edit")
@require_safe
def template_import_failed(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = get_object_or_404(TemplateImport.objects.visible_to(request.user), pk=pk, region=region)
    return _xlsx(sheets.failed(found), _("templates to mend.xlsx"))
