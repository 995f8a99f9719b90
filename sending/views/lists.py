"""Saved lists of recipients: all of them, one with its first rows, saving one from a job, deleting one."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import PersonRequest, may, policy
from console.lib import phone
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset
from sending import recipient_lists
from sending.forms import ListForm
from sending.models import JobFile, MakingState, RecipientList, SendJob

FIRST_ROWS = 20
USES = 10
KEY_MAX = 18  # digits of an id that a database can hold


@policy("lists.view")
@require_safe
def lists(request: PersonRequest) -> HttpResponse:
    query = request.GET.copy()
    if len(query.get("after", "")) > KEY_MAX:
        del query["after"]
    mine = RecipientList.objects.visible_to(request.user).select_related("job", "created_by")
    rows, older = keyset(mine, query, {"saved": "pk", "name": "name"}, "-saved")
    context: dict[str, Any] = {
        "rows": rows,
        "older": older,
        "polls": any(held.state == MakingState.WAITING for held in cast("list[RecipientList]", rows)),
        "can_edit": may(request.user, "lists.edit"),
    }
    return page(request, "sending/lists.html", context, part="list")


@policy("lists.view")
@require_safe
def recipient_list(request: PersonRequest, pk: int) -> HttpResponse:
    mine = RecipientList.objects.visible_to(request.user).select_related("job", "created_by")
    held = get_object_or_404(mine, pk=pk)
    masked, shows_values = not may(request.user, "numbers.full"), may(request.user, "messages.text")
    first = recipient_lists.first_rows(held, most=FIRST_ROWS) if held.state == MakingState.READY else []
    context: dict[str, Any] = {
        "held": held,
        "columns": held.columns if shows_values else held.columns[:1],
        "first": [_shown(row, masked=masked, shows_values=shows_values) for row in first],
        "masked": masked,
        "shows_values": shows_values,
        "uses": JobFile.objects.filter(saved_list=held).select_related("job").order_by("-pk")[:USES],
        "can_edit": may(request.user, "lists.edit"),
        "can_send": may(request.user, "jobs.send"),
        "waits": held.state == MakingState.WAITING,
    }
    return page(request, "sending/list.html", context, part="list")


def _shown(row: list[str], *, masked: bool, shows_values: bool) -> list[str]:
    number = phone.mask(row[0]) if masked else row[0]
    return [number, *row[1:]] if shows_values else [number]


@policy("lists.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def list_new(request: PersonRequest) -> HttpResponse:
    """Of the job in the address."""
    number = request.GET.get("job", "")
    if not number.isdecimal() or len(number) > KEY_MAX:
        raise Http404
    job = get_object_or_404(SendJob.objects.visible_to(request.user).listed(), pk=int(number))
    form = ListForm(request.POST if request.method == "POST" else None, initial={"name": job.name})
    if form.is_bound and form.is_valid():
        try:
            held = recipient_lists.save(job, by=request.user, name=form.cleaned_data["name"])
        except recipient_lists.NameTaken as problem:
            form.add_error("name", str(problem))
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("list", pk=held.pk)
    why = recipient_lists.obstacle(job)
    context = {"job": job, "form": form, "obstacle": why, "rows": 0 if why else recipient_lists.how_many(job)}
    return page(request, "sending/list_new.html", context, status=422 if form.errors else 200)


@policy("lists.edit")
@require_POST
def list_delete(request: PersonRequest, pk: int) -> HttpResponse:
    held = get_object_or_404(RecipientList.objects.visible_to(request.user), pk=pk)
    recipient_lists.remove(held, by=request.user)
    messages.success(request, _("The list “%(name)s” is deleted.") % {"name": held.name})
    return redirect("lists")
