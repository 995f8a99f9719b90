"""Forms of sign-in and applications."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, User


class SignInForm(AuthenticationForm):
    """Says the same whether the address is unknown, the password wrong or the account closed."""

    error_messages = {
        "invalid_login": _("E-mail and password do not match. Check both; capitals count in the password."),
        "inactive": _("E-mail and password do not match. Check both; capitals count in the password."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("E-mail")
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "maxlength": 254})
        self.fields["username"].error_messages["required"] = _("Enter the e-mail address of your account.")
        self.fields["password"].label = _("Password")
        self.fields["password"].error_messages["required"] = _("Enter your password.")


class ApplicationForm(forms.ModelForm):
    class Meta:
        model = Application
        fields = ["name"]
        help_texts = {"name": _("For your own lists, people never see it. Letters, digits and the signs _ . - @")}
        error_messages = {"name": {"required": _("Give the application a name.")}}

    def __init__(self, *args: Any, by: User, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.enterprise_id = by.enterprise_id or 0
        self.instance.created_by = by
        self.instance.region = region

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Application.objects.filter(enterprise=self.instance.enterprise_id, name=name).exists():
            raise forms.ValidationError(_("You already have an application with this name."))
        return name
