from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.lib import phone


class MobileField(forms.CharField):
    """A mobile number of any country; its cleaned value is E.164, or "" where it may be left out and is."""

    WORDS = {
        phone.Fault.MISSING: _("Write digits only, with a + before the country code."),
        phone.Fault.TOO_SHORT: _("The number has too few digits. Mainland mobiles have 11."),
        phone.Fault.TOO_LONG: _("The number has too many digits. Mainland mobiles have 11."),
        phone.Fault.LETTERS: _("Write digits only, with a + before the country code."),
        phone.Fault.NOT_MOBILE: _("This is no mobile number, so no SMS reaches it."),
        phone.Fault.FIXED_LINE: _("This is no mobile number, so no SMS reaches it."),
        phone.Fault.IOT: _("This is the number of an IoT card, not of a person’s phone. Write a mobile number."),
        phone.Fault.DIGITS_LOST: _("Some digits of the number are missing. Write it in full."),
        phone.Fault.COUNTRY: _("There is no such country code. Write the number like +852 9123 4567."),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Mobile number"))
        options.setdefault(
            "help_text",
            _("Mainland numbers with their 11 digits, all others with + and the country code: +852 9123 4567."),
        )
        options.setdefault("widget", forms.TextInput({"type": "tel", "inputmode": "tel", "autocomplete": "tel"}))
        super().__init__(**{"max_length": 40} | options)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        mainland = phone.normalise(text, mainland=True)
        if isinstance(mainland, phone.Number):
            return mainland.e164
        abroad = phone.normalise(text, mainland=False)
        named = text.startswith(("+", "00", "＋"))
        if isinstance(abroad, phone.Number) and named:
            return abroad.e164
        # What went wrong is said of the kind of number that was meant.
        foreign = named and not text.replace(" ", "").startswith(("+86", "0086"))
        fault = abroad if foreign and isinstance(abroad, phone.Fault) else mainland
        raise forms.ValidationError(self.WORDS[fault])
