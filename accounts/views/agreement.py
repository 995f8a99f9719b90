"""The service agreement, as people of an enterprise read and accept it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import agreements, origin
from accounts.models import Acceptance
from accounts.permissions import PersonRequest, policy
from accounts.views.enterprise import own
from accounts.views.sign_in import safe_next
from console.lib.errors import NotAllowed
from console.lib.pages import page

SHOWN = 100


@policy("agreement.read")
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: PersonRequest) -> HttpResponse:
    if request.method == "POST":
        number = request.POST.get("number", "")
        try:
            known = int(number) if number.isdecimal() and len(number) < 10 else 0
            agreements.accept(request.user, number=known, origin=origin.current())
        except NotAllowed as problem:
            messages.error(request, str(problem))
            return redirect("agreement")
        return redirect(safe_next(request, "agreement"))
    ours = Acceptance.objects.filter(enterprise=own(request))
    context = {
        "agreement": agreements.current(),
        "mine": ours.filter(user=request.user).select_related("agreement").order_by("-agreement__number"),
        "acceptances": ours.select_related("user", "agreement").order_by("-at")[:SHOWN],
        "is_missing": agreements.missing(request.user) is not None,
    }
    return page(request, "accounts/agreement.html", context)
