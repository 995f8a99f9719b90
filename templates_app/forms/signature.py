"""The forms of a signature: a new one or one that is changed, its activation, its qualification added later."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, URLValidator
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.forms.document import DocumentField
from accounts.models import Application, User
from accounts.models.review import LIVE
from console.lib.documents import Checked
from templates_app import signatures
from templates_app.forms.choices import choose_one_of
from templates_app.models import MessageType, Qualification, Signature
from templates_app.models.signature import SIGNATURES_MAX, SignatureSource
from templates_app.models.signature_name import NAME_MAX, shown
from templates_app.signature_checks import Named

TITLE_MAX = 300
# A label of a domain name as it is registered: letters, digits, hyphens inside (RFC 1123), Chinese ones as typed.
_LABEL = re.compile(r"(?!-)[0-9a-z㐀-䶿一-鿿-]{1,63}(?<!-)")
_TOP = re.compile(r"[a-z一-鿿]{2,63}|xn--[0-9a-z-]{2,59}")
_web = URLValidator(schemes=["http", "https"])


@dataclass(frozen=True, slots=True)
class Title:
    """What proves a source: how it is called, what it must be, and what is said when it is missing; lazy words."""

    label: Any
    help: Any
    missing: Any


TITLES = {
    SignatureSource.WEBSITE: Title(
        _("Domain of the website"),
        _("As filed with the ministry (MIIT) under the company, such as console.example.com."),
        _("Give the domain that is filed with the ministry."),
    ),
    SignatureSource.APP: Title(
        _("Download address of the app"),
        _("Where it can be downloaded now; its developer is the company."),
        _("Give the address where the app is downloaded."),
    ),
    SignatureSource.ACCOUNT: Title(
        _("Full name of the public account or mini-program"),
        _("Exactly as it is called there; it is registered under the company."),
        _("Give the full name of the public account or mini-program."),
    ),
    SignatureSource.STORE: Title(
        _("Address of the store"),
        _("The link to the store; for a mall of your own the link to the mall."),
        _("Give the address of the store."),
    ),
}


class QualificationChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Qualification) -> str:
        """Name, company and use; and that it is still in review."""
        words = f"{obj.name} · {obj.company} · {obj.get_purpose_display()}"
        return words if obj.review_state == "approved" else f"{words} · {obj.get_review_state_display()}"


class LetterField(DocumentField):
    """Not called optional, because it is shown only where it is needed; there the form asks for it."""

    def clean(self, data: Any, initial: Any = None) -> Checked | None:
        return super().clean(data, initial) if data else None


def qualifications_of(by: User) -> QuerySet[Qualification]:
    found = Qualification.objects.visible_to(by).filter(review_state__in=signatures.HOLDS)
    return found.order_by("review_state", "pk")


class SignatureForm(forms.ModelForm):
    """`before`: the rejected or withdrawn one that is changed; its documents are kept when no others are chosen."""

    involves_third_party = forms.TypedChoiceField(
        label=_("Does the name belong to another company?"),
        choices=[("no", _("No, to us")), ("yes", _("Yes"))],
        coerce=lambda answer: answer == "yes",
        initial="no",
        widget=forms.RadioSelect,
        help_text=_("Another company than the one whose real name is verified here; a group’s other companies too."),
        error_messages={"required": _("Say whether the name belongs to another company.")},
    )
    qualification = QualificationChoice(
        Qualification.objects.none(),
        label=_("Qualification"),
        help_text=_(
            "A signature that does not involve third parties can only be linked with a self-use qualification; one "
            "that does only with a third-party one."
        ),
        error_messages={
            "required": _("Choose the qualification of the company that owns the name."),
            "invalid_choice": _("Choose a qualification that is approved or in review."),
        },
    )
    licence = DocumentField(label=_("Business licence"), required=False)
    letter = LetterField(label=_("Letter of attorney"))

    class Meta:
        model = Signature
        fields = [
            "name", "type", "application", "source", "source_title", "involves_third_party", "qualification", "purpose"
        ]  # fmt: skip
        widgets = {"type": forms.RadioSelect, "purpose": forms.Textarea(attrs={"rows": 3})}
        labels = {
            "application": _("Application"),
            "source": _("What the name comes from"),
            "purpose": _("What is it for?"),
        }
        help_texts = {
            "name": _("2 to 32 Chinese characters, letters or digits. The brackets 【】 are added by themselves."),
            "type": _(
                "Messages of another type do not go out under it. Promotion goes only to members who have subscribed, "
                "between 08:00 and 22:00."
            ),
            "source": _("A signature has one source. An app or store that is not online yet cannot be one."),
            "purpose": _(
                "Name the product or service and who gets the messages; also special wishes for the sending number: "
                "one number for all carriers, a fixed number, fixed last digits."
            ),
        }
        error_messages = {
            "name": {"required": _("Give the name that stands before each message.")},
            "application": {
                "required": _("Choose an application."),
                "invalid_choice": _("Choose a mainland application of yours that is not suspended."),
            },
            "source": {"required": _("Choose what the name comes from.")},
            "source_title": {"max_length": format_lazy(_("At most {most} characters."), most=TITLE_MAX)},
            "purpose": {
                "required": _("Say what it is for; reviewers decide by it."),
                "max_length": _("Say it in at most 500 characters."),
            },
        }

    def __init__(self, *args: Any, by: User, before: Signature | None = None, **kwargs: Any) -> None:
        if before is not None:
            kwargs["initial"] = _initial(before) | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.before = before
        self.instance.enterprise = by.enterprise
        mainland = Application.objects.visible_to(by).usable().filter(region="cn").order_by("pk")
        choose_one_of(self.fields["application"], mainland)
        if before is not None:
            self.fields["application"].initial = before.application_id
            self.fields["letter"].required = before.letter_id is None
        self.fields["type"].choices = MessageType.choices  # type: ignore[attr-defined]
        self.fields["type"].initial = MessageType.NOTIFICATION
        self.fields["source"].choices = SignatureSource.choices  # type: ignore[attr-defined]
        name = self.fields["name"]
        name.widget.attrs["maxlength"] = NAME_MAX + 2  # brackets that were typed are told of
        # `check_name` says it better.
        name.validators = [rule for rule in name.validators if not isinstance(rule, MaxLengthValidator)]
        held = qualifications_of(by)
        self.fields["qualification"].queryset = held  # type: ignore[attr-defined]
        if before is None and len(held[:2]) == 1:
            self.fields["qualification"].initial = held[0].pk
        self.fields["qualification"].empty_label = _("Choose one")  # type: ignore[attr-defined]
        self._name_title()

    def _name_title(self) -> None:
        """The field that proves the source is called as the source asks."""
        field, title = self.fields["source_title"], self.title
        if title is None:
            field.label = _("Proof of the source")
            field.help_text = _(
                "Website: the domain filed with MIIT. App: the download address. Public account or mini-program: its "
                "full name. Store: the store’s address. Otherwise nothing."
            )
        else:
            field.label, field.help_text, field.required = title.label, title.help, True
            field.error_messages["required"] = title.missing

    @property
    def title(self) -> Title | None:
        """What the chosen source asks for; None where it asks for nothing."""
        value = str(self["source"].value())
        return TITLES.get(SignatureSource(int(value))) if value in map(str, SignatureSource.values) else None

    @property
    def named(self) -> Named:
        """What the checks look at, as typed so far."""
        chosen = str(self["qualification"].value() or "")
        held = self.fields["qualification"].queryset  # type: ignore[attr-defined]
        found = held.filter(pk=chosen).first() if chosen.isdecimal() and chosen.isascii() and len(chosen) < 19 else None
        return Named(
            name=str(self["name"].value() or "").strip()[: NAME_MAX + 1],
            type=str(self["type"].value() or ""),
            source_title=str(self["source_title"].value() or "")[:TITLE_MAX] if self.title else "",
            company=found.company if found else "",
            enterprise=self.instance.enterprise_id or 0,
        )

    def clean_source_title(self) -> str:
        typed = self.cleaned_data["source_title"].strip()
        source = self.cleaned_data.get("source")
        if source == SignatureSource.WEBSITE:
            return domain(typed)
        if source in (SignatureSource.APP, SignatureSource.STORE):
            return address(typed)
        return visible(typed) if source == SignatureSource.ACCOUNT else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        involved = cleaned.get("involves_third_party")
        if involved and not cleaned.get("letter") and "letter" not in self.errors and not self._kept_letter:
            self.add_error("letter", _("Add the letter of attorney of the company that owns the name."))
        held = cleaned.get("qualification")
        if (
            held is not None
            and involved is not None
            and (fault := signatures.purpose_fault(held, involves_third_party=involved))
        ):
            self.add_error("qualification", fault)
        if cleaned.get("name") and cleaned.get("type") and self._twins(cleaned["name"], cleaned["type"]).exists():
            self.add_error("name", _("You already have a signature with this name and type."))
        application = cleaned.get("application")
        if application is not None and self._is_full(application):
            words = _(
                "This application has %(n)s signatures, and no more fit. Delete some, or use another application."
            )
            self.add_error("application", ValidationError(words, params={"n": SIGNATURES_MAX}))
        return cleaned

    @property
    def _kept_letter(self) -> bool:
        return self.before is not None and self.before.letter_id is not None

    def _twins(self, name: str, kind: str) -> QuerySet[Signature]:
        own = Signature.objects.own().filter(enterprise=self.instance.enterprise_id, removed_at__isnull=True)
        return own.filter(name=name, type=kind, review_state__in=LIVE)

    def _is_full(self, application: Application) -> bool:
        held, most = signatures.room(application)
        leaves = self.before is not None and self.before.application_id == application.pk
        return held - leaves >= most

    def submit(self, *, by: User) -> Signature:
        """Raises NotAllowed for what only the database knows."""
        cleaned = self.cleaned_data
        signature: Signature = self.save(commit=False)
        letter: Checked | None = cleaned["letter"] if signature.involves_third_party else None
        signatures.submit(signature, by=by, licence=cleaned["licence"], letter=letter, replaces=self.before)
        return signature


def _initial(before: Signature) -> dict[str, Any]:
    initial = {name: getattr(before, name) for name in ("name", "type", "source", "source_title", "purpose")}
    return initial | {
        "application": before.application_id,
        "involves_third_party": "yes" if before.involves_third_party else "no",
        "qualification": before.qualification_id,
    }


def visible(text: str) -> str:
    """Raises ValidationError for characters that nobody sees, or that turn the text around."""
    wrong = next((c for c in text if unicodedata.category(c)[0] == "C"), None)
    if wrong is not None:
        raise ValidationError(
            _("Contains %(character)s, which nobody sees. Type it instead of pasting it."),
            code="character",
            params={"character": shown(wrong)},
        )
    return text


def domain(typed: str) -> str:
    """A domain name without what browsers put around it."""
    bare = visible(typed).lower()
    for scheme in ("https://", "http://"):
        bare = bare.removeprefix(scheme)
    bare = bare.rstrip("/").rstrip(".")
    labels = bare.split(".")
    right = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and _TOP.fullmatch(labels[-1]) and len(bare) < 254
    if not right:
        raise ValidationError(
            _("Give only the domain, such as console.example.com, without a path or an IP address."), code="domain"
        )
    return bare


def address(typed: str) -> str:
    """A web address; one without https:// gets it."""
    whole = visible(typed)
    if "://" not in whole:
        whole = f"https://{whole}"
    try:
        _web(whole)
        whole_is_right = "@" not in urlsplit(whole).netloc
    except (ValidationError, ValueError):
        whole_is_right = False
    if not whole_is_right or len(whole) > TITLE_MAX:
        raise ValidationError(_("Give a web address, such as https://shop.example.com/clothes."), code="address")
    return whole


class ActivationForm(forms.Form):
    reason = forms.CharField(
        label=_("What will it be used for?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("Say what the signature will be used for; reviewers decide by it."),
            "max_length": _("Say it in at most 500 characters."),
        },
    )


class SupplementForm(forms.Form):
    """Of a signature that was approved before qualifications were asked for: only those that go with it."""

    qualification = QualificationChoice(
        Qualification.objects.none(),
        label=_("Qualification"),
        error_messages={
            "required": _("Choose the qualification of the company that owns the name."),
            "invalid_choice": _("Choose a qualification of yours that is approved or in review."),
        },
    )

    def __init__(self, *args: Any, by: User, signature: Signature, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [
            held.pk
            for held in qualifications_of(by)
            if not signatures.purpose_fault(held, involves_third_party=signature.involves_third_party)
        ]
        choose_one_of(self.fields["qualification"], qualifications_of(by).filter(pk__in=fitting))
