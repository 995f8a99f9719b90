"""The field with which people hand in a document."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from console.lib.documents import EXTENSIONS, NAME_MAX, SIGNS, Checked, DocumentFault, check, words

HELP = format_lazy(
    _(
        "JPG, PNG, GIF or PDF, at most 2 MB. "
        "The file’s name has at most {most} characters, no spaces and none of {signs}"
    ),
    most=NAME_MAX,
    signs=" ".join(SIGNS),
)


class DocumentField(forms.FileField):
    """A picture or PDF; its cleaned value is a `Checked`, for `accounts.documents.store`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", HELP)
        kwargs.setdefault("error_messages", {}).setdefault("required", _("Choose a file: a JPG, PNG, GIF or PDF."))
        super().__init__(**kwargs, allow_empty_file=True)  # what is wrong with it, an empty one too, `check` says

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        accept = ",".join(f".{extension}" for extension in EXTENSIONS)
        return super().widget_attrs(widget) | {"accept": accept}

    def clean(self, data: UploadedFile | None, initial: Any = None) -> Checked | None:
        uploaded = super().clean(data, initial)
        if not isinstance(uploaded, UploadedFile):
            return uploaded
        try:
            uploaded.seek(0)
            return check(uploaded.name or "", uploaded)
        except DocumentFault as fault:
            raise forms.ValidationError(words.describe(fault), code=str(fault.code)) from fault
