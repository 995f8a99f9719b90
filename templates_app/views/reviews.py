"""The reviewers' workbench."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from accounts.models import ReviewState
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import reviews as desk
from templates_app import rules
from templates_app.forms import DecisionForm
from templates_app.models import TemplateVersion
from templates_app.views.templates import version_context


def _bench(request: PersonRequest) -> dict[str, Any]:
    decided = request.GET.get("show") == "decided"
    return {"decided": decided, "items": desk.decided() if decided else desk.waiting(), "reasons": desk.Reason.choices}


@policy("reviews.decide")
def reviews(request: PersonRequest) -> HttpResponse:
    return page(request, "templates_app/reviews.html", _bench(request))


@policy("reviews.decide")
def review(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    if kind not in desk.KINDS:
        raise Http404
    found = desk.KINDS[kind].objects.visible_to(request.user).select_related("enterprise", "submitted_by", "decided_by")
    item = get_object_or_404(found, pk=pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = form.cleaned_data
        try:
            desk.decide(item, by=request.user, approve=answer["decision"] == "approve", reason=answer["reason"])
        except NotAllowed as problem:
            form.add_error(None, str(problem))
            item.refresh_from_db()
        else:
            return redirect("reviews")
    context = _bench(request) | _item_context(item, kind) | {"form": form}
    return page(request, "templates_app/review.html", context, status=422 if form.is_bound else 200)


def _item_context(item: Any, kind: str) -> dict[str, Any]:
    context: dict[str, Any] = {
        "item": item,
        "kind": kind,
        "is_open": item.review_state == ReviewState.IN_REVIEW,
        "history": desk.history(item, for_staff=True),
    }
    if isinstance(item, TemplateVersion):
        before = desk.compared_with(item)
        context |= version_context(item)
        context |= {
            "before": before,
            "changes": desk.changes(before.text, item.text) if before else [],
            "checks": rules.text_checks(item.text),
        }
    return context
