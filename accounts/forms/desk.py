"""Forms of the reviewers' calendar: days set by hand, and the desk's settings."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import clock
from accounts.models import Review, ReviewDesk
from accounts.models.desk import today
from console.lib import countries, workdays

WHY_ERRORS = {
    "required": clock.WHY_MISSING,
    "max_length": _("Use %(limit_value)s characters at most to say why."),
}


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=DayInput(), input_formats=["%Y-%m-%d"], **kwargs)
        self.error_messages["invalid"] = _("Write the day as year-month-day, such as 2026-10-10.")


class HourField(forms.TimeField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        super().__init__(widget=widget, input_formats=["%H:%M", "%H:%M:%S"], **kwargs)
        self.error_messages |= {"invalid": _("Write the time as 09:00."), "required": _("Write the time as 09:00.")}


class WhyField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Why"), max_length=clock.WHY_MAX, error_messages=WHY_ERRORS, **kwargs)


class DaysForm(forms.Form):
    """One day, or all from one to another."""

    first = DayField(label=_("Day"), error_messages={"required": _("Choose a day.")})
    last = DayField(label=_("To"), required=False)
    is_workday = forms.TypedChoiceField(
        label=_("What it is"),
        choices=[("1", _("Workday")), ("0", _("Day off"))],
        coerce=lambda chosen: chosen == "1",
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether people work."), "invalid_choice": _("Choose one of the two.")},
    )
    why = WhyField(help_text=_("Such as the notice that says so. Colleagues read it beside the day."))

    def __init__(self, *args: Any, held: workdays.Calendar, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = today(held)
        most = date(now.year + clock.YEARS_AHEAD, 12, 31)
        for name in ("first", "last"):
            self.fields[name].widget.attrs |= {"min": now.isoformat(), "max": most.isoformat()}


class DeskForm(forms.Form):
    """`seen` stands for the settings that the person had before their eyes."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=100)
    opens = HourField(label=_("Opens"))
    closes = HourField(label=_("Closes"))
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=40,
        help_text=_("Begin to type a city, such as Shanghai."),
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Choose a time zone.")},
    )
    country = forms.ChoiceField(
        label=_("Public holidays of"), error_messages={"invalid_choice": _("Choose a country of the list.")}
    )
    second_pair = forms.MultipleChoiceField(
        label=_("Approved by two different reviewers"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("Nothing of this kind is reviewed.")},
    )
    why = WhyField()

    def __init__(self, data: Any = None, *, desk: ReviewDesk) -> None:
        held = {name: getattr(desk, name) for name in clock.FIELDS}
        super().__init__(data, initial=held | {"seen": clock.token(desk)})
        chosen: Any = self.fields["country"]
        chosen.choices = countries.choices(workdays.countries())
        kinds: Any = self.fields["second_pair"]
        kinds.choices = review_kinds()

    def clean_zone(self) -> str:
        zone = str(self.cleaned_data["zone"])
        if zone not in zones():
            raise forms.ValidationError(_("There is no such time zone. Choose one of the list, such as Asia/Shanghai."))
        return zone

    def clean(self) -> dict[str, Any]:
        held = super().clean() or {}
        if held.get("opens") and held.get("closes") and held["opens"] >= held["closes"]:
            self.add_error("closes", _("The desk must close after it opens, on the same day."))
        return held

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in clock.FIELDS}


def review_kinds() -> list[tuple[str, str]]:
    """(name of the model, words) of everything that is reviewed."""
    found = [(str(kind._meta.model_name), str(kind._meta.verbose_name)) for kind in Review.__subclasses__()]
    return sorted(((name, words[:1].upper() + words[1:]) for name, words in found), key=lambda pair: pair[1])


@lru_cache(maxsize=1)
def zones() -> list[str]:
    """Those that are named for a place, and UTC."""
    named = (zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [*sorted(named), "UTC"]
