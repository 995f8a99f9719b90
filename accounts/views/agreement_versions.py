"""The administrators' side of the service agreement: versions, the draft, publishing."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts import agreement_versions as deeds
from accounts.forms.administration import AgreementForm
from accounts.models import Agreement, User
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page


@policy("agreements.edit")
@require_safe
def agreements(request: PersonRequest) -> HttpResponse:
    found = Agreement.objects.select_related("published_by").annotate(
        people=Count("acceptances"), enterprises=Count("acceptances__enterprise", distinct=True)
    )
    context = {"agreements": found.order_by("-number"), "current": Agreement.objects.current()}
    return page(request, "accounts/agreements.html", context)


@policy("agreements.edit")
@require_safe
def agreement_version(request: PersonRequest, number: int) -> HttpResponse:
    shown = get_object_or_404(Agreement.objects.select_related("published_by"), number=number)
    people = User.objects.present().filter(is_active=True, enterprise__isnull=False).count()
    context = {
        "version": shown,
        "current": Agreement.objects.current(),
        "people": people,
        "publish_fields": [("seen", deeds.token(shown))],
    }
    return page(request, "accounts/agreement_version.html", context)


@policy("agreements.edit")
def agreement_edit(request: PersonRequest) -> HttpResponse:
    draft = deeds.draft()
    form = AgreementForm(request.POST or None, instance=draft)
    seen = request.POST.get("seen") or deeds.token(draft)
    if request.method == "POST" and form.is_valid():
        try:
            saved = deeds.save(form.cleaned_data, seen=seen, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("agreement-version", number=saved.number)
    context = {"form": form, "draft": draft, "seen": seen}
    return page(request, "accounts/agreement_edit.html", context, status=422 if form.is_bound else 200)


@policy("agreements.edit")
@require_POST
def agreement_publish(request: PersonRequest, number: int) -> HttpResponse:
    version = get_object_or_404(Agreement, number=number)
    try:
        deeds.publish(version, seen=request.POST.get("seen", ""), by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("agreement-version", number=number)
