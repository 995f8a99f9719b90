"""An enterprise's own mobile numbers: added, proved by a code, chosen as the service number, removed."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import own_numbers as deeds
from accounts.forms.enterprise import CodeForm, OwnNumberForm
from accounts.models import OwnNumber
from accounts.permissions import PersonRequest, may, policy
from accounts.views.enterprise import own
from console.lib.errors import NotAllowed
from console.lib.pages import page


def find(request: PersonRequest, pk: int) -> OwnNumber:
    return get_object_or_404(OwnNumber.objects.visible_to(request.user).select_related("enterprise"), pk=pk)


@policy("enterprise.view")
@require_safe
def own_numbers(request: PersonRequest) -> HttpResponse:
    context = {
        "numbers": OwnNumber.objects.visible_to(request.user).order_by("pk"),
        "enterprise": own(request),
        "service_number": own(request).service_number,
        "most": deeds.MOST,
        "may_edit": may(request.user, "enterprise.edit"),
        "full_numbers": may(request.user, "numbers.full"),
    }
    return page(request, "accounts/own_numbers.html", context)


@policy("enterprise.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def own_number_new(request: PersonRequest) -> HttpResponse:
    form = OwnNumberForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            number = deeds.add(own(request), form.cleaned_data["number"], by=request.user)
        except NotAllowed as problem:
            form.add_error("number", str(problem))
        else:
            return redirect("own-number", pk=number.pk)
    return page(request, "accounts/own_number_new.html", {"form": form}, status=422 if form.is_bound else 200)


@policy("enterprise.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def own_number(request: PersonRequest, pk: int) -> HttpResponse:
    """Enter the code."""
    number = find(request, pk)
    if number.verified_at:  # in another tab, or by a form posted twice
        return redirect("own-numbers")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            deeds.verify(number, form.cleaned_data["code"], by=request.user)
        except NotAllowed as problem:
            form.add_error("code", str(problem))
        else:
            return redirect("own-numbers")
    context = {"form": form, "number": number}
    return page(request, "accounts/own_number.html", context, status=422 if form.is_bound else 200)


def _deed(what: Callable[..., None], then: str) -> Callable[..., HttpResponse]:
    @policy("enterprise.edit")
    @require_POST
    def view(request: PersonRequest, pk: int) -> HttpResponse:
        try:
            what(find(request, pk), by=request.user)
        except NotAllowed as problem:
            messages.error(request, str(problem))
        return redirect(then, pk=pk) if then == "own-number" else redirect(then)

    view.__name__ = f"own_number_{what.__name__}"
    return view


own_number_code = _deed(deeds.send_again, "own-number")
own_number_service = _deed(deeds.use_for_service, "own-numbers")
own_number_remove = _deed(deeds.remove, "own-numbers")
