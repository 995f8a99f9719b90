"""Forms of signing in and of proving it once more. Their checks are django-allauth's, their words ours."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.app_settings import TOTP_PERIOD, TOTP_TOLERANCE
from allauth.mfa.base.forms import AuthenticateForm as AllauthCodeForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthCodeAgainForm
from allauth.mfa.models import Authenticator
from django import forms
from django.core.cache import cache
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from accounts.identity.adapter import WRONG_CODE
from accounts.models.person import plain

EMAIL_MAX, PASSWORD_MAX = 254, 128
CODE_WIDGET = forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": 20})


def remember_code(user_id: int, code: str) -> bool:
    """False when this person used the code before, while it is still valid."""
    valid = TOTP_PERIOD * (2 * TOTP_TOLERANCE + 1)
    return bool(cache.add(f"code-used:{user_id}:{normalize_user_code(code)}", 1, valid))


def dress_email(field: forms.Field, *, autocomplete: str) -> None:
    """Our words and limits on a field that django-allauth has made."""
    field.label = _("E-mail")
    field.widget = forms.EmailInput(attrs={"autocomplete": autocomplete, "maxlength": EMAIL_MAX})
    field.validators = [*field.validators, MaxLengthValidator(EMAIL_MAX)]
    field.error_messages |= {
        "required": _("Enter your e-mail address."),
        "invalid": _("This is not an e-mail address. Write it like name@example.com."),
    }


def dress_password(field: forms.Field) -> None:
    field.label, field.help_text = _("Password"), ""
    field.widget = forms.PasswordInput(attrs={"autocomplete": "current-password", "maxlength": PASSWORD_MAX})
    field.validators = [*field.validators, MaxLengthValidator(PASSWORD_MAX)]
    field.error_messages["required"] = _("Enter your password.")


class SignInForm(LoginForm):
    """Says the same whether the address is unknown, the password wrong or the account closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress_email(self.fields["login"], autocomplete="username")
        dress_password(self.fields["password"])

    def clean_login(self) -> str:
        return plain(self.cleaned_data["login"])


class PasswordAgainForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress_password(self.fields["password"])


class _EachCodeOnce(forms.Form):
    """A code of the app counts once, however often it is sent while it is valid."""

    code_label = _("Code")
    user: Any
    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = self.code_label
        self.fields["code"].widget = CODE_WIDGET
        self.fields["code"].error_messages["required"] = _("Enter the code.")

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not remember_code(self.user.pk, code):
            raise forms.ValidationError(WRONG_CODE)
        return code


class CodeForm(_EachCodeOnce, AllauthCodeForm):
    code_label = _("Code of your app, or a recovery code")


class CodeAgainForm(_EachCodeOnce, AllauthCodeAgainForm):
    code_label = _("Code of your app, or a recovery code")
