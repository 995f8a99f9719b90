"""What applicants say about something they have sent in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.document import DocumentField

ANSWER_MAX = 1000  # characters
URGE_MAX = 200


class Lines(forms.CharField):
    """Words with line breaks, each of which counts as one character, whatever the browser sends."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


class AnswerForm(forms.Form):
    """Words, or a document, or both."""

    words = Lines(
        label=_("Your answer"),
        max_length=ANSWER_MAX,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    document = DocumentField(label=_("Document"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not data["words"] and not data["document"]:
            self.add_error("words", _("Write an answer, or add the document that was asked for."))
        return data


class UrgeForm(forms.Form):
    words = Lines(label=_("Why it is urgent"), max_length=URGE_MAX, required=False)
