"""What the enterprise asks the platform for: its list, asking, one of them, taking it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import requests as deeds
from accounts.forms.request import RequestForm
from accounts.models import Enterprise, Request
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset

KEY_MAX = 18  # digits of an id that a database can hold


@policy("requests.view")
def listing(request: PersonRequest) -> HttpResponse:
    query = request.GET.copy()
    if len(query.get("after", "")) > KEY_MAX:
        del query["after"]
    rows, older = keyset(Request.objects.visible_to(request.user), query, {"asked": "pk"}, "-asked")
    context = {"rows": rows, "older": older, "may_edit": may(request.user, "requests.edit")}
    return page(request, "accounts/requests.html", context)


@policy("requests.edit")
def new(request: PersonRequest) -> HttpResponse:
    """First the kind (`?kind=`), then its form."""
    enterprise = get_object_or_404(Enterprise, pk=request.user.enterprise_id)
    offered, kind = deeds.offered(enterprise), request.GET.get("kind", "")
    if kind not in deeds.KINDS or (request.method != "POST" and kind not in offered):
        kinds = [(choice, deeds.KINDS[choice].about) for choice in offered]
        return page(request, "accounts/request_kinds.html", {"kinds": kinds})
    form = RequestForm(request.POST or None, enterprise=enterprise, kind=kind)
    if request.method == "POST" and form.is_valid():
        asked = form.save(commit=False)
        try:
            deeds.submit(asked, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("request", pk=asked.pk)
    context = {"form": form, "asked": form.instance, "due": Request.REVIEW_CLOCK.due(timezone.now())}
    return page(request, "accounts/request_new.html", context, status=422 if form.is_bound else 200)


@policy("requests.view")
def detail(request: PersonRequest, pk: int) -> HttpResponse:
    found = Request.objects.visible_to(request.user).select_related("submitted_by")
    context = {"asked": get_object_or_404(found, pk=pk), "may_edit": may(request.user, "requests.edit")}
    return page(request, "accounts/request.html", context)


@policy("requests.edit")
@require_POST
def withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    asked = get_object_or_404(Request.objects.visible_to(request.user), pk=pk)
    try:
        deeds.withdraw(asked, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("request", pk=pk)
