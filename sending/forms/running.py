"""What may be changed of a job that was confirmed: when it begins, and how fast it goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sending.jobs import SPEED_MOST
from sending.models import SendJob

_INPUT = "%Y-%m-%dT%H:%M"


class RescheduleForm(forms.Form):
    """The time is read in the enterprise's zone, which is the current one."""

    at = forms.DateTimeField(
        label=_("Begin at"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=_INPUT),
        input_formats=[_INPUT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={
            "invalid": _("Write the time like 2026-03-31 09:00."),
            "required": _("Say when the job is to begin."),
        },
    )

    def __init__(self, *args: Any, job: SendJob, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "reschedule_%s", "initial": {"at": job.scheduled_at}, **kwargs})
        self.fields["at"].widget.attrs["min"] = timezone.localtime().strftime(_INPUT)


class SpeedForm(forms.Form):
    speed = forms.IntegerField(
        label=_("At most so many segments a second"),
        help_text=_("Leave it empty for as fast as the carriers take them."),
        min_value=1,
        max_value=SPEED_MOST,
        required=False,
        error_messages={
            "invalid": _("Write the speed as a whole number."),
            "min_value": _("From 1 to 100,000 segments a second."),
            "max_value": _("From 1 to 100,000 segments a second."),
        },
    )

    def __init__(self, *args: Any, job: SendJob, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "limit_%s", "initial": {"speed": job.speed_limit}, **kwargs})
