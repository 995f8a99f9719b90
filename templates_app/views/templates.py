"""The enterprise's templates: the list, and one of them. What can be done to it is in `template_deeds`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models.application import Region
from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from console.lists import keyset
from templates_app import reviews, rules, template_deeds
from templates_app.forms.template_filter import TemplateFilter
from templates_app.models import MessageTemplate, TemplateVersion
from templates_app.views.asked import asked


@policy("templates.view")
def templates(request: PersonRequest, region: str) -> HttpResponse:
    query = asked(request)
    form = TemplateFilter(query, by=request.user, region=region)
    mine = MessageTemplate.objects.visible_to(request.user).filter(application__region=region).with_latest()
    found = form.apply(mine.select_related("application", "signature"))
    rows, older = keyset(found, query, {"created": "pk", "name": "name"}, "-created")
    context = {
        "templates": rows,
        "older": older,
        "region": Region(region),
        "sort": "-created",
        "form": form,
        "may_edit": may(request.user, "templates.edit"),
        "now": timezone.now(),
        "has_application": bool(form.applications),
        "deleted_at_once": template_deeds.DELETED_AT_ONCE,
    }
    return page(request, "templates_app/templates.html", context)


@policy("templates.view")
def template(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    """One template: the version asked for by `?version=`, else the newest; `?compare=`: against which other one."""
    found = MessageTemplate.objects.visible_to(request.user).select_related("application", "signature")
    shown = get_object_or_404(found, pk=pk, application__region=region)
    versions = list(shown.versions.select_related("submitted_by", "decided_by").order_by("-number"))
    if not versions:
        raise Http404  # its only draft is being discarded at this moment
    for version in versions:
        version.template = shown
    version = _asked_for(request, "version", versions) or versions[0]
    before = _asked_for(request, "compare", versions)
    may_edit = may(request.user, "templates.edit")
    context = {
        "template": shown,
        "versions": versions,
        "newest": versions[0],
        "sent": next((v for v in versions if v.is_sendable), None),
        "region": Region(region),
        "may_edit": may_edit,
        "can": template_deeds.allowed(shown, versions) if may_edit else frozenset(),
        "history": reviews.history(version, for_staff=False),
    }
    if before and before.pk != version.pk:
        context |= {"before": before, "differences": differences(before, version)}
    return page(request, "templates_app/template.html", context | version_context(version))


def _asked_for(request: PersonRequest, name: str, versions: Sequence[TemplateVersion]) -> TemplateVersion | None:
    wanted = request.GET.get(name, "")
    return next((version for version in versions if str(version.number) == wanted), None)


def differences(before: TemplateVersion, now: TemplateVersion) -> dict[str, list[tuple[str, str]]]:
    """What `now` changes in text, variables and purpose, in pieces as of `reviews.changes`; empty where nothing."""
    pairs = {
        "text": (before.text, now.text),
        "variables": (_table(before), _table(now)),
        "purpose": (before.purpose, now.purpose),
    }
    return {name: reviews.changes(*pair) if pair[0] != pair[1] else [] for name, pair in pairs.items()}


def _table(version: TemplateVersion) -> str:
    """The variables as lines."""
    rows = ((v.code, v.kind_label, str(v.longest), v.meaning, v.example) for v in version.typed_variables)
    return "\n".join(" · ".join(filter(None, row)) for row in rows)


def version_context(version: TemplateVersion) -> dict[str, Any]:
    """What is needed to show a version's text, bubble and variables."""
    template = version.template
    signature = template.signature.name if template.signature else ""
    variables = version.typed_variables
    mainland = template.application.is_mainland
    return {
        "version": version,
        "signature_name": signature,
        "head": version.head(signature),
        "mainland": mainland,
        "examples": {v.name: v.example for v in variables},
        "size": rules.longest_size(version.text, variables, signature=signature, mainland=mainland),
    }
