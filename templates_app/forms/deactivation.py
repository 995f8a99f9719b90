"""Why an approval is taken back; in one language or in both."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

REASON_MAX = 500


class DeactivationForm(forms.Form):
    reason = forms.CharField(
        label=_("What the enterprise reads, in English"),
        required=False,
        max_length=REASON_MAX,
        widget=forms.Textarea({"rows": 3, "lang": "en"}),
        error_messages={"max_length": _("Say it in at most 500 characters.")},
    )
    reason_zh = forms.CharField(
        label=_("The same in Chinese"),
        required=False,
        max_length=REASON_MAX,
        widget=forms.Textarea({"rows": 3, "lang": "zh-Hans"}),
        error_messages={"max_length": _("Say it in at most 500 characters.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned.get("reason") or cleaned.get("reason_zh")):
            self.add_error("reason", _("Say why, in one language at least; the enterprise reads it."))
        return cleaned
