from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Enterprise, Request
from accounts.requests import KINDS
from console.lib.errors import NotAllowed


class RequestForm(forms.ModelForm):
    """Asks for one kind, chosen before; with the figure where the kind has one."""

    class Meta:
        model = Request
        fields = ["wanted", "why"]
        widgets = {"why": forms.Textarea(attrs={"rows": 5})}
        help_texts = {"why": _("The reviewer decides by these words: what for, since when, how much.")}
        error_messages = {"why": {"required": _("Say why, so that the reviewer can decide.")}}

    def __init__(self, *args: Any, enterprise: Enterprise, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.enterprise = KINDS[kind], enterprise
        self.instance.enterprise, self.instance.kind = enterprise, kind
        if not self.kind.figure:
            del self.fields["wanted"]
            return
        wanted, present = self.fields["wanted"], self.kind.present(enterprise) or 0
        wanted.required = True
        wanted.validators = []  # the kind's own check says what would be right
        wanted.widget.attrs |= {"min": present + 1, "max": self.kind.most}
        wanted.error_messages["required"] = _("Say how many you need in all.")
        wanted.help_text = _("You may have %(present)s now; at most %(most)s are possible.") % {
            "present": present,
            "most": self.kind.most,
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            self.instance.wanted = cleaned.get("wanted")
            try:
                self.kind.check(self.instance, self.enterprise)
            except NotAllowed as problem:
                self.add_error("wanted" if "wanted" in self.fields else None, str(problem))
        return cleaned
