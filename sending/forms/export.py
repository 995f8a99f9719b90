"""Asking for an export."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import may
from console.figures import num
from sending import export_rows
from sending.models import ExportFormat, ExportRows
from sending.states import MessageState


class ExportForm(forms.Form):
    """Which rows, and as what; `token` makes a form posted twice one export."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    which = forms.ChoiceField(
        label=_("Which rows"), initial=ExportRows.ALL, widget=forms.Select({"class": "form-select"})
    )
    format = forms.ChoiceField(
        label=_("Format"), choices=ExportFormat.choices, initial=ExportFormat.XLSX, widget=forms.RadioSelect
    )
    with_text = forms.BooleanField(
        label=_("With values and texts of the messages"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, by: User, counts: Mapping[MessageState, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = uuid.uuid4
        self.fields["which"].choices = [  # type: ignore[attr-defined]
            (value, f"{label} ({num(sum(counts.get(state, 0) for state in export_rows.STATES[value]))})")
            for value, label in ExportRows.choices
        ]
        if not may(by, "messages.text"):
            del self.fields["with_text"]
