"""The enterprise's own page: what is left to do before it sends to everybody, its facts, its service mode."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts import joining, modes
from accounts.forms.enterprise import ModeForm, ProfileForm
from accounts.models import Enterprise, ServiceMode
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page


def own(request: PersonRequest) -> Enterprise:
    """The enterprise of whoever asks; the policies here are for people who have one."""
    assert request.user.enterprise is not None
    return request.user.enterprise


@policy("enterprise.view")
@require_safe
def enterprise(request: PersonRequest) -> HttpResponse:
    steps = joining.steps(request.user)
    context = {
        "enterprise": own(request),
        "steps": steps,
        "steps_done": sum(step.is_done for step in steps),
        "may_edit": may(request.user, "enterprise.edit"),
        "full_numbers": may(request.user, "numbers.full"),
    }
    return page(request, "accounts/enterprise.html", context)


@policy("enterprise.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_edit(request: PersonRequest) -> HttpResponse:
    shown = Enterprise.objects.get(pk=own(request).pk)  # the form writes into it; the page's head keeps the old name
    seen = request.POST.get("seen") or joining.profile_token(shown)
    form = ProfileForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        try:
            joining.save_profile(shown, form.cleaned_data, seen=seen, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("enterprise")
    context = {"form": form, "locked": joining.locked_facts(shown), "seen": seen}
    return page(request, "accounts/enterprise_edit.html", context, status=422 if form.is_bound else 200)


@policy("enterprise.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def enterprise_mode(request: PersonRequest) -> HttpResponse:
    shown = own(request)
    initial = {"mode": shown.service_mode if shown.service_mode_chosen_at else ServiceMode.PAY_PER_USE}
    form = ModeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        modes.choose(shown, form.cleaned_data["mode"], by=request.user)
        return redirect("enterprise")
    context = {"form": form, "enterprise": shown}
    return page(request, "accounts/enterprise_mode.html", context, status=422 if form.is_bound else 200)
