"""What the list of templates can be narrowed down to."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, ReviewState, User
from accounts.models.application import Region
from templates_app.models import MessageType, TemplateVersion
from templates_app.template_deeds import STATES

ALL = ("", _("All"))
YES_OR_NO = [ALL, ("yes", _("Yes")), ("no", _("No"))]
# The others are needed seldom and stand behind "More filters".
FIRST = ("name", "application", "type", "state")
SELECT = forms.Select(attrs={"class": "form-select"})


def _date() -> forms.DateField:
    return forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "form-control"}),
        input_formats=["%Y-%m-%d"],
    )


class TemplateFilter(forms.Form):
    """Nonsense in a field counts as nothing asked."""

    name = forms.CharField(label=_("Name"), required=False, max_length=60)
    application = forms.ChoiceField(label=_("Application"), required=False, widget=SELECT)
    type = forms.ChoiceField(label=_("Type"), required=False, choices=[ALL, *MessageType.choices], widget=SELECT)
    state = forms.ChoiceField(label=_("State"), required=False, choices=[ALL, *STATES.items()], widget=SELECT)
    id = forms.CharField(label=_("Template ID"), required=False, max_length=40)
    signature = forms.CharField(label=_("Signature"), required=False, max_length=40)
    variables = forms.ChoiceField(label=_("Has variables"), required=False, choices=YES_OR_NO, widget=SELECT)
    universal = forms.ChoiceField(label=_("Universal"), required=False, choices=YES_OR_NO, widget=SELECT)
    since = _date()
    until = _date()

    def __init__(self, asked: Any, *, by: User, region: str) -> None:
        super().__init__(asked, prefix="", auto_id="f-%s")
        self.applications = list(Application.objects.visible_to(by).filter(region=region).order_by("name"))
        choices = [ALL, *((str(application.pk), application.name) for application in self.applications)]
        self.fields["application"].choices = choices  # type: ignore[attr-defined]
        self.fields["since"].label, self.fields["until"].label = _("Created from"), _("Created until")
        if region != Region.MAINLAND:
            del self.fields["signature"], self.fields["universal"]
        for name in ("name", "id", "signature"):
            if name in self.fields:
                self.fields[name].widget = forms.TextInput(attrs={"type": "search", "class": "form-control"})
        self.full_clean()
        self.wanted = {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in FIRST]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in FIRST]

    @property
    def more_wanted(self) -> bool:
        return bool(self.wanted.keys() - set(FIRST))

    def apply(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """`found`: templates with what `with_latest` adds."""
        for name, value in self.wanted.items():
            found = getattr(self, f"_{name}")(found, value)
        return found

    def _name(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        return found.filter(name__icontains=value)

    def _application(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        return found.filter(application_id=value)

    def _type(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        return found.filter(type=value)

    def _state(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        """Approved are also those whose approved version is sent while a newer one is being written or reviewed."""
        if value == ReviewState.APPROVED:
            return found.filter(Q(latest_state=value) | Q(approved_number__isnull=False))
        return found.filter(latest_state=value)

    def _id(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        """A whole one in any of its forms, or its beginning."""
        try:
            return found.filter(public_id=uuid.UUID(value.strip()))
        except ValueError:
            named = found.annotate(id_text=Cast("public_id", TextField()))
            return named.filter(id_text__startswith=value.strip().lower())

    def _signature(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        return found.filter(signature__name__icontains=value.strip("【】[] "))

    def _variables(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        with_some = TemplateVersion.objects.filter(pk=OuterRef("latest_id")).exclude(variables=[])
        return found.filter(Exists(with_some) if value == "yes" else ~Exists(with_some))

    def _universal(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        return found.filter(universal=value == "yes")

    def _since(self, found: QuerySet[Any], value: datetime.date) -> QuerySet[Any]:
        return found.filter(created_at__date__gte=value)

    def _until(self, found: QuerySet[Any], value: datetime.date) -> QuerySet[Any]:
        return found.filter(created_at__date__lte=value)
