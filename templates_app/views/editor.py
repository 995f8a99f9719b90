"""Writing a template: one page for a new one and for a draft. It works by posting; htmx asks for its live parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect

from accounts import clock
from accounts.models import AuditEntry, ReviewState, User
from accounts.models.application import Region
from accounts.permissions import PersonRequest, policy
from console.lib import countries
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import drafts, prechecks, rules
from templates_app.forms import variables as table
from templates_app.forms.template import ROWS, SETTLED, TemplateForm, plain_lines
from templates_app.forms.variables import VariableRow
from templates_app.models import MessageTemplate, TemplateVersion, VariableKind
from templates_app.models.template import VARIABLES_MAX, Brackets, cut

# Buttons above the text, as they stand there.
INSERTS = [VariableKind.PHONE, VariableKind.NUMBER, VariableKind.TIME, VariableKind.MONEY, VariableKind.TEXT]
LONGER = [VariableKind.NEW_TEXT, VariableKind.LONG_TEXT]
DEEDS = ("save", "submit")


@policy("templates.edit")
def template_new(request: PersonRequest, region: str) -> HttpResponse:
    """`?like=` the number of a template of the enterprise: begin with all that it has."""
    like = request.GET.get("like", "")
    if request.method == "POST" or not (like.isascii() and like.isdecimal() and len(like) < 19):
        return _edit(request, region, None)
    found = MessageTemplate.objects.visible_to(request.user).select_related("application", "signature")
    template = get_object_or_404(found, pk=like, application__region=region, created_by__isnull=False)
    return _edit(request, region, None, like=drafts.like(template))


@policy("templates.edit")
def template_edit(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = TemplateVersion.objects.visible_to(request.user).select_related(
        "template__application__enterprise", "template__signature__application"
    )
    version = get_object_or_404(found, pk=pk, template__application__region=region)
    if version.review_state != ReviewState.DRAFT and request.method == "GET":
        return redirect("template", region=region, pk=version.template_id)
    return _edit(request, region, version)


@dataclass
class Desk:
    """What the editor works on: the form as posted or as stored, its rows, and what the check says of both."""

    form: TemplateForm
    region: str
    data: QueryDict
    version: TemplateVersion | None
    draft: drafts.Draft | None  # as stored, or what to begin with

    @cached_property
    def text(self) -> str:
        return plain_lines(self.form["text"].value() or "")

    @cached_property
    def rows(self) -> list[VariableRow]:
        known = self.draft.variables if self.draft else []
        return table.variable_rows(self.text, self.data, known, check=self.form.sending_in)

    @cached_property
    def results(self) -> list[rules.Result]:
        form = self.form
        return prechecks.of_text(
            self.text,
            [row.variable for row in self.rows],
            type=form.held("type") or "",
            application=form.held("application"),
            signature=form.held("signature"),
            mainland=self.region == Region.MAINLAND,
            universal=bool(form.held("universal")),
            brackets=form.held("brackets") or Brackets.CHINESE,
            countries=form.held("countries") or (),
            countries_needed=not self.settled,
            template_id=self.version.template_id if self.version else None,
        )

    @cached_property
    def settled(self) -> bool:
        return bool(self.version and drafts.is_settled(self.version.template))


def _edit(
    request: PersonRequest, region: str, version: TemplateVersion | None, *, like: drafts.Draft | None = None
) -> HttpResponse:
    desk = _desk(request, region, version, like)
    action = desk.data.get("action", "")
    form = desk.form
    if action in DEEDS and _may_save(desk):
        try:
            saved = _save(desk, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            where = ("template-edit", saved.pk) if action == "save" else ("template", saved.template_id)
            return redirect(where[0], region=region, pk=where[1])
    # An update of the variables or the preview is not a mistake: only a deed that failed shows errors.
    refused = action in DEEDS
    if desk.data and not refused:
        form.is_valid()
        form.errors.clear()
    status = 422 if refused else 200
    return page(request, "templates_app/template_edit.html", _context(desk), part="live", status=status)


def _desk(request: PersonRequest, region: str, version: TemplateVersion | None, like: drafts.Draft | None) -> Desk:
    data = table.with_inserted(request.POST) if request.method == "POST" else QueryDict()
    if data.get("action") == "renumber":
        data = table.renumbered(data)
    draft = drafts.draft_of(version) if version else like
    initial = TemplateForm.initial_of(draft) if draft else {}
    if version and data and drafts.is_settled(version.template):
        data = _as_approved(data, initial)
    template = version.template if version else None
    form = TemplateForm(data or None, by=request.user, region=region, template=template, initial=initial)
    return Desk(form, region, data, version, draft)


def _as_approved(data: QueryDict, initial: dict[str, Any]) -> QueryDict:
    """What was approved stays: what was posted for it does not count."""
    data = data.copy()
    for name in SETTLED:
        value = initial[name]
        data.setlist(name, value if isinstance(value, list) else [str(value)] if value else [])
    return data


def _may_save(desk: Desk) -> bool:
    form, sound = desk.form, True
    if form.sending_in:
        if not form.errors.get("text"):
            form.refuse(desk.results)
        sound = not any(result.is_fault and result.code in ROWS for result in desk.results)
    return form.is_valid() and sound


@transaction.atomic
def _save(desk: Desk, *, by: User) -> TemplateVersion:
    draft = desk.form.draft([row.variable for row in desk.rows])
    saved = drafts.save_draft(draft, by=by, version=desk.version, seen=desk.data.get("seen", ""))
    if desk.form.sending_in:
        drafts.submit(saved, by=by)
    return saved


def _context(desk: Desk) -> dict[str, Any]:
    form, version = desk.form, desk.version
    shapes = _shapes(desk)
    return {
        "form": form,
        "rows": desk.rows,
        "shapes": shapes,
        # Parts that stay as they are are left alone: somebody may be typing in them.
        "changed": {name: shape != desk.data.get(name) for name, shape in shapes.items()},
        "version": version,
        "region": Region(desk.region),
        "mainland": desk.region == Region.MAINLAND,
        "settled": desk.settled,
        "seen": desk.data.get("seen", "") or (drafts.token(version) if version else ""),
        "saved": _last_save(version),
        "kinds": table.KINDS,
        "inserts": INSERTS,
        "longer": LONGER,
        "older": list(table.OLD_CODES.items()),
        "variables_max": VARIABLES_MAX,
        "expected": clock.expected(TemplateVersion.REVIEW_CLOCK),
    } | _seen_on_phone(desk) | _checked(desk) | _countries(desk)  # fmt: skip


def _shapes(desk: Desk) -> dict[str, str]:
    """What the live parts look like, by the hidden field in which each says so."""
    form = desk.form
    shapes = {"shown": table.shape_of(desk.rows)}
    if "signature" in form.fields:
        application, signature = form.held("application"), form.held("signature")
        values = (form.held("type"), application and application.pk, bool(form.held("universal")))
        shapes["shown_signature"] = "/".join(map(str, (*values, signature and signature.pk)))
    if "countries" in form.fields:
        shapes["shown_countries"] = "/".join(
            [desk.data.get("find_country", ""), *sorted(form["countries"].value() or ())]
        )
    return shapes


def _seen_on_phone(desk: Desk) -> dict[str, Any]:
    """The message with the examples and with the longest values, and how long both are."""
    signature, mainland = desk.form.held("signature"), desk.region == Region.MAINLAND
    text = desk.text[: table.LOOKED_AT]
    variables = [row.variable for row in desk.rows]
    name = signature.name if signature and not desk.form.held("universal") else ""
    head = rules.in_brackets(name, desk.form.held("brackets") or Brackets.CHINESE)
    views = {
        "example": {v.name: v.example for v in variables},
        "longest": rules.longest_values(variables),
    }
    return {
        "pieces": cut(text),
        "variables": variables,
        "head": head,
        "views": [
            (name, values, rules.measure(rules.rendered(text, values, head=head), mainland=mainland))
            for name, values in views.items()
        ],
        "size": rules.longest_size(text, variables, signature=name, mainland=mainland),
        "signature_count": desk.form.fields["signature"].queryset.count() if mainland else 0,  # type: ignore[attr-defined]
        "universal": bool(desk.form.held("universal")),
    }


def _checked(desk: Desk) -> dict[str, Any]:
    results = desk.results if desk.text else []
    return {
        "results": results,
        "passed": sum(result.ok for result in results),
        "open": sum(not result.ok for result in results),
        "may_renumber": any(result.code == "variable_order" for result in results),
    }


def _countries(desk: Desk) -> dict[str, Any]:
    """The chosen ones, and the others that are searched for: by name in either language, or by code."""
    if "countries" not in desk.form.fields:
        return {}
    chosen = set(desk.form["countries"].value() or ())
    wanted = desk.data.get("find_country", "").strip()[:60]
    found = countries.search(wanted)
    choices = countries.choices()
    return {
        "wanted": wanted,
        "chosen": [(code, name) for code, name in choices if code in chosen],
        "others": [(code, name) for code, name in choices if code not in chosen and code in found],
    }


def _last_save(version: TemplateVersion | None) -> AuditEntry | None:
    if version is None:
        return None
    saves = AuditEntry.objects.filter(verb="templateversion.saved", object_id=version.pk)
    return saves.select_related("by").order_by("-id").first()
