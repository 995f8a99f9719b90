"""Confirming a checked job: when, how long, how fast, and what is declared."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sending.jobs import LATE_MINUTES, NO_CONSENT, SPEED_MOST, Plan
from sending.models import LatePolicy, SendJob

_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
OF_TIME = ("at", "late_policy", "late_minutes")
_BAD_TIME = _("Write the time like 2026-03-31 09:00.")


def _moment(label: Any, help_text: Any, *, required: Any = "") -> forms.DateTimeField:
    """`required`: what to say where it is missing; empty where it may be."""
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        required=bool(required),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=_FORMATS,
        error_messages={"invalid": _BAD_TIME, "required": required},
    )


class ConfirmForm(forms.Form):
    """How a checked job is to be sent. Times are read in the enterprise's zone, which is the current one."""

    NOW, LATER = "now", "later"
    when = forms.ChoiceField(
        label=_("When"), choices=[(NOW, _("Now")), (LATER, _("At a time"))], initial=NOW, widget=forms.RadioSelect
    )
    # These three where a time is chosen.
    at = _moment(
        _("Begin at"),
        _("Within 31 days. Between 22:00 and 08:00 messages wake people, and they complain."),
        required=_("Say when the job is to begin."),
    )
    late_policy = forms.ChoiceField(
        label=_("If it begins late"),
        help_text=_("The system may have been down at that time."),
        choices=LatePolicy.choices,
        initial=LatePolicy.SEND,
    )
    late_minutes = forms.IntegerField(
        label=_("Late from how many minutes on"),
        min_value=LATE_MINUTES[0],
        max_value=LATE_MINUTES[1],
        initial=60,
        error_messages={
            "required": _("Write the minutes as a whole number."),
            "invalid": _("Write the minutes as a whole number."),
            "min_value": _("From 1 minute to 1,440, which is a day."),
            "max_value": _("From 1 minute to 1,440, which is a day."),
        },
    )
    until = _moment(_("Nothing leaves after"), _("What has not left by then is withheld."))
    speed_limit = forms.IntegerField(
        label=_("At most so many segments a second"),
        help_text=_("For instance, so that your hotline can answer."),
        min_value=1,
        max_value=SPEED_MOST,
        required=False,
        error_messages={
            "invalid": _("Write the speed as a whole number."),
            "min_value": _("From 1 to 100,000 segments a second."),
            "max_value": _("From 1 to 100,000 segments a second."),
        },
    )
    consent = forms.BooleanField(
        label=_(
            "The recipients have agreed to get messages of this kind from us, none of them has taken that back, and we "
            "can prove it."
        ),
        error_messages={"required": NO_CONSENT},
    )
    cross_border = forms.BooleanField(
        label=_(
            "I have read this notice: number, text and time of each message go to carriers in other countries and are "
            "kept there. The recipients have agreed to that too."
        ),
        error_messages={"required": _("Confirm that you have read the notice about sending abroad.")},
    )

    def __init__(self, *args: Any, job: SendJob, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if job.application.is_mainland:
            del self.fields["cross_border"]
        for name in ("at", "until"):
            self.fields[name].widget.attrs["min"] = timezone.localtime().strftime("%Y-%m-%dT%H:%M")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("when") == self.NOW:
            for name in OF_TIME:
                self.errors.pop(name, None)
                data.pop(name, None)
        return data

    @property
    def has_more(self) -> bool:
        """Whether the fields that most people need not see hold something, or a fault."""
        if (
            any(self[name].value() for name in ("until", "speed_limit"))
            or self["late_policy"].value() != LatePolicy.SEND
        ):
            return True
        return any(name in self.errors for name in ("until", "speed_limit", "late_policy", "late_minutes"))

    @property
    def plan(self) -> Plan:
        data = self.cleaned_data
        return Plan(
            at=data.get("at"),
            until=data.get("until"),
            late_policy=LatePolicy(data.get("late_policy", LatePolicy.SEND)),
            late_minutes=data.get("late_minutes", 60),
            speed_limit=data.get("speed_limit"),
            consent=data["consent"],
            cross_border=data.get("cross_border", True),
        )
