"""Why reviewers reject, by kind: a word for the list, and what the applicant is to do about it.

Both are kept as lazy words, so that a reason goes to the applicant in both languages at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from console.lib.languages import both

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    label: Any
    advice: Any = ""
    group: Any = ""  # what the list sorts it under; empty where a list is short

    @property
    def words(self) -> dict[str, str]:
        """`{"reason": English, "reason_zh": Chinese}` for the applicant; empty for "another reason"."""
        if self.code == OTHER:
            return {"reason": "", "reason_zh": ""}
        # Translators: a reason to reject, then what to do about it.
        return both(format_lazy(pgettext_lazy("reason", "{label}. {advice}"), label=self.label, advice=self.advice))


_OTHER = Reason(OTHER, _("Another reason"))
_SIGNATURE, _TYPE, _VARIABLES = _("Signature"), _("Type"), _("Variables")
_TEXT, _CONTENT = _("Text"), _("Content")

VERIFICATION = (
    Reason("unreadable", _("Business licence cannot be read"), _("Upload a sharp colour scan of the whole page.")),
    Reason("name", _("Name differs from the licence"), _("Write the name exactly as the licence has it.")),
    Reason("code", _("Credit code differs from the licence"), _("Write the 18 characters as the licence has them.")),
    Reason("legal_person", _("Legal person differs from the licence"), _("Name the person whom the licence names.")),
    Reason("expired", _("Business licence has expired"), _("Upload the renewed licence.")),
    Reason("kind", _("This kind of organisation may not join"), _("Only enterprises with their own licence may.")),
    _OTHER,
)

QUALIFICATION = (
    Reason("unreadable", _("Documents cannot be read"), _("Upload sharp colour pictures of the whole page.")),
    Reason("company", _("Company differs from the certificate"), _("Write name and code as the certificate has them.")),
    Reason("certificate", _("Certificate is of another kind or has expired"), _("Upload the valid one.")),
    Reason("manager", _("Responsible person differs from the ID card"), _("Write name and number as on the ID card.")),
    Reason(
        "person", _("ID pictures show different people"), _("Both sides and the picture in hand show the same person.")
    ),
    Reason("hand", _("ID card in hand cannot be recognised"), _("Face and card must both be seen, nothing covered.")),
    Reason("letter", _("Letter of attorney missing or incomplete"), _("Fill in our form; the seal on it must be red.")),
    Reason("purpose", _("Purpose does not fit"), _("Another company’s signature needs the third-party purpose.")),
    _OTHER,
)

SIGNATURE = (
    Reason(
        "subject", _("Source does not belong to the company"), _("Check name and licence for typos and the wrong file.")
    ),
    Reason("account", _("Public account or mini-program not found"), _("Give its full name as it is registered.")),
    Reason("app", _("App not found, or of another developer"), _("Give the address of the app of your company.")),
    Reason("trademark", _("Trademark not found"), _("Check the name; the mark must be registered, not applied for.")),
    Reason("website", _("Domain not found in the ministry’s register"), _("Check the domain and its registration.")),
    Reason("store", _("Store address missing"), _("Give the address of the store or mall.")),
    Reason("owner", _("Licence is not the signature owner’s"), _("Upload the licence of the company that owns it.")),
    Reason("picture", _("Picture cannot be displayed"), _("It was damaged on the way; upload it again.")),
    Reason("industry", _("Industry may not send this type"), _("Choose another type; see the rules of templates.")),
    Reason("format", _("Name breaks the rules"), _("2 to 32 Chinese characters, letters or digits, no brackets.")),
    _OTHER,
)

ACTIVATION = (
    Reason("unused", _("Use is not explained"), _("Say for what, to whom and from when it is sent.")),
    Reason("gone", _("Source of the name no longer exists"), _("Apply for a signature that you use today.")),
    Reason("qualification", _("Qualification no longer holds"), _("Send in a valid qualification first.")),
    _OTHER,
)

TEMPLATE = (
    Reason("type", _("Type does not fit the text"), _("Choose the type by what the text says."), _TYPE),
    Reason(
        "signature", _("Text is not about the signature"), _("Text and signature must be of one company."), _SIGNATURE
    ),
    Reason(
        "universal",
        _("Universal or test signature without need"),
        _("Choose your own signature; universal is for two or more of one type."),
        _SIGNATURE,
    ),
    Reason("brackets", _("Square brackets on the mainland"), _("Choose 【】."), _SIGNATURE),
    Reason(
        "unclear",
        _("Meaning unclear, too many variables"),
        _("Write as much fixed text as possible, so that the occasion shows."),
        _VARIABLES,
    ),
    Reason(
        "misused",
        _("Variable of a wrong kind"),
        _("Use time for times and numbers for numbers; text only for what is neither."),
        _VARIABLES,
    ),
    Reason(
        "longest", _("Variable too long or too many"), _("At most 20; a verification code has at most 8."), _VARIABLES
    ),
    Reason(
        "link",
        _("Link short, redirecting or variable"),
        _("Write a fixed address of your own that can be reached."),
        _CONTENT,
    ),
    Reason("subject", _("Subject not allowed"), _("Take the subject out; see the list of forbidden themes."), _CONTENT),
    Reason(
        "keyword",
        _("Word for the code is missing"),
        _("Write 验证码, 注册码, 校验码 or 动态码 before the code."),
        _CONTENT,
    ),
    Reason("unsubscribe", _("Way to unsubscribe is missing"), _("End the text with 拒收请回复R."), _CONTENT),
    Reason("symbols", _("Symbols not allowed"), _("Leave out ¥ ★ ^_^ & √ ※ and brackets."), _TEXT),
    Reason("duplicate", _("Signature stands in the text"), _("Leave it out; it is put in front by itself."), _TEXT),
    _OTHER,
)

REQUEST = (
    Reason("need", _("The need is not explained"), _("Say what each of them is for.")),
    Reason("unsolved", _("What the platform objected to is not put right"), _("Put it right, then ask again.")),
    Reason("done", _("Already done"), _("Load your page again to see it.")),
    _OTHER,
)


def find(reasons: Sequence[Reason], code: str) -> Reason | None:
    return next((reason for reason in reasons if reason.code == code), None)
