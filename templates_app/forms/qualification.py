"""The form of a qualification, and the filters of the list."""

from __future__ import annotations

import re
import unicodedata
import uuid
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from accounts.forms.document import DocumentField
from accounts.forms.enterprise import six_digits
from accounts.forms.phone import MobileField
from accounts.forms.verification import credit_code_fault
from accounts.models import Document, Enterprise, ReviewState
from accounts.models.review import LIVE
from console.lib.documents import EXTENSIONS, NAME_MAX, SIGNS, Checked, Kind
from templates_app import qualifications
from templates_app.models import Qualification
from templates_app.models.qualification import ID_NUMBER, CertificateKind, ManagerKind, Purpose
from templates_app.qualifications import Claim
from templates_app.rules.characters import code_point, is_unseen

PICTURE_HELP = format_lazy(
    _(
        "JPG, PNG or GIF, at most 2 MB, no PDF. "
        "The file’s name has at most {most} characters, no spaces and none of {signs}"
    ),
    most=NAME_MAX,
    signs=" ".join(SIGNS),
)
TYPED = (
    "name", "purpose", "company", "credit_code", "certificate_kind", "manager_kind", "manager_name", "manager_number",
    "manager_email", "remark",
)  # fmt: skip
IDENTITY = ("id_front", "id_back", "id_in_hand")
# Numbers of digits, long as those of mainland ID cards: meant to be one.
_LIKE_A_CARD = re.compile(r"\d{14,}[\dX]")
_CARD = 18
OLDEST = 1900  # year of birth


class PlainField(forms.CharField):
    """Words that read as they are: no invisible characters, none that turn the direction, no markup."""

    def clean(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", super().clean(value).replace("\r\n", "\n"))
        for character in text:
            if is_unseen(character):
                raise forms.ValidationError(
                    _("There is an invisible character in it (%(character)s). Delete everything and type it anew.")
                    % {"character": code_point(character)}
                )
        if "<" in text or ">" in text:
            raise forms.ValidationError(_("Leave out the signs < and >."))
        return text


class PictureField(DocumentField):
    """A picture, and no PDF."""

    def __init__(self, **kwargs: Any) -> None:
        errors = {"required": _("Choose a picture: a JPG, PNG or GIF.")}
        super().__init__(**{"help_text": PICTURE_HELP, "error_messages": errors} | kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        pictures = [f".{extension}" for extension, kind in EXTENSIONS.items() if kind is not Kind.PDF]
        return super().widget_attrs(widget) | {"accept": ",".join(pictures)}

    def clean(self, data: Any, initial: Any = None) -> Checked | None:
        checked = super().clean(data, initial)
        if isinstance(checked, Checked) and checked.kind is Kind.PDF:
            raise forms.ValidationError(_("This is a PDF. Choose a picture instead: a JPG, PNG or GIF."))
        return checked


def id_number_fault(number: str) -> Any:
    """What is wrong with the number of an identity document, without spaces and in capitals; empty for nothing.

    What looks like the number of a mainland ID card must be one (GB 11643-1999). Its place is not looked up: lists of
    old counties have gaps.
    """
    if not ID_NUMBER.fullmatch(number) or not number.isascii():
        return _("An ID number has 5 to 20 letters and digits, without other signs. Compare it with the document.")
    if not _LIKE_A_CARD.fullmatch(number):
        return ""
    if len(number) != _CARD:
        return _("The number has %(n)s characters; that of a mainland ID card has 18.") % {"n": len(number)}
    if number[-1] != ric.calc_check_digit(number):
        return _("The last character does not fit the others, so one of the 18 is mistyped. Compare with the card.")
    try:
        born = ric.get_birth_date(number)
    except InvalidComponent:
        born = None
    if born is None or born.year < OLDEST or born > timezone.localdate():
        return _("Digits 7 to 14 are no date of birth. Compare them with the card.")
    return ""


class QualificationForm(forms.Form):
    """`before`: the rejected or withdrawn one that this one replaces. `kept`: documents of earlier tries, by field."""

    form = forms.UUIDField(widget=forms.HiddenInput)
    name = PlainField(
        label=_("Name of the qualification"),
        max_length=60,
        help_text=_("Only for you, to find it in the form of a signature."),
        error_messages={"required": _("Give it a name, to find it by.")},
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=Purpose.choices,
        initial=Purpose.OWN,
        widget=forms.RadioSelect,
        help_text=_("Self-use: the signature belongs to your own enterprise. Otherwise third-party business use."),
    )
    company = PlainField(
        label=_("Company that owns the signature"),
        max_length=100,
        help_text=_("Exactly as on its certificate."),
        error_messages={"required": _("Give the name that stands on the certificate.")},
    )
    credit_code = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        help_text=_("18 characters, as on the certificate."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Give the code that stands on the certificate.")},
    )
    certificate_kind = forms.ChoiceField(label=_("Kind of certificate"), choices=CertificateKind.choices)
    certificate = DocumentField(label=_("Certificate"))
    letter = DocumentField(label=_("Letter of attorney"), required=False, help_text="")
    manager_kind = forms.ChoiceField(
        label=_("Who is responsible"),
        choices=ManagerKind.choices,
        initial=ManagerKind.LEGAL_PERSON,
        widget=forms.RadioSelect,
        help_text=_("Of the company that owns the signature. An agent acts for one company only."),
    )
    manager_name = PlainField(
        label=_("Person’s name"),
        max_length=60,
        help_text=_("As on the ID card."),
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"required": _("Give the name that stands on the ID card.")},
    )
    id_number = forms.CharField(
        label=_("ID number"),
        max_length=40,
        help_text=_("18 characters of a mainland ID card, or the number of another identity document. Kept encrypted."),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Give the number that stands on the ID card.")},
    )
    manager_number = MobileField(error_messages={"required": _("Give the mobile number of this person.")})
    code = forms.CharField(
        label=_("Code from the SMS"),
        required=False,
        max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 12}),
    )
    manager_email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": _("Give the e-mail address of this person.")},
    )
    id_front = PictureField(label=_("ID card, portrait side"))
    id_back = PictureField(label=_("ID card, emblem side"), help_text="")
    id_in_hand = PictureField(label=_("ID card held in hand"), help_text="")
    remark = PlainField(
        label=_("Remark"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=_(
            "Where several signatures rest on this one, explain each: the app with its download address, the website,"
            " the mini-program, the short name of the company."
        ),
    )
    declared = forms.BooleanField(
        label=_("I declare that all of this is true and complete, and that I may hand in these papers."),
        error_messages={"required": _("Nothing is sent in without this declaration.")},
    )

    def __init__(
        self,
        *args: Any,
        enterprise: Enterprise,
        before: Qualification | None = None,
        kept: dict[str, Document] | None = None,
        **kwargs: Any,
    ) -> None:
        self.enterprise, self.before = enterprise, before
        self.kept = papers_of(before) | (kept or {})
        super().__init__(*args, **{"initial": first_values(enterprise, before)} | kwargs)
        for name in ("certificate", *IDENTITY):
            self.fields[name].required = name not in self.kept
        self.fields["id_number"].required = before is None

    @property
    def identity(self) -> list[tuple[forms.BoundField, Document | None]]:
        """The pictures of the ID card, each with the one that is kept."""
        return [(self[name], self.kept.get(name)) for name in IDENTITY]

    @property
    def uploads(self) -> dict[str, Checked]:
        """By field, what was uploaded with this post and is in order."""
        found = {name: self.cleaned_data.get(name) for name in ("certificate", "letter", *IDENTITY)}
        return {name: checked for name, checked in found.items() if isinstance(checked, Checked)}

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        held = Qualification.objects.filter(enterprise=self.enterprise, removed_at__isnull=True)
        if held.filter(name=name, review_state__in=LIVE).exists():
            raise forms.ValidationError(_("You already have a qualification with this name."))
        return name

    def clean_credit_code(self) -> str:
        return uscc.compact(self.cleaned_data["credit_code"])

    def clean_id_number(self) -> str:
        number = "".join(self.cleaned_data["id_number"].split()).upper()
        if number and (fault := id_number_fault(number)):
            raise forms.ValidationError(fault)
        return number

    def clean_code(self) -> str:
        typed = self.cleaned_data["code"]
        return six_digits(typed) if typed else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if {"purpose", "company", "credit_code"} <= data.keys():
            self._clean_company(data)
        third_party = data.get("purpose") == Purpose.THIRD_PARTY
        if third_party and "letter" in data and not (data["letter"] or "letter" in self.kept):
            self.add_error("letter", qualifications.NO_LETTER)
        self._clean_agent(data)
        return data

    def _clean_company(self, data: dict[str, Any]) -> None:
        purpose, company, code = data["purpose"], data["company"], data["credit_code"]
        faults = qualifications.company_faults(self.enterprise, purpose, company, code)
        for field, fault in faults.items():
            self.add_error(field, str(fault))
        # The code of one's own enterprise was verified, and is another kind of number where it is registered abroad.
        own = purpose == Purpose.OWN and code == self.enterprise.credit_code
        if not own and "credit_code" not in faults and (fault := credit_code_fault(code)):
            self.add_error("credit_code", str(fault))

    def _clean_agent(self, data: dict[str, Any]) -> None:
        if data.get("manager_kind") != ManagerKind.AGENT or not {"id_number", "credit_code"} <= data.keys():
            return
        number = data["id_number"] or (self.before.id_number if self.before else "")
        if number and (other := qualifications.agent_of_another(self.enterprise, number, data["credit_code"])):
            self.add_error("id_number", qualifications.agent_fault(other))

    @property
    def claim(self) -> Claim:
        data = self.cleaned_data
        papers: dict[str, Checked | Document] = {**self.kept, **self.uploads}
        if data["purpose"] == Purpose.OWN:
            papers.pop("letter", None)
        facts = {name: data[name] for name in TYPED}
        return Claim(form=data["form"], id_number=data["id_number"], papers=papers, **facts)


def papers_of(before: Qualification | None) -> dict[str, Document]:
    if before is None:
        return {}
    found = {name: getattr(before, name) for name in Qualification.DOCUMENTS}
    return {name: document for name, document in found.items() if document is not None}


def first_values(enterprise: Enterprise, before: Qualification | None) -> dict[str, Any]:
    """What the form opens with. The ID number is never shown again."""
    made: dict[str, Any] = {"form": uuid.uuid4()}
    if before is not None:
        return made | {name: getattr(before, name) for name in TYPED}
    if enterprise.is_verified:
        made |= {"company": enterprise.name, "credit_code": enterprise.credit_code}
    return made


def form_of(posted: Any) -> uuid.UUID:
    """The form that was posted; a new one for what is none of ours."""
    try:
        return uuid.UUID(posted)
    except (ValueError, TypeError, AttributeError):
        return uuid.uuid4()


class QualificationFilter(forms.Form):
    """All fields optional; what makes no sense filters nothing, so that an old link still shows a list."""

    name = forms.CharField(
        label=_("Name or company"),
        required=False,
        max_length=100,
        widget=forms.TextInput({"class": "form-control", "type": "search"}),
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        required=False,
        choices=[("", _("All")), *Purpose.choices],
        widget=forms.Select({"class": "form-select"}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            *(
                (state.value, state.label)
                for state in ReviewState
                if state not in (ReviewState.DRAFT, ReviewState.WAITING, ReviewState.DISABLED)
            ),
        ],
        widget=forms.Select({"class": "form-select"}),
    )

    def narrowed(self, found: QuerySet[Any]) -> QuerySet[Any]:
        self.is_valid()
        asked = self.cleaned_data
        if name := asked.get("name"):
            found = found.filter(name__icontains=name) | found.filter(company__icontains=name)
        if purpose := asked.get("purpose"):
            found = found.filter(purpose=purpose)
        if state := asked.get("state"):
            found = found.filter(review_state=state)
        return found
