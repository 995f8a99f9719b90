"""Looking for rows of a job."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sending.intake.labels import parse
from sending.row_search import beginning


class RowSearch(forms.Form):
    """By number, whole or its beginning, and by row; everything stands in the address."""

    number = forms.CharField(
        label=_("Number"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"class": "form-control", "inputmode": "tel", "autocomplete": "off"}),
    )
    row = forms.CharField(
        label=_("Row"),
        required=False,
        max_length=20,
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, mainland: bool, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "rows_%s", **kwargs})
        self.is_valid()  # what does not fit finds nothing, and the page says so
        self.chosen: dict[str, str] = {name: value for name, value in self.cleaned_data.items() if value}
        self.start = beginning(self.chosen.get("number", ""), mainland=mainland)

    @property
    def impossible(self) -> bool:
        """Whether what was typed is no number, or no row, at all."""
        wrong_number = "number" in self.chosen and not self.start
        return bool(self.errors) or wrong_number or "row" in self.chosen and parse(self.chosen["row"]) is None
