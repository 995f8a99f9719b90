"""Adding rows to a job: a further file, or typed numbers where the message has no variables."""

from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from console.figures import num
from console.lib.errors import NotAllowed
from sending.intake import sources
from sending.intake.upload import Recipients
from sending.models import SendJob

KINDS = (".xlsx", ".csv")


class AdditionForm(forms.Form):
    """`token` makes a form posted twice one file."""

    token = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": _("This page is too old. Load it again.")}
    )
    file = forms.FileField(
        label=_("Spreadsheet"),
        required=False,
        max_length=200,
        error_messages={
            "empty": _("The file is empty. Choose one with at least one number."),
            "max_length": _("The file’s name is longer than 200 characters. Give it a shorter one."),
        },
    )
    numbers = forms.CharField(
        label=_("Or type numbers"),
        required=False,
        strip=True,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("At most %(most)s, one in a line or divided by commas.") % {"most": num(sources.TYPED_MAX)},
    )

    def __init__(self, *args: Any, job: SendJob, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "add_%s", "initial": {"token": uuid.uuid4()}, **kwargs})
        self.job = job
        if job.version.typed_variables:
            del self.fields["numbers"]

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is None:
            return None
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
        file, numbers = data.get("file"), data.get("numbers")
        if file and numbers:
            self.add_error("numbers", _("Add either a file or typed numbers; the other one can follow."))
        elif not file and not numbers and not self.errors:
            self.add_error("file", _("Choose a file, .xlsx or .csv."))
        elif numbers and not self.errors:
            try:
                data["recipients"] = sources.typed(self.job.version, numbers)
            except NotAllowed as problem:
                self.add_error("numbers", str(problem))
        elif file:
            data["recipients"] = Recipients(file)
        return data
