"""Forms of one's own account: who one is, password, second factors."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.forms.sign_in import CODE_WIDGET, PASSWORD_MAX, remember_code
from accounts.forms.sign_up import new_password_field
from accounts.identity.adapter import WRONG_CODE
from accounts.models import User

KEY_NAME_MAX = 60


class AccountForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name"]
        labels = {"name": _("Your name")}
        error_messages = {"name": {"required": _("Enter your name.")}}


class PasswordForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        self.fields["oldpassword"] = forms.CharField(
            label=_("Password until now"),
            strip=False,
            max_length=PASSWORD_MAX,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            error_messages={"required": _("Enter your password.")},
        )
        self.fields["password1"] = new_password_field(_("New password"))

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.user)
        return password


class AppForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code that the app shows")
        self.fields["code"].widget = CODE_WIDGET
        self.fields["code"].error_messages["required"] = _("Enter the code.")

    def clean_code(self) -> str:
        code: str = super().clean_code()
        if not remember_code(self.user.pk, code):
            raise forms.ValidationError(WRONG_CODE)
        return code


def _name_field() -> forms.CharField:
    return forms.CharField(
        label=_("Name of the key"),
        max_length=KEY_NAME_MAX,
        help_text=_("So that you know it again, for example the colour or where it is kept."),
        error_messages={"required": _("Give the key a name.")},
    )


class KeyForm(AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field()
        self.fields["name"].initial = self.initial["name"]
        self.fields["name"].required = False  # the key has been touched already: a missing name is no reason to refuse


class KeyNameForm(EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field()
