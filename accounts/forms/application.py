"""Forms of applications: adding and changing one, rotating its secret, suspending it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts import applications
from accounts.application_secrets import OVERLAPS
from accounts.models import Application, User
from accounts.models.application import NAME, Region
from console.lib import callbacks, networks


class CallbackField(forms.CharField):
    """An address that the platform calls; kept as `console.lib.callbacks` writes it."""

    widget = forms.URLInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=callbacks.LENGTH_MAX, **kwargs)

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        try:
            return callbacks.check(address, demo=not settings.PRODUCTION) if address else ""
        except callbacks.Refused as problem:
            raise forms.ValidationError(str(problem)) from problem


class NetworksField(forms.CharField):
    """Networks, one a line or with commas between; gives the list in CIDR form."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "mono"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=networks.TEXT_MAX, **kwargs)

    def clean(self, value: Any) -> list[str]:
        parsed = networks.parse(super().clean(value))
        if parsed.faults:
            raise forms.ValidationError(parsed.faults[:5])
        return parsed.networks


class _Fields(forms.Form):
    name = forms.RegexField(
        NAME,
        label=_("Name"),
        max_length=64,
        help_text=_("For your own lists, people never see it. Letters, digits and the signs _ . - @"),
        error_messages={
            "required": _("Give the application a name."),
            "invalid": _("Use letters, digits and the signs _ . - @ only."),
        },
    )
    report_address = CallbackField(
        label=_("Address for status reports"),
        help_text=_("Called with what became of your messages, unless a program names another one with its request."),
    )
    uplink_address = CallbackField(
        label=_("Address for replies"), help_text=_("Called with what people answer to your messages.")
    )
    allowed_networks = NetworksField(
        label=_("IP allowlist"),
        help_text=_(
            "Where programs may call from: addresses or networks, one a line, such as 203.0.113.7 or 2001:db8::/48. "
            "Empty: from anywhere."
        ),
    )


class ApplicationForm(_Fields):
    """A new application of one region."""

    uplink_time = forms.BooleanField(
        label=_("Replies carry their time"),
        required=False,
        help_text=_("Calls with replies say when each was received. This cannot be changed later."),
    )
    signs_callbacks = forms.BooleanField(
        label=_("Sign the calls to your addresses"),
        required=False,
        help_text=_("You get a push key and secret of their own, to check that a call comes from here."),
    )
    trial_kit = forms.BooleanField(
        label=_("Test signature and template"),
        required=False,
        help_text=_("Approved at once, for trying things out. They vanish after a month; messages count as usual."),
    )

    def __init__(self, *args: Any, by: User, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by, self.region = by, region
        if region != Region.MAINLAND:
            for name in ("uplink_address", "uplink_time", "trial_kit"):
                del self.fields[name]

    def clean_name(self) -> str:
        return _free_name(self.cleaned_data["name"], of=self.by.enterprise_id or 0)

    def application(self) -> Application:
        """Not saved yet."""
        held = self.cleaned_data
        kept = {name: held[name] for name in (*applications.EDITABLE, "uplink_time") if name in held}
        return Application(enterprise_id=self.by.enterprise_id or 0, created_by=self.by, region=self.region, **kept)


class ChangeForm(_Fields):
    """What may be changed later. `seen` stands for what the person had before their eyes."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def __init__(self, data: Any = None, *, application: Application) -> None:
        super().__init__(data, initial=self.initial_of(application))
        self.application = application
        if not application.is_mainland:
            del self.fields["uplink_address"]
        if application.is_suspended:
            for name in applications.FIXED_WHILE_SUSPENDED:
                # What was typed before it was suspended is not dropped in silence; `change` says why it stays.
                if name in self.fields and name not in self.data:
                    self.fields[name].disabled = True
                    self.fields[name].help_text = _("Stays as it is while the application is suspended.")

    @staticmethod
    def initial_of(application: Application) -> dict[str, Any]:
        held = {name: getattr(application, name) for name in applications.EDITABLE}
        return held | {
            "allowed_networks": "\n".join(application.shown_networks),
            "seen": applications.token(application),
        }

    def clean_name(self) -> str:
        return _free_name(self.cleaned_data["name"], of=self.application.enterprise_id, but=self.application.pk)

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in applications.EDITABLE}

    def after(self, problem: applications.ChangedMeanwhile) -> ChangeForm:
        """The form to look at again: others' changes are in it, one's own stand, and it says which are which."""
        stored = self.initial_of(problem.current)
        data: Any = dict(self.data.items())
        data["seen"] = stored["seen"]
        for name in problem.taken:
            data[name] = stored[name]
        again = ChangeForm(data, application=problem.current)
        again.is_valid()
        again.add_error(None, str(problem))
        labels = [str(again.fields[name].label) for name in problem.taken if name in again.fields]
        if labels:
            words = _("These show what was saved meanwhile: %(fields)s. Look at them, then save.")
            again.add_error(None, words % {"fields": ", ".join(labels)})
        for name in problem.clashing:
            words = _("Somebody has saved “%(value)s” here meanwhile. Save again to put yours in its place.")
            again.add_error(name, words % {"value": stored[name].replace("\n", ", ") or _("nothing")})
        return again


def _free_name(name: str, *, of: int, but: int = 0) -> str:
    if Application.objects.filter(enterprise=of, name=name).exclude(pk=but).exists():
        raise forms.ValidationError(_("You already have an application with this name."))
    return name


NEVER = datetime.fromtimestamp(0, UTC)
OVERLAP_WORDS = {0: _("At once"), 1: _("In 1 hour"), 24: _("In 24 hours"), 168: _("In 7 days")}


class RotateForm(forms.Form):
    """`seen` is when the secret was made that is to be replaced: a form from before another rotation does nothing."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    overlap = forms.TypedChoiceField(
        label=_("When does the old secret end?"),
        choices=[(hours, OVERLAP_WORDS[hours]) for hours in OVERLAPS],
        coerce=int,
        initial=24,
        widget=forms.RadioSelect,
        help_text=_("Until then both work, so that each program can be given the new one without a gap."),
        error_messages={"required": _("Choose how long the old secret stays valid.")},
    )

    def clean_seen(self) -> datetime:
        try:
            seen = parse_datetime(self.cleaned_data["seen"])
            return seen.astimezone(UTC) if seen is not None and timezone.is_aware(seen) else NEVER
        except (ValueError, OverflowError):  # the ends of time, in another zone, lie beyond what databases know
            return NEVER


class SuspendForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("Say why, so that your colleagues know when it may go on."),
            "max_length": _("Use 200 characters at most."),
        },
    )
