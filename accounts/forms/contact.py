from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.contacts import SWITCHES
from accounts.forms.phone import MobileField
from accounts.models import Contact, User


class ContactForm(forms.ModelForm):
    number = MobileField(required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        widget=forms.RadioSelect,
        help_text=_("In which notices are written."),
        error_messages={"required": _("Choose a language.")},
    )

    class Meta:
        model = Contact
        fields = ["name", "number", "email", "language", *SWITCHES]
        error_messages = {
            "name": {"required": _("Give the contact a name.")},
            "email": {"invalid": _("This is no e-mail address. It looks like name@example.com.")},
        }

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.instance.enterprise_id = by.enterprise_id or 0
            self.initial["language"] = get_language()

    @property
    def switches(self) -> list[forms.BoundField]:
        return [self[name] for name in SWITCHES]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned.get("number") or cleaned.get("email")):
            words = _("Give a mobile number, an e-mail address, or both.")
            self.add_error("number", words)
            self.add_error("email", words)
        return cleaned
