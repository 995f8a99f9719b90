"""Real-name verification, as the enterprise sees it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import verification as deeds
from accounts.forms.verification import VerificationForm
from accounts.models import ReviewState, Verification
from accounts.permissions import PersonRequest, may, policy
from accounts.views.enterprise import own
from console.lib.errors import NotAllowed
from console.lib.pages import page


def mine(request: PersonRequest) -> Any:
    found = Verification.objects.visible_to(request.user)
    return found.select_related("licence", "submitted_by", "enterprise")


@policy("enterprise.view")
@require_safe
def verification(request: PersonRequest) -> HttpResponse:
    """The newest submission, and those before it."""
    return _answer(request, mine(request).order_by("-pk").first())


@policy("enterprise.view")
@require_safe
def verification_submission(request: PersonRequest, pk: int) -> HttpResponse:
    return _answer(request, get_object_or_404(mine(request), pk=pk))


def _answer(request: PersonRequest, shown: Verification | None) -> HttpResponse:
    history = list(mine(request).order_by("-pk")[:50])
    is_open = bool(history) and history[0].review_state in deeds.OPEN
    context = {
        "shown": shown,
        "history": history,
        "enterprise": own(request),
        "is_newest": bool(history) and history[0] == shown,
        "may_submit": may(request.user, "verification.submit") and not is_open,
        "may_withdraw": may(request.user, "verification.submit"),
    }
    return page(request, "accounts/verification.html", context)


@policy("verification.submit")
@require_http_methods(["GET", "HEAD", "POST"])
def verification_new(request: PersonRequest) -> HttpResponse:
    enterprise = own(request)
    before = deeds.latest(enterprise)
    if before and before.review_state in deeds.OPEN:  # sent in a moment ago, by a form posted twice or somebody else
        return redirect("verification")
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    fields = (*deeds.FACTS, "legal_person")
    form = VerificationForm(*posted, before=before, initial={f: getattr(before or enterprise, f, "") for f in fields})
    if posted and form.is_valid():
        try:
            deeds.submit(form.claim, enterprise=enterprise, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("verification")
    rejected = before if before and before.review_state == ReviewState.REJECTED else None
    context = {"form": form, "before": before, "rejected": rejected, "enterprise": enterprise}
    return page(request, "accounts/verification_new.html", context, status=422 if posted else 200)


@policy("verification.submit")
@require_POST
def verification_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    try:
        deeds.withdraw(get_object_or_404(mine(request), pk=pk), by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("verification")
