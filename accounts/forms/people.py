"""Forms about people: whom to invite as what, another role, one's own name and password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from accounts.forms.sign_up import new_password_field
from accounts.models import Role, User
from accounts.permissions import GRANTS

ROLE_WORDS = {
    Role.OWNER: _("Everything an admin may; besides, makes and removes owners."),
    Role.ADMIN: _(
        "Everything an operator may; besides, people, contacts, secrets of applications, the enterprise’s papers."
    ),
    Role.OPERATOR: _("Prepares and sends jobs; keeps signatures, templates and applications."),
    Role.VIEWER: _("Sees jobs, results, signatures and templates; changes nothing."),
    Role.REVIEWER: _("Decides on what enterprises send in."),
    Role.ADMINISTRATOR: _("Everything a reviewer may; besides, enterprises, carriers and the platform’s staff."),
}


def roles_given_by(user: User) -> list[Role]:
    """Which roles `user` may give, the least first."""
    order = [Role.VIEWER, Role.OPERATOR, Role.ADMIN, Role.OWNER, Role.REVIEWER, Role.ADMINISTRATOR]
    return [role for role in order if role in GRANTS.get(Role(user.role), ())]


def role_words(user: User) -> list[tuple[Any, Any]]:
    """(role, what it may do) of each role that `user` may give."""
    return [(role.label, ROLE_WORDS[role]) for role in roles_given_by(user)]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), error_messages={"required": _("Choose a role.")})

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = [(role.value, role.label) for role in roles_given_by(by)]

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class LostFactorForm(forms.Form):
    """Why somebody's second factor is reset; for the record."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        error_messages={"required": _("Say why; the reason stays on record.")},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class InvitationForm(RoleForm):
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("The invitation goes there and works for this address only."),
        error_messages={"required": _("Enter the address that the invitation goes to.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["email", "role"]


class AcceptForm(forms.Form):
    """Name and password of somebody who was invited; the address stands in the invitation."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=60,
        help_text=_("Your colleagues see it beside what you do."),
        error_messages={"required": _("Enter your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = new_password_field(_("Password"))

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        somebody = User(email=self.email, name=self.cleaned_data.get("name", ""))
        password_validation.validate_password(password, user=somebody)
        return password
