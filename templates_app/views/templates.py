"""The enterprise's templates: list, one of them, and what can be done to it besides writing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import Application, ReviewState
from accounts.models.application import Region
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset
from templates_app import drafts, reviews, rules
from templates_app.models import MessageTemplate, TemplateVersion
from templates_app.views.asked import asked


@policy("templates.view")
def templates(request: PersonRequest, region: str) -> HttpResponse:
    found: Any = MessageTemplate.objects.visible_to(request.user).filter(application__region=region).with_latest()
    query = asked(request)
    if (state := query.get("state")) in ReviewState.values:
        found = found.filter(latest_state=state)
    if name := query.get("name", "").strip():
        found = found.filter(name__icontains=name)
    found = found.select_related("application", "signature")
    rows, older = keyset(found, query, {"created": "pk", "name": "name"}, "-created")
    context = {
        "templates": rows,
        "older": older,
        "region": Region(region),
        "sort": "-created",
        "filtered": state in ReviewState.values or bool(name),
        "states": ReviewState.choices,
        "may_edit": may(request.user, "templates.edit"),
        "now": timezone.now(),
        "has_application": Application.objects.visible_to(request.user).filter(region=region).exists(),
    }
    return page(request, "templates_app/templates.html", context)


@policy("templates.view")
def template(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    """One template: the version asked for by `?version=`, else the newest."""
    found = MessageTemplate.objects.visible_to(request.user).select_related("application", "signature")
    shown = get_object_or_404(found, pk=pk, application__region=region)
    versions = list(shown.versions.select_related("submitted_by").order_by("-number"))
    wanted = request.GET.get("version", "")
    version = next((v for v in versions if str(v.number) == wanted), versions[0])
    context = {
        "template": shown,
        "versions": versions,
        "newest": versions[0],
        "region": Region(region),
        "may_edit": may(request.user, "templates.edit"),
        "history": reviews.history(version, for_staff=False),
    }
    return page(request, "templates_app/template.html", context | version_context(version))


def version_context(version: TemplateVersion) -> dict[str, Any]:
    """What is needed to show a version's text, bubble and variables."""
    template = version.template
    signature = template.signature.name if template.signature else ""
    variables = version.typed_variables
    mainland = template.application.is_mainland
    return {
        "version": version,
        "signature_name": signature,
        "mainland": mainland,
        "examples": {v.name: v.example for v in variables},
        "size": rules.longest_size(version.text, variables, signature=signature, mainland=mainland),
    }


def _deed(request: PersonRequest, pk: int, do: Callable[..., None]) -> HttpResponse:
    """Do something to a version of one's own and go to its template; what is not possible is said there."""
    found = TemplateVersion.objects.visible_to(request.user).select_related("template__application")
    version = get_object_or_404(found, pk=pk)
    region, back = version.template.application.region, version.template_id
    try:
        do(version, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    if not MessageTemplate.objects.filter(pk=back).exists():
        return redirect("templates", region=region)
    return redirect("template", region=region, pk=back)


@policy("templates.edit")
@require_POST
def version_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    return _deed(request, pk, drafts.withdraw)


@policy("templates.edit")
@require_POST
def version_discard(request: PersonRequest, pk: int) -> HttpResponse:
    return _deed(request, pk, drafts.discard)


@policy("templates.edit")
@require_POST
def version_new(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = get_object_or_404(MessageTemplate.objects.visible_to(request.user), pk=pk, application__region=region)
    try:
        version = drafts.new_version(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
        return redirect("template", region=region, pk=pk)
    return redirect(reverse("template-edit", kwargs={"region": region, "pk": version.pk}))
