"""The platform's staff: the pages of people (`accounts.views.people`), for administrators."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from accounts import invitations
from accounts import people as deeds
from accounts.permissions import PersonRequest, policy
from accounts.views import people

STAFF = people.House(
    template="accounts/staff.html",
    people="staff",
    invite="staff-invite",
    person="staff-person",
    remove="staff-remove",
    reset="staff-reset-factor",
    resend="staff-invitation-resend",
    withdraw="staff-invitation-withdraw",
    is_staff=True,
)


@policy("staff.edit")
@require_safe
def staff(request: PersonRequest) -> HttpResponse:
    return people.answer_list(request, STAFF, may_edit=True)


@policy("staff.edit")
def staff_invite(request: PersonRequest) -> HttpResponse:
    return people.answer_invite(request, STAFF)


@policy("staff.edit")
@require_POST
def invitation_resend(request: PersonRequest, pk: int) -> HttpResponse:
    found = people.own_invitation(request, pk)
    return people.answer_invitation_deed(request, STAFF, found, invitations.resend)


@policy("staff.edit")
@require_POST
def invitation_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    found = people.own_invitation(request, pk)
    return people.answer_invitation_deed(request, STAFF, found, invitations.withdraw)


@policy("staff.edit")
def staff_person(request: PersonRequest, pk: int) -> HttpResponse:
    return people.answer_person(request, STAFF, people.colleague(request, pk))


@policy("staff.edit")
@require_POST
def staff_remove(request: PersonRequest, pk: int) -> HttpResponse:
    return people.answer_deed(request, STAFF, people.colleague(request, pk), deeds.remove)
