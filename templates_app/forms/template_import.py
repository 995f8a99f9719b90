"""Uploading a sheet of templates, and giving a template another name."""

from __future__ import annotations

import uuid

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from templates_app.batch.imports import BYTES_MAX
from templates_app.models.template import NAME_MAX
from templates_app.template_deeds import name_faults


class TemplateImportForm(forms.Form):
    # Of this form, so that one that is sent twice is one import.
    token = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("Spreadsheet"),
        allow_empty_file=True,  # what is wrong with it, an empty one too, the reader says
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text=_(".xlsx or .csv, at most 500 templates and 2 MB, with the columns of the sample file."),
        error_messages={"required": _("Choose the file with the templates.")},
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        size = file.size or 0
        if size > BYTES_MAX:
            raise forms.ValidationError(
                _("The file has %(size)s; at most %(limit)s are accepted. Split it into several files."),
                params={"size": filesizeformat(size), "limit": filesizeformat(BYTES_MAX)},
            )
        return file


class RenameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_MAX,
        help_text=_("At most 30 characters. People who get the messages never see it."),
        error_messages={"required": _("Give the template a name.")},
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if faults := name_faults(name):
            raise forms.ValidationError(faults)
        return name
