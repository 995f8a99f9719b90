"""The reviewers' workbench."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from accounts.models import Request, ReviewState, Verification
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import review_facts, rules
from templates_app import reviews as desk
from templates_app.forms import DecisionForm
from templates_app.models import TemplateVersion
from templates_app.views.templates import version_context


def _bench(request: PersonRequest) -> dict[str, Any]:
    decided = request.GET.get("show") == "decided"
    return {"decided": decided, "items": desk.decided() if decided else desk.waiting(request.user)}


@policy("reviews.decide")
def reviews(request: PersonRequest) -> HttpResponse:
    return page(request, "templates_app/reviews.html", _bench(request))


@policy("reviews.decide")
def review(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    if kind not in desk.KINDS:
        raise Http404
    about = desk.KINDS[kind]
    found = about.rows().visible_to(request.user).select_related("decided_by")
    item = get_object_or_404(found, pk=pk)
    form = DecisionForm(request.POST or None, reasons=about.reasons)
    if request.method == "POST" and form.is_valid():
        answer = form.cleaned_data
        approved = answer["decision"] == "approve"
        try:
            desk.decide(item, by=request.user, approve=approved, reason=answer["reason"])
        except NotAllowed as problem:
            form.add_error(None, str(problem))
            item.refresh_from_db()
        else:
            told = _("“%(title)s” is approved.") if approved else _("“%(title)s” is rejected.")
            messages.success(request, told % {"title": about.title(item)})
            return redirect("reviews")
    context = _bench(request) | _item_context(item, kind) | {"form": form, "reasons": about.reasons.choices}
    return page(request, "templates_app/review.html", context, status=422 if form.is_bound else 200)


def _item_context(item: Any, kind: str) -> dict[str, Any]:
    return {
        "item": item,
        "kind": kind,
        "about": desk.KINDS[kind],
        "title": desk.KINDS[kind].title(item),
        "facts": f"templates_app/review_{kind}.html",
        "is_open": item.review_state == ReviewState.IN_REVIEW,
        "history": desk.history(item, for_staff=True),
    } | _facts(item)


def _facts(item: Any) -> dict[str, Any]:
    if isinstance(item, Verification):
        return review_facts.of_verification(item)
    if isinstance(item, Request):
        return review_facts.of_request(item)
    if not isinstance(item, TemplateVersion):
        return {}
    before = desk.compared_with(item)
    return version_context(item) | {
        "before": before,
        "changes": desk.changes(before.text, item.text) if before else [],
        "checks": rules.text_checks(item.text),
    }
