"""What the list of jobs shows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, User
from sending.models import JobStatus
from templates_app.models import MessageTemplate, MessageType


def _select() -> forms.Select:
    return forms.Select({"class": "form-select"})


def _day() -> forms.DateInput:
    return forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d")


class JobFilter(forms.Form):
    """What the list of jobs shows; everything stands in the address, so that it can be bookmarked."""

    q = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=60,
        widget=forms.TextInput({"class": "form-control", "type": "search"}),
    )
    status = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All states")), *JobStatus.choices], widget=_select()
    )
    application = forms.ModelChoiceField(
        Application.objects.none(),
        label=_("Application"),
        required=False,
        empty_label=_("All applications"),
        widget=_select(),
    )
    type = forms.ChoiceField(
        label=_("Type"), required=False, choices=[("", _("All types")), *MessageType.choices], widget=_select()
    )
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        label=_("Template"),
        required=False,
        empty_label=_("All templates"),
        widget=_select(),
    )
    person = forms.ModelChoiceField(
        User.objects.none(), label=_("Created by"), required=False, empty_label=_("Everybody"), widget=_select()
    )
    since = forms.DateField(label=_("Created from"), required=False, widget=_day())
    until = forms.DateField(label=_("Created until"), required=False, widget=_day())

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(enterprise_id=by.enterprise_id).order_by("name", "pk")
        held = {
            "application": Application.objects.visible_to(by).order_by("name"),
            "template": MessageTemplate.objects.visible_to(by).order_by("name"),
            "person": people,
        }
        for name, rows in held.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
        self.is_valid()  # what does not fit is ignored: an old link still shows a list

    @property
    def chosen(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def in_words(self) -> str:
        """The filter, for the sentence that says that nothing fits it."""
        labels = dict(JobStatus.choices) | dict(MessageType.choices)
        words = [
            str(_("name contains “%(words)s”") % {"words": value})
            if name == "q"
            else f"{self.fields[name].label}: {labels.get(value, value)}"
            for name, value in self.chosen.items()
        ]
        return ", ".join(words)
