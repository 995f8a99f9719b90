"""Writing a template: one page for a new one and for a draft. It works by posting; htmx asks for its live parts."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from accounts.models import AuditEntry, ReviewState, User
from accounts.models.application import Region
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import drafts, rules
from templates_app.forms import TemplateForm, VariableRow, variable_rows
from templates_app.models import TemplateVersion, VariableKind
from templates_app.models.template import VARIABLES_MAX, cut

# Buttons above the text, as they stand there.
INSERTS = [VariableKind.PHONE, VariableKind.NUMBER, VariableKind.TIME, VariableKind.MONEY, VariableKind.TEXT]


@policy("templates.edit")
def template_new(request: PersonRequest, region: str) -> HttpResponse:
    return _edit(request, region, None)


@policy("templates.edit")
def template_edit(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = TemplateVersion.objects.visible_to(request.user).select_related(
        "template__application", "template__signature__application"
    )
    version = get_object_or_404(found, pk=pk, template__application__region=region)
    if version.review_state != ReviewState.DRAFT and request.method == "GET":
        return redirect("template", region=region, pk=version.template_id)
    return _edit(request, region, version)


def _edit(request: PersonRequest, region: str, version: TemplateVersion | None) -> HttpResponse:
    data = _with_inserted(request.POST) if request.method == "POST" else QueryDict()
    form = _form(request.user, region, version, data)
    rows = _rows(form, version, data)
    action = data.get("action", "")
    if action in ("save", "submit") and form.is_valid() and not any(row.faults for row in rows):
        try:
            saved = _save(form, rows, version, by=request.user, seen=data.get("seen", ""))
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            where = ("template-edit", saved.pk) if action == "save" else ("template", saved.template_id)
            return redirect(where[0], region=region, pk=where[1])
    # An update of the variables or the preview is not a mistake: only a deed that failed shows errors.
    refused = action in ("save", "submit")
    if data and not refused:
        form.errors.clear()
    context = _context(form, rows, version, region=region, seen=data.get("seen", ""))
    return page(request, "templates_app/template_edit.html", context, part="live", status=422 if refused else 200)


def _with_inserted(posted: QueryDict) -> QueryDict:
    """Without scripts a variable's button posts; the variable is put at the end of the text."""
    data = posted.copy()
    if kind := data.get("insert"):
        name = len(rules.names(data.get("text", ""))) + 1
        data["text"] = f"{data.get('text', '')}${{{name}}}"
        data[f"kind-{name}"] = kind
    return data


def _form(user: User, region: str, version: TemplateVersion | None, data: QueryDict) -> TemplateForm:
    initial = TemplateForm.initial_of(drafts.draft_of(version)) if version else {}
    if version and drafts.is_settled(version.template):
        # The approved ones stay: what was posted for them does not count.
        for name in ("name", "type", "application", "signature"):
            if data:
                data[name] = str(initial[name] or "")
    template = version.template if version else None
    return TemplateForm(data or None, by=user, region=region, template=template, initial=initial)


def _rows(form: TemplateForm, version: TemplateVersion | None, data: QueryDict) -> list[VariableRow]:
    known = version.typed_variables if version else []
    return variable_rows(form["text"].value() or "", data, known, check=form.sending_in)


@transaction.atomic
def _save(
    form: TemplateForm, rows: list[VariableRow], version: TemplateVersion | None, *, by: User, seen: str
) -> TemplateVersion:
    saved = drafts.save_draft(form.draft([row.variable for row in rows]), by=by, version=version, seen=seen)
    if form.sending_in:
        drafts.submit(saved, by=by)
    return saved


def _context(
    form: TemplateForm, rows: list[VariableRow], version: TemplateVersion | None, *, region: str, seen: str
) -> dict[str, Any]:
    text = (form["text"].value() or "").replace("\r\n", "\n")
    variables = [row.variable for row in rows]
    mainland = region == Region.MAINLAND
    signature = _signature_name(form)
    checks = rules.text_checks(text) if text else []
    return {
        "form": form,
        "rows": rows,
        "version": version,
        "region": Region(region),
        "mainland": mainland,
        "settled": bool(version and drafts.is_settled(version.template)),
        "seen": seen or (drafts.token(version) if version else ""),
        "saved": _last_save(version),
        "kinds": VariableKind.choices,
        "inserts": INSERTS,
        "variables_max": VARIABLES_MAX,
        "pieces": cut(text),
        "examples": {v.name: v.example for v in variables},
        "signature_name": signature,
        "has_signature": "signature" in form.fields and form.fields["signature"].queryset.exists(),  # type: ignore[attr-defined]
        "size": rules.longest_size(text, variables, signature=signature, mainland=mainland),
        "checks": checks,
        "passed": sum(check.ok for check in checks),
    }


def _signature_name(form: TemplateForm) -> str:
    if "signature" not in form.fields:
        return ""
    value = form["signature"].value()
    pk = str(getattr(value, "pk", value) or "")
    found = form.fields["signature"].queryset.filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None  # type: ignore[attr-defined]
    return found.name if found else ""


def _last_save(version: TemplateVersion | None) -> AuditEntry | None:
    if version is None:
        return None
    saves = AuditEntry.objects.filter(verb="templateversion.saved", object_id=version.pk)
    return saves.select_related("by").order_by("-id").first()
