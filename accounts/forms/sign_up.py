from __future__ import annotations

from typing import Any

from allauth.account.forms import ResetPasswordForm, ResetPasswordKeyForm, SignupForm
from allauth.account.internal.flows.signup import prevent_enumeration
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import sign_up
from accounts.forms.sign_in import PASSWORD_MAX, dress_email
from accounts.models import Agreement, Enterprise, OrganisationKind, User
from accounts.models.enterprise import EXCLUDED_KINDS
from accounts.models.person import plain

PASSWORD_HELP = _("At least 10 characters. A few words in a row are good; signs and digits are not asked for.")


def new_password_field(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=PASSWORD_MAX,
        help_text=PASSWORD_HELP,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        error_messages={"required": _("Choose a password.")},
    )


def _one_line(words: str) -> str:
    """Anybody may give anybody's address: what they write of themselves must not look like a mail of ours."""
    return " ".join(words.split())


class SignUpForm(SignupForm):
    """One enterprise and its first person. Whether the address has an account already, the answer does not tell."""

    field_order = ["name", "email", "password1", "enterprise", "kind", "agreement", "agree"]

    name = forms.CharField(
        label=_("Your name"),
        max_length=User._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
    )
    enterprise = forms.CharField(
        label=_("Name of the enterprise"),
        max_length=Enterprise._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text=_("As it stands in the business licence."),
        error_messages={"required": _("Enter the name of your enterprise.")},
    )
    kind = forms.ChoiceField(
        label=_("Kind of organisation"),
        choices=[("", _("Choose one")), *OrganisationKind.choices],
        error_messages={"required": _("Choose what your organisation is.")},
    )
    agreement = forms.IntegerField(widget=forms.HiddenInput)
    agree = forms.BooleanField(
        label=_("I have read and accept the service agreement"),
        error_messages={"required": _("Read the service agreement and accept it; without it nobody can join.")},
    )

    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        held = Agreement.objects.current()
        kwargs["initial"] = {"agreement": held.number if held else None} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.fields["password1"] = new_password_field(_("Password"))
        email = self.fields["email"]
        email.help_text = _("We send a link there; you sign in with this address.")
        dress_email(email, autocomplete="email")
        self.order_fields(self.field_order)

    def validate_unique_email(self, value: str) -> str:
        self.account_already_exists = sign_up.has_account(value)
        return value

    def clean_name(self) -> str:
        return _one_line(self.cleaned_data["name"])

    def clean_enterprise(self) -> str:
        return _one_line(self.cleaned_data["enterprise"])

    def clean_kind(self) -> OrganisationKind:
        kind = OrganisationKind(self.cleaned_data["kind"])
        if kind in EXCLUDED_KINDS:
            raise forms.ValidationError(
                _("“%(kind)s” cannot join: only enterprises and other incorporated organisations may send here."),
                params={"kind": kind.label},
            )
        return kind

    def clean_agreement(self) -> int:
        number: int = self.cleaned_data["agreement"]
        held = Agreement.objects.current()
        if held is None or held.number != number:
            self.data = self.data.copy()  # so that the next attempt names the one that holds
            self.data["agreement"] = str(held.number) if held else ""
            raise forms.ValidationError(_("A newer version was published while you read. Read it and accept that one."))
        return number

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = forms.Form.clean(self) or self.cleaned_data
        if "password1" in data:
            somebody = User(email=data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(data["password1"], somebody)
            except forms.ValidationError as error:
                self.add_error("password1", error)
        for problem in self.errors.pop("agreement", []):  # the field is hidden; its trouble belongs to the tick
            self.add_error("agree", problem)
        return data

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """(owner, None), or (None, the answer) where the address has an account: the same answer, another mail.

        Raises NotAllowed when a newer agreement was published this moment.
        """
        try:
            if not self.account_already_exists:
                return self._join(), None
        except sign_up.AddressTaken:
            pass  # meanwhile
        User().set_password(self.cleaned_data["password1"])  # takes as long as joining
        return None, prevent_enumeration(request, email=self.cleaned_data["email"])

    def _join(self) -> User:
        data = self.cleaned_data
        return sign_up.join(
            name=data["name"],
            email=data["email"],
            password=data["password1"],
            language=get_language() or "",
            enterprise=data["enterprise"],
            kind=data["kind"],
            agreement=data["agreement"],
        )


class ForgottenForm(ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress_email(self.fields["email"], autocomplete="username")

    def clean_email(self) -> str:
        email = plain(self.cleaned_data["email"])  # the mail goes to the address as the account has it
        self.users = list(User.objects.with_email(email).filter(is_active=True))
        return email


class NewPasswordForm(ResetPasswordKeyForm):
    """After the link of a "forgotten" mail. One field: managers of passwords fill it, and it can be shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"] = new_password_field(_("New password"))
        del self.fields["password2"]

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password
