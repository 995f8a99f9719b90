from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.models import Application, ReviewState
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset
from templates_app import reviews
from templates_app import signatures as deeds
from templates_app.forms import SignatureForm
from templates_app.models import Signature
from templates_app.views.asked import asked


@policy("signatures.view")
def signatures(request: PersonRequest) -> HttpResponse:
    found = Signature.objects.visible_to(request.user).select_related("application")
    query = asked(request)
    if (state := query.get("state")) in ReviewState.values:
        found = found.filter(review_state=state)
    rows, older = keyset(found, query, {"created": "pk"}, "-created")
    context = {
        "signatures": rows,
        "older": older,
        "may_edit": may(request.user, "signatures.edit"),
        "has_application": Application.objects.visible_to(request.user).filter(region="cn").exists(),
    }
    return page(request, "templates_app/signatures.html", context)


@policy("signatures.edit")
def signature_new(request: PersonRequest) -> HttpResponse:
    like = request.GET.get("like", "")
    before = (
        Signature.objects.visible_to(request.user).filter(pk=like).first()
        if like.isdecimal() and len(like) < 19
        else None
    )
    initial = {key: getattr(before, key) for key in ("name", "type", "application", "purpose")} if before else {}
    form = SignatureForm(request.POST or None, by=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        signature = form.save(commit=False)
        try:
            deeds.submit(signature, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("signature", pk=signature.pk)
    return page(request, "templates_app/signature_new.html", {"form": form}, status=422 if form.is_bound else 200)


@policy("signatures.view")
def signature(request: PersonRequest, pk: int) -> HttpResponse:
    found = Signature.objects.visible_to(request.user).select_related("application", "enterprise", "submitted_by")
    shown = get_object_or_404(found, pk=pk)
    context = {
        "signature": shown,
        "history": reviews.history(shown, for_staff=False),
        "may_edit": may(request.user, "signatures.edit"),
    }
    return page(request, "templates_app/signature.html", context)


@policy("signatures.edit")
@require_POST
def signature_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Signature.objects.visible_to(request.user), pk=pk)
    try:
        deeds.withdraw(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("signature", pk=pk)
