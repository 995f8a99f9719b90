from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, User


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
