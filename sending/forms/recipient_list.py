"""Saving a list of recipients."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ListForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the list"),
        max_length=60,
        error_messages={"required": _("Give the list a name by which you find it again.")},
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError(_("The name has characters that cannot be seen. Type it again."))
        return name
