"""What people of an enterprise do to a signature that they have sent in."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import ReviewState
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import signatures as deeds
from templates_app.forms.signature import ActivationForm, SupplementForm
from templates_app.models import Signature
from templates_app.views.signatures import mine


def _deed(request: PersonRequest, signature: Signature, do: Callable[..., object], done: str = "") -> HttpResponse:
    """Do it and go back to the signature, or to the list once it is deleted; what is not possible is said there."""
    try:
        do(signature, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        if done:
            messages.success(request, done % {"name": signature})
    if not mine(request).filter(pk=signature.pk).exists():
        return redirect("signatures")
    return redirect("signature", pk=signature.pk)


@policy("signatures.edit")
@require_POST
def signature_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    return _deed(request, get_object_or_404(mine(request), pk=pk), deeds.withdraw)


@policy("signatures.edit")
@require_POST
def signature_remove(request: PersonRequest, pk: int) -> HttpResponse:
    return _deed(request, get_object_or_404(mine(request), pk=pk), deeds.remove, _("%(name)s is deleted."))


@policy("signatures.edit")
@require_POST
def signature_activate(request: PersonRequest, pk: int) -> HttpResponse:
    signature = get_object_or_404(mine(request), pk=pk)
    form = ActivationForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["reason"][0]))
        return redirect("signature", pk=pk)
    return _deed(request, signature, lambda found, by: deeds.activate(found, form.cleaned_data["reason"], by=by))


@policy("signatures.edit")
@require_POST
def signature_stay_asleep(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask no more for the activation; the signature stays as it is."""

    def withdraw(signature: Signature, *, by: object) -> None:
        asked = deeds.open_activation(signature)
        if asked is None:
            raise NotAllowed(_("Its activation is not in review any more. Load the page again to see where it stands."))
        asked.move(ReviewState.WITHDRAWN, by=request.user)

    return _deed(request, get_object_or_404(mine(request), pk=pk), withdraw)


@policy("signatures.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def signature_supplement(request: PersonRequest, pk: int) -> HttpResponse:
    signature = get_object_or_404(mine(request).select_related("qualification"), pk=pk)
    if request.method != "POST" and not deeds.needs_qualification(signature):
        return redirect("signature", pk=pk)
    posted = request.POST if request.method == "POST" else None
    form = SupplementForm(posted, by=request.user, signature=signature)
    if posted is not None and form.is_valid():
        try:
            deeds.supplement(signature, form.cleaned_data["qualification"], by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("signature", pk=pk)
    context = {"form": form, "signature": signature, "may_qualify": may(request.user, "qualifications.edit")}
    return page(request, "templates_app/signature_supplement.html", context, status=422 if posted is not None else 200)
