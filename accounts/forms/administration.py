from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Agreement
from accounts.models.enterprise import EnterpriseState


class EnterpriseFilter(forms.Form):
    """All fields optional; what makes no sense filters nothing."""

    q = forms.CharField(
        label=_("Name, credit code or e-mail"),
        required=False,
        max_length=100,
        widget=forms.SearchInput(attrs={"class": "form-control"}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All")), *EnterpriseState.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    verified = forms.ChoiceField(
        label=_("Real name"),
        required=False,
        choices=[("", _("All")), ("yes", _("Verified")), ("no", _("Not verified"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )


class ReasonForm(forms.Form):
    """Why the platform does something to an enterprise; the enterprise reads it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        error_messages={"required": _("Say why; the enterprise reads it.")},
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AgreementForm(forms.ModelForm):
    class Meta:
        model = Agreement
        fields = ["changes_en", "changes_zh", "text_en", "text_zh"]
        widgets = {
            "changes_en": forms.Textarea(attrs={"rows": 2, "lang": "en"}),
            "changes_zh": forms.Textarea(attrs={"rows": 2, "lang": "zh-Hans"}),
            "text_en": forms.Textarea(attrs={"rows": 16, "lang": "en"}),
            "text_zh": forms.Textarea(attrs={"rows": 16, "lang": "zh-Hans"}),
        }
        help_texts = {
            # The same beside each other, so that the two languages stand level.
            **dict.fromkeys(("changes_en", "changes_zh"), _("Told to those who accepted the version before.")),
            **dict.fromkeys(("text_en", "text_zh"), _("Plain text; an empty line begins a new paragraph.")),
        }
        error_messages = {
            "text_en": {"required": _("Write the text in English.")},
            "text_zh": {"required": _("Write the text in Chinese.")},
        }
