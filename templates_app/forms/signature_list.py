"""What lists of signatures show: the enterprise's own, and the administrators' of channel numbers."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, User
from templates_app import channels
from templates_app.models import MessageType, Signature
from templates_app.models.signature import Registration
from templates_app.models.stage import StageGroup

HEX = 32  # digits of an ID
_ID = re.compile(r"[0-9a-f]{1,32}")


def _select() -> forms.Select:
    return forms.Select({"class": "form-select"})


def _search() -> forms.TextInput:
    return forms.TextInput({"class": "form-control", "type": "search"})


def _day() -> forms.DateInput:
    return forms.DateInput({"class": "form-control", "type": "date"}, format="%Y-%m-%d")


class SignatureFilter(forms.Form):
    """All fields optional; what makes no sense filters nothing, so that an old link still shows a list."""

    name = forms.CharField(label=_("Name"), required=False, max_length=32, widget=_search())
    id = forms.CharField(label=_("ID, or its beginning"), required=False, max_length=40, widget=_search())
    application = forms.ChoiceField(label=_("Application"), required=False, widget=_select())
    type = forms.ChoiceField(
        label=_("Type"), required=False, choices=[("", _("All")), *MessageType.choices], widget=_select()
    )
    stage = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *StageGroup.choices], widget=_select()
    )
    since = forms.DateField(label=_("Created since"), required=False, widget=_day())
    until = forms.DateField(label=_("Until"), required=False, widget=_day())

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = Application.objects.visible_to(by).filter(region="cn").order_by("name")
        self.applications = list(held.values_list("pk", "name"))
        choices = [("", _("All")), *((str(pk), name) for pk, name in self.applications)]
        self.fields["application"].choices = choices  # type: ignore[attr-defined]
        self.is_valid()

    @property
    def chosen(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}

    def narrowed(self, found: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.chosen
        if name := asked.get("name"):
            found = found.filter(name__icontains=name.strip("【】 "))
        if beginning := asked.get("id"):
            found = found.filter(_begins_with(beginning))
        if application := asked.get("application"):
            found = found.filter(application=application)
        if kind := asked.get("type"):
            found = found.filter(type=kind)
        if group := asked.get("stage"):
            found = found.in_group(StageGroup(group))  # type: ignore[attr-defined]
        if since := asked.get("since"):
            found = found.filter(created_at__gte=_midnight(since))
        if (until := asked.get("until")) and until.year < 9999:
            found = found.filter(created_at__lt=_midnight(until + timedelta(days=1)))
        return found


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _begins_with(beginning: str) -> Q:
    """IDs that begin so, by the index of IDs; nothing for what no ID begins with."""
    digits = beginning.lower().replace("-", "").strip()
    if not _ID.fullmatch(digits):
        return Q(pk__in=[])
    lowest, highest = (uuid.UUID(digits.ljust(HEX, filler)) for filler in "0f")
    return Q(public_id__gte=lowest, public_id__lte=highest)


class ChannelFilter(forms.Form):
    q = forms.CharField(label=_("Name, enterprise or number"), required=False, max_length=100, widget=_search())
    registration = forms.ChoiceField(
        label=_("Registration"), required=False, choices=Registration.choices, widget=_select()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    @property
    def registration_asked(self) -> Registration:
        return Registration(self.cleaned_data.get("registration") or Registration.NONE)

    def found(self) -> QuerySet[Signature]:
        rows = channels.listed(self.registration_asked)
        if words := self.cleaned_data.get("q", "").strip("【】 "):
            rows = rows.filter(
                Q(name__icontains=words) | Q(enterprise__name__icontains=words) | Q(channel_number__contains=words)
            )
        return rows


class ChannelForm(forms.Form):
    """One row of the administrators' list: the number, how far it is, and why it failed."""

    number = forms.CharField(
        required=False, max_length=40, error_messages={"max_length": _("A channel number has 3 to 20 digits.")}
    )
    to = forms.ChoiceField(
        choices=[choice for choice in Registration.choices if choice[0] != Registration.NONE],
        error_messages={"required": _("Say how far the registration is."), "invalid_choice": _("Say how far it is.")},
    )
    words = forms.CharField(
        required=False, max_length=200, error_messages={"max_length": _("Say it in at most 200 characters.")}
    )
    seen = forms.ChoiceField(choices=Registration.choices)
