"""Putting a job together: its name, one choice after the other, and the recipients."""

from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, User
from sending.drafts import Step
from sending.intake import sources
from sending.intake.upload import Recipients
from sending.models import JobDraft, RecipientList, Source
from templates_app.models import MessageTemplate, Signature, TemplateVersion

KINDS = (".xlsx", ".csv")
# A thousand numbers with room for marks and line ends between them.
NUMBERS_MAX = 60_000


def check_sheet(file: UploadedFile) -> None:
    """Raises ValidationError for what is no sheet by its name, or too large; what is in it is seen later."""
    if PurePath(file.name or "").suffix.lower() not in KINDS:
        raise forms.ValidationError(
            _("This is neither .xlsx nor .csv. Save the sheet as one of these and choose it again.")
        )
    if file.size and file.size > settings.UPLOAD_MAX_BYTES:
        raise forms.ValidationError(
            _("The file has %(size)s MB; at most %(most)s MB are read. Leave out what is not needed, or split it."),
            params={"size": -(-file.size // 2**20), "most": settings.UPLOAD_MAX_BYTES // 2**20},
        )


class NameForm(forms.Form):
    """`token` makes a form posted twice one draft; `template` is what the job is to begin with, if anything."""

    step = Step.NAME
    token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(), required=False, widget=forms.HiddenInput, error_messages={"invalid_choice": ""}
    )
    name = forms.CharField(
        label=_("Job name"),
        max_length=60,
        help_text=_("For your own lists, people never see it."),
        error_messages={
            "required": _("Give the job a name."),
            "max_length": _("The name has %(show_value)s characters; at most %(limit_value)s fit. Shorten it."),
        },
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = MessageTemplate.objects.visible_to(by).select_related("application__enterprise", "signature")
        self.fields["template"].queryset = mine  # type: ignore[attr-defined]
        self.fields["name"].widget.attrs["autofocus"] = True

    @staticmethod
    def fresh_token() -> str:
        return str(uuid.uuid4())

    @property
    def begins_with(self) -> MessageTemplate | None:
        """What stands in `template`, if it is there."""
        given = str(self["template"].value() or "")
        if not (given.isascii() and given.isdecimal() and len(given) < 19):
            return None
        found: MessageTemplate | None = self.fields["template"].queryset.filter(pk=given).first()  # type: ignore[attr-defined]
        return found

    def clean_token(self) -> uuid.UUID:
        return self.cleaned_data["token"] or uuid.uuid4()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.errors.pop("template", None) or "template" not in data:  # gone meanwhile: begin without it
            data["template"] = None
        return data


class ChoiceForm(forms.Form):
    """An application, a signature or a template for a draft; whether it fits is asked by `drafts.choose`."""

    def __init__(self, *args: Any, step: Step, draft: JobDraft, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = step
        self.fields[step] = forms.ModelChoiceField(
            _choices(step, draft, by),
            label=step.label,
            initial=getattr(draft, f"{step}_id"),
            error_messages={"required": _REQUIRED[step], "invalid_choice": _GONE},
        )

    @property
    def asked(self) -> forms.BoundField:
        return self[self.step]

    @property
    def chosen(self) -> Any:
        return self.cleaned_data[self.step]


_REQUIRED = {
    Step.APPLICATION: _("Choose an application."),
    Step.SIGNATURE: _("Choose the signature to send under."),
    Step.TEMPLATE: _("Choose the template to send."),
}
_GONE = _("This is no longer offered. Choose another one.")


def _choices(step: Step, draft: JobDraft, by: User) -> Any:
    if step == Step.APPLICATION:
        return Application.objects.visible_to(by)
    kept = Signature.objects if step == Step.SIGNATURE else MessageTemplate.objects
    return kept.visible_to(by).filter(application=draft.application_id)


class RecipientsForm(forms.Form):
    """A spreadsheet, typed numbers, or a saved list."""

    step = Step.RECIPIENTS
    source = forms.ChoiceField(
        choices=[(Source.FILE, _("Spreadsheet")), (Source.TYPED, _("Type or paste")), (Source.LIST, _("Saved list"))],
        error_messages={"required": _("Choose where the numbers come from."), "invalid_choice": _GONE},
    )
    file = forms.FileField(
        label=_("Spreadsheet"),
        required=False,
        max_length=200,
        error_messages={
            "empty": _("The file is empty. Choose one with a heading row and at least one number."),
            "max_length": _("The file’s name is longer than 200 characters. Give it a shorter one."),
        },
    )
    numbers = forms.CharField(
        label=_("Numbers"),
        required=False,
        max_length=NUMBERS_MAX,
        error_messages={"max_length": _("These are more than 1,000 numbers. Upload a spreadsheet.")},
    )
    saved_list = forms.ModelChoiceField(
        RecipientList.objects.none(),
        label=_("Saved list"),
        required=False,
        error_messages={"invalid_choice": _("This list is no longer there. Choose another one.")},
    )

    def __init__(self, *args: Any, draft: JobDraft, by: User, **kwargs: Any) -> None:
        kwargs["initial"] = {"source": draft.source, "numbers": draft.numbers, "saved_list": draft.saved_list_id}
        super().__init__(*args, **kwargs)
        self.fields["saved_list"].queryset = RecipientList.objects.visible_to(by).ready()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What is missing is said at the field of the chosen source; the others do not count."""
        data = super().clean() or self.cleaned_data
        wanted = _FIELDS.get(data.get("source", ""), "")
        for name in _FIELDS.values():
            if name != wanted:
                self.errors.pop(name, None)
            elif name in _EMPTY and not data.get(name) and name not in self.errors:
                self.add_error(name, _EMPTY[name])
        return data

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file:
            check_sheet(file)
        return file

    @property
    def field_of_source(self) -> str:
        """Where it is said what is wrong with the recipients."""
        return _FIELDS[self.cleaned_data["source"]]

    @property
    def kept(self) -> dict[str, Any]:
        """What a draft keeps of it, whether or not it is complete; `numbers` None where they are not fit to be kept."""
        return {
            "source": self.cleaned_data.get("source") or Source.FILE,
            "numbers": self.cleaned_data.get("numbers"),
            "saved_list": self.cleaned_data.get("saved_list"),
        }

    def recipients(self, version: TemplateVersion) -> Recipients:
        """Of a form without errors. Raises NotAllowed where they cannot be used."""
        data = self.cleaned_data
        if data["source"] == Source.TYPED:
            return sources.typed(version, data["numbers"])
        if data["source"] == Source.LIST:
            return sources.of_list(data["saved_list"])
        return Recipients(data["file"])


# By source the field that it needs; and what to say where that is empty. Of numbers, `sources` says it.
_FIELDS = {Source.FILE: "file", Source.TYPED: "numbers", Source.LIST: "saved_list"}
_EMPTY = {
    "file": _("Choose a spreadsheet with the numbers, .xlsx or .csv."),
    "saved_list": _("Choose a list."),
}
