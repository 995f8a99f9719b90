"""The enterprise's signatures: the list, one of them, a new one and one that is changed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts import clock
from accounts.models import Application
from accounts.models.review import ReviewClock
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset
from templates_app import reviews, signature_checks
from templates_app import signatures as deeds
from templates_app.forms.signature import ActivationForm, SignatureForm
from templates_app.forms.signature_list import SignatureFilter
from templates_app.models import Qualification, Signature
from templates_app.models.stage import USABLE
from templates_app.signature_stages import MEANING
from templates_app.views.asked import asked

TEMPLATES_SHOWN = 10


def mine(request: PersonRequest) -> Any:
    return Signature.objects.visible_to(request.user).select_related("application", "enterprise")


@policy("signatures.view")
@require_safe
def signatures(request: PersonRequest) -> HttpResponse:
    query = asked(request)
    form = SignatureFilter(query, by=request.user)
    found = form.narrowed(mine(request).with_stage())
    rows, older = keyset(found, query, {"created": "pk"}, "-created")
    context = {
        "form": form,
        "rows": rows,
        "older": older,
        "filtered": bool(form.chosen),
        "may_edit": may(request.user, "signatures.edit"),
        "has_application": bool(form.applications),
    }
    return page(request, "templates_app/signatures.html", context, part="list")


@policy("signatures.view")
@require_safe
def signature(request: PersonRequest, pk: int) -> HttpResponse:
    related = ("submitted_by", "licence", "letter", "replaces")
    shown = get_object_or_404(mine(request).with_stage().select_related(*related), pk=pk)
    stage = shown.stage
    templates = shown.message_templates.filter(removed_at__isnull=True).order_by("name")
    activation = deeds.open_activation(shown) or shown.activations.order_by("-pk").first()
    context = {
        "signature": shown,
        "stage": stage,
        "is_usable": stage in USABLE,
        "meaning": MEANING[stage],
        "activation": activation,
        "templates": templates[:TEMPLATES_SHOWN],
        "templates_count": templates.count(),
        "resting": deeds.resting(shown),
        "history": reviews.history(shown, for_staff=False),
        "may_edit": may(request.user, "signatures.edit") and not shown.built_in,
        "may_change": shown.review_state in deeds.CHANGEABLE,
        "needs_qualification": deeds.needs_qualification(shown),
        "form": ActivationForm(),
    }
    return page(request, "templates_app/signature.html", context)


@policy("signatures.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def signature_new(request: PersonRequest) -> HttpResponse:
    return _edit(request, None)


@policy("signatures.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def signature_change(request: PersonRequest, pk: int) -> HttpResponse:
    """A rejected or withdrawn one again, as a new one in its place."""
    before = get_object_or_404(mine(request).own().select_related("licence", "letter"), pk=pk)
    if before.review_state not in deeds.CHANGEABLE:
        return redirect("signature", pk=pk)
    return _edit(request, before)


def _edit(request: PersonRequest, before: Signature | None) -> HttpResponse:
    previews = request.POST.get("action") == "preview"
    posted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = SignatureForm(*posted, by=request.user, before=before)
    if posted and not previews and form.is_valid():
        try:
            made = form.submit(by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("signature", pk=made.pk)
    if previews:  # looking is no mistake: only a deed that failed shows errors
        form.errors.clear()
    refused = bool(posted) and not previews
    context = _form_context(request, form, before)
    return page(request, "templates_app/signature_new.html", context, part="live", status=422 if refused else 200)


def _form_context(request: PersonRequest, form: SignatureForm, before: Signature | None) -> dict[str, Any]:
    held = Qualification.objects.visible_to(request.user).filter(review_state__in=deeds.HOLDS)
    applications = form.fields["application"].queryset  # type: ignore[attr-defined]
    value = str(getattr(form["application"].value(), "pk", form["application"].value()) or "")
    chosen: Application | None = next((a for a in applications if str(a.pk) == value), None)
    return {
        "form": form,
        "before": before,
        "findings": signature_checks.findings(form.named),
        "room": deeds.room(chosen) if chosen else None,
        "expected": clock.expected(ReviewClock.TWO_HOURS),
        "has_qualification": held.exists(),
        "may_qualify": may(request.user, "qualifications.edit"),
    }
