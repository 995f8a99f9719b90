"""The people of an enterprise: who they are, inviting, changing, removing.

The pages of the platform's staff are the same ones in another house (`accounts.views.staff`), so the answers here take
the house they are given in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import invitations
from accounts import people as deeds
from accounts.forms.people import InvitationForm, LostFactorForm, RoleForm, role_words
from accounts.identity import recently_authenticated, second_factor
from accounts.models import Invitation, Role, User
from accounts.permissions import PersonRequest, may, may_grant, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page


@dataclass(frozen=True)
class House:
    """Names of the URLs of one house, and its page."""

    template: str
    people: str
    invite: str
    person: str
    remove: str
    reset: str
    resend: str
    withdraw: str
    is_staff: bool = False


ENTERPRISE = House(
    template="accounts/people.html",
    people="people",
    invite="person-invite",
    person="person",
    remove="person-remove",
    reset="person-reset-factor",
    resend="invitation-resend",
    withdraw="invitation-withdraw",
)


def colleagues(user: User) -> QuerySet[User]:
    """Those who have not left, with `has_factor`."""
    return second_factor.marked(User.objects.visible_to(user).present()).select_related("enterprise")


def colleague(request: PersonRequest, pk: int) -> User:
    return get_object_or_404(colleagues(request.user), pk=pk)


def own_invitation(request: PersonRequest, pk: int) -> Invitation:
    return get_object_or_404(Invitation.objects.visible_to(request.user).unanswered(), pk=pk)


def answer_list(request: PersonRequest, house: House, *, may_edit: bool) -> HttpResponse:
    user = request.user
    shown = list(colleagues(user).order_by("name", "pk"))
    waiting = list(Invitation.objects.visible_to(user).unanswered().select_related("invited_by").order_by("-pk"))
    context = {
        "house": house,
        "people": [(person, may_edit) for person in shown],
        "invitations": [(each, may_edit and may_grant(user, each.role)) for each in waiting],
        "without_factor": sum(not person.has_factor for person in shown),  # type: ignore[attr-defined]
        "may_edit": may_edit,
        "require_fields": [("required", "yes")],
    }
    return page(request, house.template, context)


@recently_authenticated
def answer_invite(request: PersonRequest, house: House) -> HttpResponse:
    form = InvitationForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invitations.invite(email, form.cleaned_data["role"], by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": email})
            return redirect(house.people)
    context = {"form": form, "house": house, "role_words": role_words(request.user)}
    return page(request, "accounts/people_invite.html", context, status=422 if form.is_bound else 200)


def answer_invitation_deed(request: PersonRequest, house: House, invitation: Invitation, deed: Any) -> HttpResponse:
    """`deed` is invitations.resend or invitations.withdraw."""
    try:
        deed(invitation, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        if deed is invitations.resend:
            text = _("A new link is on its way to %(email)s; the one before does not work any more.")
            messages.success(request, text % {"email": invitation.email})
    return redirect(house.people)


@recently_authenticated
def answer_person(request: PersonRequest, house: House, person: User) -> HttpResponse:
    form = RoleForm(request.POST or None, by=request.user, initial={"role": person.role})
    if request.method == "POST" and form.is_valid():
        try:
            deeds.change_role(person, form.cleaned_data["role"], by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect(house.people)
    may_touch = may_grant(request.user, person.role)
    context = {
        "person": person,
        "form": form,
        "house": house,
        "role_words": role_words(request.user),
        "may_touch": may_touch,
        "may_reset": may_touch and person != request.user and person.has_factor,  # type: ignore[attr-defined]
        "reason_form": LostFactorForm(),
        "may_transfer": not house.is_staff and may(request.user, "ownership.transfer") and person.role != Role.OWNER,
    }
    return page(request, "accounts/people_person.html", context, status=422 if form.is_bound else 200)


@recently_authenticated
def answer_deed(request: PersonRequest, house: House, person: User, deed: Any) -> HttpResponse:
    """`deed` is people.remove or people.transfer_ownership."""
    try:
        deed(person, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
        return redirect(house.person, pk=person.pk)
    return redirect(house.people)


@policy("people.view")
@require_safe
def people(request: PersonRequest) -> HttpResponse:
    return answer_list(request, ENTERPRISE, may_edit=may(request.user, "people.edit"))


@policy("people.edit")
def person_invite(request: PersonRequest) -> HttpResponse:
    return answer_invite(request, ENTERPRISE)


@policy("people.edit")
@require_POST
def invitation_resend(request: PersonRequest, pk: int) -> HttpResponse:
    return answer_invitation_deed(request, ENTERPRISE, own_invitation(request, pk), invitations.resend)


@policy("people.edit")
@require_POST
def invitation_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    return answer_invitation_deed(request, ENTERPRISE, own_invitation(request, pk), invitations.withdraw)


@policy("people.edit")
def person(request: PersonRequest, pk: int) -> HttpResponse:
    return answer_person(request, ENTERPRISE, colleague(request, pk))


@policy("people.edit")
@require_POST
def person_remove(request: PersonRequest, pk: int) -> HttpResponse:
    return answer_deed(request, ENTERPRISE, colleague(request, pk), deeds.remove)


@policy("ownership.transfer")
@require_POST
def ownership_transfer(request: PersonRequest, pk: int) -> HttpResponse:
    return answer_deed(request, ENTERPRISE, colleague(request, pk), deeds.transfer_ownership)


@policy("people.leave")
@require_http_methods(["GET", "HEAD", "POST"])
@recently_authenticated
def people_leave(request: PersonRequest) -> HttpResponse:
    if request.method == "POST":
        try:
            deeds.remove(request.user, by=request.user)
        except NotAllowed as problem:
            messages.error(request, str(problem))
            return redirect("people-leave")
        logout(request)
        return redirect("account_login")
    return page(request, "accounts/people_leave.html", {})


@policy("people.edit")
@require_POST
@recently_authenticated
def second_factor_required(request: PersonRequest) -> HttpResponse:
    try:
        deeds.require_second_factor(required=request.POST.get("required") == "yes", by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("people")
