"""What the page of status codes shows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sending.codes import CodeSource


class CodeFilter(forms.Form):
    q = forms.CharField(
        label=_("Code or meaning"),
        required=False,
        max_length=60,
        widget=forms.TextInput({"class": "form-control", "type": "search"}),
    )
    source = forms.ChoiceField(
        label=_("Said by"),
        required=False,
        choices=[("", _("Everybody")), *CodeSource.choices],
        widget=forms.Select({"class": "form-select"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()  # what does not fit is ignored: an old link still shows a list

    @property
    def chosen(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}
