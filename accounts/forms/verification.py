"""The form of real-name verification."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidFormat, InvalidLength

from accounts.forms.document import DocumentField
from accounts.models import Verification
from accounts.verification import Claim
from console.lib import countries

CODE_LENGTH = 18
_NEVER = "IOZSV"  # letters that look like digits or each other; GB 32100-2015 leaves them out
_INDIVIDUAL = "92"  # 9: registered as a business; 2: an individual one (GB 32100-2015, table 1)
_REGISTRATION = re.compile(r"[\w\-/. ]{2,18}")


def credit_code_fault(code: str) -> str | Promise:
    """Which kind of mistake a unified social credit code (GB 32100-2015, compact) has; empty for none."""
    try:
        uscc.validate(code)
    except InvalidLength:
        return _("The code has %(n)s characters; a unified social credit code has 18.") % {"n": len(code)}
    except InvalidFormat:
        if wrong := sorted({c for c in code if c in _NEVER}):
            return _("The code contains %(letters)s, which no such code has: look for 1, 0, 2, 5 or U.") % {
                "letters": ", ".join(wrong)
            }
        if not code[:8].isdigit():
            return _("The first 8 characters are digits. Compare them with the licence.")
        return _("The code consists of digits and capital letters. Compare it with the licence.")
    except InvalidChecksum:
        return _("The last character does not fit the others, so one of the 18 is mistyped. Compare with the licence.")
    if code.startswith(_INDIVIDUAL):
        return _(
            "Codes that begin with 92 belong to individual businesses, which may not join. Companies’ begin with 91."
        )
    return ""


class VerificationForm(forms.Form):
    """`before`: the submission this one replaces; its licence is kept when no other is chosen."""

    name = forms.CharField(
        label=_("Enterprise name"),
        max_length=100,
        help_text=_("Exactly as on the licence."),
        error_messages={"required": _("Give the name that stands on the licence.")},
    )
    country = forms.ChoiceField(label=_("Registered country or region"), choices=countries.choices)
    credit_code = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        help_text=_("18 characters, as on the licence. Outside mainland China: the registration number."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Give the code that stands on the licence.")},
    )
    address = forms.CharField(
        label=_("Registered address"),
        max_length=200,
        error_messages={"required": _("Give the address that stands on the licence.")},
    )
    legal_person = forms.CharField(
        label=_("Legal person"),
        max_length=60,
        help_text=_("The name of the person who represents the enterprise by law."),
        error_messages={"required": _("Name the legal person on the licence.")},
    )
    licence = DocumentField(label=_("Business licence"))
    declared = forms.BooleanField(
        label=_("I declare that all of this is true and complete, and that I may act for this enterprise."),
        error_messages={"required": _("Nothing is sent in without this declaration.")},
    )

    def __init__(self, *args: Any, before: Verification | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = before
        self.fields["licence"].required = before is None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "credit_code" in data and "country" in data:
            self._clean_credit_code(data)
        return data

    def _clean_credit_code(self, data: dict[str, Any]) -> None:
        code = data["credit_code"]
        if data["country"] == "CN":
            data["credit_code"] = code = uscc.compact(code)
            if fault := credit_code_fault(code):
                self.add_error("credit_code", str(fault))
        elif not _REGISTRATION.fullmatch(code):
            self.add_error("credit_code", _("A registration number has 2 to 18 letters, digits, or the signs - / ."))

    @property
    def claim(self) -> Claim:
        data = self.cleaned_data
        fields = ("name", "country", "credit_code", "address", "legal_person")
        return Claim(**{field: data[field] for field in fields}, licence=data["licence"] or None)
