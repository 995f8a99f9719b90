"""The page of status codes: what they mean, who says them, what to do."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.permissions import PersonRequest, policy
from console.lib.pages import page
from sending import codes as known
from sending.forms import CodeFilter


@policy("jobs.view")
@require_safe
def codes(request: PersonRequest) -> HttpResponse:
    form = CodeFilter(request.GET)
    rows = known.search(form.chosen.get("q", ""), source=form.chosen.get("source", ""))
    return page(request, "sending/codes.html", {"form": form, "rows": rows, "filtered": bool(form.chosen)}, part="list")
