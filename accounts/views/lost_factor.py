"""Resetting the second factor of somebody who has lost it: of a colleague, or by the platform of anybody."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import people as deeds
from accounts.forms.people import LostFactorForm
from accounts.identity import recently_authenticated
from accounts.models import User
from accounts.permissions import PersonRequest, policy
from accounts.views.people import ENTERPRISE, colleague
from accounts.views.staff import STAFF
from console.lib.errors import NotAllowed


@recently_authenticated
def _answer(request: PersonRequest, person: User, page: str, **ids: Any) -> HttpResponse:
    """`page` and `ids`: name and arguments of the URL that shows the person."""
    form = LostFactorForm(request.POST)
    try:
        if not form.is_valid():
            raise NotAllowed(str(form.errors["reason"][0]))
        deeds.reset_second_factor(person, by=request.user, reason=form.cleaned_data["reason"])
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("The second factor of %(name)s is reset.") % {"name": person.name})
    return redirect(page, **ids)


@policy("people.edit")
@require_POST
def person_reset(request: PersonRequest, pk: int) -> HttpResponse:
    return _answer(request, colleague(request, pk), ENTERPRISE.person, pk=pk)


@policy("staff.edit")
@require_POST
def staff_reset(request: PersonRequest, pk: int) -> HttpResponse:
    return _answer(request, colleague(request, pk), STAFF.person, pk=pk)


@policy("enterprises.edit")
@require_POST
def platform_reset(request: PersonRequest, pk: int, person: int) -> HttpResponse:
    """Of somebody of the customer `pk`."""
    customers = User.objects.present().filter(enterprise__is_platform=False)
    return _answer(request, get_object_or_404(customers, enterprise=pk, pk=person), "enterprise-record", pk=pk)
