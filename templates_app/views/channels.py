"""The administrators' part of signatures: their channel numbers, and taking back an approval of any kind."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import ReviewState
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset
from templates_app import channels as deeds
from templates_app import reviews, taking_back
from templates_app.forms.deactivation import DeactivationForm
from templates_app.forms.signature_list import ChannelFilter, ChannelForm
from templates_app.models import Signature
from templates_app.models.signature import Registration
from templates_app.views.asked import asked


@policy("channels.edit")
@require_safe
def channels(request: PersonRequest) -> HttpResponse:
    """Approved signatures that have come as far as `?registration=` says, the oldest first."""
    query = asked(request)
    form = ChannelFilter(query)
    return _list(request, form, query)


def _list(request: PersonRequest, form: ChannelFilter, query: Any, extra: dict[str, Any] | None = None) -> HttpResponse:
    rows, older = keyset(form.found().select_related("enterprise", "application"), query, {"pk": "pk"}, "pk")
    now = form.registration_asked
    counts = dict(
        Signature.objects.own()
        .approved()
        .filter(removed_at__isnull=True)
        .values_list("registration")
        .annotate(Count("pk"))
        .order_by()
    )
    context = {
        "form": form,
        "rows": rows,
        "older": older,
        "wrong_is_shown": extra is not None and any(row.pk == extra["wrong_pk"] for row in rows),
        "now": now,
        "counts": [(state, state.label, counts.get(state.value, 0)) for state in Registration],
        "following": [state for state in Registration if state in deeds.MOVES[now]],
        "suggestion": deeds.suggestion(),
        "filtered": bool(form.cleaned_data.get("q")),
    } | (extra or {})
    return page(request, "templates_app/channels.html", context, status=422 if extra else 200)


@policy("channels.edit")
@require_POST
def channel(request: PersonRequest, pk: int) -> HttpResponse:
    """Record one signature's number and registration; what was wrong is said in its row, with what was typed."""
    signature = get_object_or_404(Signature.objects.own().filter(enterprise__is_platform=False), pk=pk)
    form = ChannelForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            deeds.assign(
                signature, said["number"], by=request.user, to=Registration(said["to"]), words=said["words"],
                seen=Registration(said["seen"]),
            )  # fmt: skip
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            told = {
                "name": signature,
                "number": signature.channel_number,
                "state": signature.get_registration_display(),
            }
            messages.success(request, _("%(name)s: %(number)s, %(state)s.") % told)
            return redirect(f"{reverse('channels')}?registration={said['seen']}")
    faults = [words for said in form.errors.values() for words in said]
    seen = ChannelFilter({"registration": request.POST.get("seen", "")})
    return _list(request, seen, asked(request), {"wrong_pk": pk, "typed": form, "faults": faults})


@policy("channels.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def review_deactivate(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    """Ask once more, with what it brings about, then take the approval back."""
    if kind not in taking_back.KINDS:
        raise Http404
    found = reviews.KINDS[kind].rows().visible_to(request.user)
    item = get_object_or_404(found, pk=pk)
    form = DeactivationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            taking_back.take_back(item, by=request.user, **form.cleaned_data)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("“%(title)s” is deactivated.") % {"title": reviews.KINDS[kind].title(item)})
            return redirect("review", kind=kind, pk=pk)
    context = {
        "form": form,
        "item": item,
        "kind": kind,
        "title": reviews.KINDS[kind].title(item),
        "is_approved": item.review_state == ReviewState.APPROVED and not item.built_in,
        "effect": taking_back.effect(item),
    }
    return page(request, "templates_app/deactivate.html", context, status=422 if form.is_bound else 200)
