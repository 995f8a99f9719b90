"""What people do to a template besides writing it: send in, withdraw, disable, rename, delete one or many."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models.application import Region
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import drafts
from templates_app import template_deeds as deeds
from templates_app.forms.template_import import RenameForm
from templates_app.models import MessageTemplate, TemplateVersion


def _mine(request: PersonRequest, region: str, pk: int) -> MessageTemplate:
    """One of the person's enterprise; also a deleted one, so that whoever deletes it twice reads that it is done."""
    mine = MessageTemplate.objects.of_home(request.user).select_related("application")
    return get_object_or_404(mine, pk=pk, application__region=region)


def _back(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    """To the template, or to the list where it is gone."""
    if MessageTemplate.objects.visible_to(request.user).filter(pk=pk).exists():
        return redirect("template", region=region, pk=pk)
    return redirect("templates", region=region)


def _version_deed(request: PersonRequest, pk: int, do: Callable[..., None]) -> HttpResponse:
    """Do something to a version of one's own and go to its template; what is not possible is said there."""
    found = TemplateVersion.objects.visible_to(request.user).select_related("template__application")
    version = get_object_or_404(found, pk=pk)
    region, back = version.template.application.region, version.template_id
    try:
        do(version, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return _back(request, region, back)


@policy("templates.edit")
@require_POST
def version_submit(request: PersonRequest, pk: int) -> HttpResponse:
    return _version_deed(request, pk, drafts.submit)


@policy("templates.edit")
@require_POST
def version_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    return _version_deed(request, pk, drafts.withdraw)


@policy("templates.edit")
@require_POST
def version_discard(request: PersonRequest, pk: int) -> HttpResponse:
    return _version_deed(request, pk, drafts.discard)


@policy("templates.edit")
@require_POST
def version_new(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = get_object_or_404(MessageTemplate.objects.visible_to(request.user), pk=pk, application__region=region)
    try:
        version = drafts.new_version(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
        return _back(request, region, pk)
    return redirect("template-edit", region=region, pk=version.pk)


@policy("templates.edit")
@require_POST
def template_disable(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    try:
        deeds.disable(_mine(request, region, pk), by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return _back(request, region, pk)


@policy("templates.edit")
@require_POST
def template_delete(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = _mine(request, region, pk)
    try:
        deeds.delete(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("%(name)s is deleted; its name is free again.") % {"name": found.name})
    return _back(request, region, pk)


@policy("templates.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def template_rename(request: PersonRequest, region: str, pk: int) -> HttpResponse:
    found = get_object_or_404(MessageTemplate.objects.visible_to(request.user), pk=pk, application__region=region)
    form = RenameForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if form.is_bound and form.is_valid():
        try:
            deeds.rename(found, form.cleaned_data["name"], by=request.user)
        except NotAllowed as problem:
            form.add_error("name", str(problem))
        else:
            return redirect("template", region=region, pk=pk)
    context = {"form": form, "template": found, "region": Region(region)}
    return page(request, "templates_app/template_rename.html", context, status=422 if form.is_bound else 200)


@policy("templates.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def templates_delete(request: PersonRequest, region: str) -> HttpResponse:
    """Many at once: first a page that asks, then with `confirmed` one that says what became of each."""
    if request.method != "POST":
        return redirect("templates", region=region)
    ids = [int(pk) for pk in request.POST.getlist("template") if pk.isascii() and pk.isdecimal() and len(pk) < 19]
    context: dict[str, object] = {"region": Region(region), "most": deeds.DELETED_AT_ONCE}
    try:
        if request.POST.get("confirmed"):
            context["done"] = deeds.delete_many(ids, by=request.user)
        else:
            deeds.check_number(ids)
            mine = MessageTemplate.objects.visible_to(request.user).filter(application__region=region, pk__in=ids)
            context["chosen"] = mine.with_latest().select_related("application").order_by("name")
    except NotAllowed as problem:
        context["problem"] = str(problem)
    return page(request, "templates_app/templates_delete.html", context, status=422 if "problem" in context else 200)
