"""Forms of the Group SMS Assistant."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sending.models import JobStatus
from templates_app.models import MessageTemplate, Signature
from templates_app.models.template import Variable

KINDS = (".xlsx", ".csv")


@dataclass(frozen=True, slots=True)
class SignatureGroup:
    """Signatures of one application and type."""

    label: str
    signatures: list[Signature]


class NewJobForm(forms.Form):
    """A message, what it goes out under, recipients, and a name. `token` makes a form posted twice one job."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        label=_("Message"),
        error_messages={
            "required": _("Choose the message to send."),
            "invalid_choice": _("This template can no longer be sent. Choose another one."),
        },
    )
    # For universal templates; the others bring their own, and what is chosen here does not count.
    signature = forms.ModelChoiceField(
        Signature.objects.none(),
        label=_("Signature"),
        required=False,
        error_messages={"invalid_choice": _("Nothing can be sent under this signature now. Choose another one.")},
    )
    file = forms.FileField(
        label=_("Recipients"),
        max_length=200,
        error_messages={
            "required": _("Choose a spreadsheet with the numbers, .xlsx or .csv."),
            "empty": _("The file is empty. Choose one with a heading row and at least one number."),
            "max_length": _("The file’s name is longer than 200 characters. Give it a shorter one."),
        },
    )
    name = forms.CharField(
        label=_("Job name"),
        max_length=60,
        required=False,
        help_text=_("For your own lists, people never see it."),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = (  # type: ignore[attr-defined]
            MessageTemplate.objects.visible_to(by).sendable().select_related("application")
        )
        self.fields["signature"].queryset = (  # type: ignore[attr-defined]
            Signature.objects.visible_to(by).own().sendable().select_related("application").order_by("name", "pk")
        )

    @staticmethod
    def fresh_token() -> str:
        return str(uuid.uuid4())

    def signatures_for(self, templates: Sequence[MessageTemplate], *, exact: bool) -> list[SignatureGroup]:
        """What universal ones of `templates` can be sent under, by application and type.

        For the chosen template alone, where it is universal; otherwise for all, or for none where `exact`.
        """
        chosen = str(self["template"].value() or "")
        wanted = templates if len(templates) == 1 else [t for t in templates if str(t.pk) == chosen]
        if not exact and not any(template.universal for template in wanted):
            wanted = templates
        places = {(template.application_id, template.type) for template in wanted if template.universal}
        groups: dict[tuple[int, str], SignatureGroup] = {}
        for signature in self.fields["signature"].queryset if places else ():  # type: ignore[attr-defined]
            place = (signature.application_id, signature.type)
            if place in places:
                label = f"{signature.application} · {signature.get_type_display()}"
                groups.setdefault(place, SignatureGroup(label, [])).signatures.append(signature)
        return list(groups.values())

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if PurePath(file.name or "").suffix.lower() not in KINDS:
            raise forms.ValidationError(
                _("This is neither .xlsx nor .csv. Save the sheet as one of these and choose it again.")
            )
        if file.size and file.size > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(
                _("The file has %(size)s MB; at most %(most)s MB are read. Leave out what is not needed, or split it."),
                params={"size": -(-file.size // 2**20), "most": settings.UPLOAD_MAX_BYTES // 2**20},
            )
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("name") and data.get("file"):
            data["name"] = PurePath(data["file"].name or "").stem[:60]
        self._clean_signature(data)
        return data

    def _clean_signature(self, data: dict[str, Any]) -> None:
        template, signature = data.get("template"), data.get("signature")
        if template is None or not template.universal:
            data["signature"] = None
            self.errors.pop("signature", None)
        elif signature is None:
            if "signature" not in self.errors:
                self.add_error("signature", _("This template is universal. Choose the signature to send under."))
        elif (signature.application_id, signature.type) != (template.application_id, template.type):
            self.add_error(
                "signature",
                _("This signature is of another application or type than the template. Choose one that fits."),
            )


class ConfirmForm(forms.Form):
    """When a checked job is to be sent. The time is read in the enterprise's zone, which is the current one."""

    NOW, LATER = "now", "later"
    when = forms.ChoiceField(
        label=_("When"), choices=[(NOW, _("Now")), (LATER, _("At a time"))], initial=NOW, widget=forms.RadioSelect
    )
    at = forms.DateTimeField(
        label=_("Send at"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": _("Write the time like 2026-03-31 09:00.")},
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("when") == self.NOW:
            data["at"] = None
        elif not data.get("at") and "at" not in self.errors:
            self.add_error("at", _("Say when the job is to begin."))
        return data

    @property
    def earliest(self) -> str:
        return timezone.localtime().strftime("%Y-%m-%dT%H:%M")


class ColumnsForm(forms.Form):
    """Which column of a file, by its heading, holds the number, and which the value of each variable."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    number = forms.ChoiceField(label=_("Number"))

    def __init__(
        self, *args: Any, headings: list[str], variables: list[Variable], used: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"auto_id": "columns_%s", **kwargs})
        choices = [("", _("Choose a column")), *((heading, heading) for heading in dict.fromkeys(headings))]
        self.fields["number"].choices = choices  # type: ignore[attr-defined]
        self.fields["number"].initial = used.get("number")
        self.fields["token"].initial = NewJobForm.fresh_token()
        self.names = [variable.name for variable in variables]
        for variable in variables:
            label = f"{variable.code} {variable.meaning}".strip()
            initial = (used.get("values") or {}).get(variable.name)
            self.fields[f"value-{variable.name}"] = forms.ChoiceField(label=label, choices=choices, initial=initial)

    @property
    def columns(self) -> dict[str, Any]:
        """As `SendJob.wanted_columns` has it."""
        data = self.cleaned_data
        return {"number": data["number"], "values": {name: data[f"value-{name}"] for name in self.names}}


class JobFilter(forms.Form):
    """What the list of jobs shows; everything stands in the address, so that it can be bookmarked."""

    q = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=60,
        widget=forms.TextInput({"class": "form-control", "type": "search"}),
    )
    status = forms.ChoiceField(label=_("State"), required=False, widget=forms.Select({"class": "form-select"}))
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        label=_("Template"),
        required=False,
        empty_label=_("All templates"),
        widget=forms.Select({"class": "form-select"}),
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [("", _("All states")), *JobStatus.choices]  # type: ignore[attr-defined]
        self.fields["template"].queryset = MessageTemplate.objects.visible_to(by).order_by("name")  # type: ignore[attr-defined]
        self.is_valid()  # what does not fit is ignored: an old link still shows a list

    @property
    def chosen(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}
