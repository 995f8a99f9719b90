"""Forms of an enterprise's own page: profile, own numbers, service mode."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms.phone import MobileField
from accounts.joining import PROFILE, locked_facts
from accounts.models import Enterprise, ServiceMode
from console.lib import countries

# The parts of the world in the tz database; what stands elsewhere are old names of the same zones.
AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@lru_cache(maxsize=1)
def zones() -> list[str]:
    """Names to choose from, "UTC" last."""
    known = zoneinfo.available_timezones()
    return [*sorted(name for name in known if name.partition("/")[0] in AREAS and "/" in name), "UTC"]


def zone_choices(now: str) -> list[tuple[str, str]]:
    """(name, name with its present distance from UTC), the one in use among them."""
    moment = timezone.now()
    names = zones() if now in zones() else [now, *zones()]
    offsets = {name: f"{moment.astimezone(zoneinfo.ZoneInfo(name)):%z}" for name in names}
    return [(name, f"{name} (UTC{offset[:3]}:{offset[3:5]})") for name, offset in offsets.items()]


class ProfileForm(forms.ModelForm):
    """Facts that were verified are not among its fields."""

    website = forms.URLField(
        label=_("Website"),
        required=False,
        max_length=200,
        assume_scheme="https",
        error_messages={"invalid": _("Write the address like https://www.example.com.")},
    )

    class Meta:
        model = Enterprise
        fields = PROFILE
        help_texts = {
            "name": _("As it stands on the business licence."),
            "time_zone": _("All times on pages and in files are in this zone, and a day ends at its midnight."),
        }
        error_messages = {
            "name": {"required": _("Give the name of your enterprise.")},
            "address": {"required": _("Give the address of your enterprise.")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(label=_("Country or region"), choices=countries.choices)
        zone = zone_choices(self.instance.time_zone)
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), choices=zone, help_text=self.fields["time_zone"].help_text
        )
        self.fields["address"].required = True
        for name in locked_facts(self.instance) & set(self.fields):
            del self.fields[name]


class OwnNumberForm(forms.Form):
    """A mobile number of any country; its cleaned value is E.164."""

    number = MobileField(error_messages={"required": _("Give the mobile number that the code is to go to.")})


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the SMS"),
        max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 12}),
        error_messages={"required": _("Enter the 6 digits of the SMS.")},
    )

    def clean_code(self) -> str:
        return six_digits(self.cleaned_data["code"])


def six_digits(typed: str) -> str:
    """The code, however its digits were typed."""
    code = "".join(str(int(c)) if c.isdecimal() else c for c in typed if not c.isspace())
    if len(code) != 6 or not code.isdecimal():
        raise forms.ValidationError(_("The code has 6 digits."))
    return code


class ModeForm(forms.Form):
    mode = forms.TypedChoiceField(
        label=_("Service mode"),
        choices=ServiceMode,
        coerce=lambda value: ServiceMode(int(value)),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of the two.")},
    )
