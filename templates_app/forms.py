"""Forms of signatures, the template editor and the reviewers' decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db.models import QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, ReviewState, User
from templates_app import reviews, rules
from templates_app.drafts import Draft
from templates_app.models import MessageTemplate, MessageType, Signature, VariableKind
from templates_app.models.template import LONGEST, TEXT_MAX, VARIABLES_MAX, Variable

OPEN = [ReviewState.DRAFT, ReviewState.IN_REVIEW, ReviewState.APPROVED]


class SignatureForm(forms.ModelForm):
    class Meta:
        model = Signature
        fields = ["name", "type", "application", "purpose"]
        widgets = {"type": forms.RadioSelect, "purpose": forms.Textarea(attrs={"rows": 3})}
        labels = {"application": _("Application"), "purpose": _("What is it for?")}
        help_texts = {
            "name": _("2 to 32 Chinese characters, letters or digits. The brackets 【】 are added by themselves."),
            "purpose": _("Name the company, product or service behind it, and who gets the messages."),
        }
        error_messages = {
            "name": {"required": _("Give the name that stands before each message.")},
            "application": {"required": _("Choose an application.")},
            "purpose": {"required": _("Say what it is for; reviewers decide by it.")},
        }

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.enterprise_id = by.enterprise_id or 0
        mainland = Application.objects.visible_to(by).usable().filter(region="cn").order_by("pk")
        _choose_one_of(self.fields["application"], mainland)
        self.fields["type"].choices = MessageType.choices  # type: ignore[attr-defined]
        self.fields["type"].initial = MessageType.NOTIFICATION

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        twin = Signature.objects.own().filter(
            enterprise=self.instance.enterprise_id,
            name=cleaned.get("name"),
            type=cleaned.get("type"),
            review_state__in=OPEN,
        )
        if twin.exists():
            self.add_error("name", _("You already have a signature with this name and type."))
        return cleaned


def _choose_one_of(choice: Any, rows: QuerySet[Any]) -> None:
    """A select over `rows`, with the first chosen: no empty line to fall into."""
    choice.queryset = rows
    choice.empty_label = None if rows else _("None yet")
    choice.initial = rows.first()


class TemplateForm(forms.Form):
    """The editor's fields except the variables, which are rows of their own (`VariableRow`)."""

    name = forms.CharField(
        label=_("Name"),
        max_length=30,
        widget=forms.TextInput(attrs={"placeholder": "Parcel_Arrival_02"}),
        error_messages={"required": _("Give the template a name.")},
    )
    type = forms.ChoiceField(label=_("Type"), choices=MessageType, initial="notification", widget=forms.RadioSelect)
    application = forms.ModelChoiceField(
        Application.objects.none(), label=_("Application"), error_messages={"required": _("Choose an application.")}
    )
    signature = forms.ModelChoiceField(
        Signature.objects.none(),
        label=_("Signature"),
        error_messages={
            "required": _("Choose an approved signature."),
            "invalid_choice": _("Choose an approved signature of the same application and type."),
        },
    )
    text = forms.CharField(
        label=_("Text"),
        strip=False,
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "required": _("Write 1 to 500 characters of text."),
            "max_length": _("Write 1 to 500 characters of text."),
        },
    )
    purpose = forms.CharField(
        label=_("When is it sent?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Name the occasion and who gets it. Reviewers decide faster with an example."),
        error_messages={"required": _("Say when it is sent; reviewers decide by it.")},
    )

    def __init__(self, *args: Any, by: User, region: str, template: MessageTemplate | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.template = template
        self.enterprise = by.enterprise
        self.sending_in = self.data.get("action") == "submit"
        applications = Application.objects.visible_to(by).usable().filter(region=region).order_by("pk")
        _choose_one_of(self.fields["application"], applications)
        # A draft may be saved with gaps.
        whole = self.data.get("action") != "save"
        self.fields["text"].required = self.fields["purpose"].required = whole
        if region == "cn":
            signatures = Signature.objects.visible_to(by).own().approved().filter(type=self["type"].value())
            application = str(getattr(self["application"].value(), "pk", self["application"].value()) or "")
            signatures = signatures.filter(application_id=application if application.isdecimal() else 0)
            _choose_one_of(self.fields["signature"], signatures.order_by("pk"))
            self.fields["signature"].required = whole
        else:
            del self.fields["signature"]

    @classmethod
    def initial_of(cls, draft: Draft) -> dict[str, Any]:
        return {
            "name": draft.name,
            "type": draft.type,
            "application": draft.application.pk,
            "signature": draft.signature.pk if draft.signature else None,
            "text": draft.text,
            "purpose": draft.purpose,
        }

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        twins = MessageTemplate.objects.filter(enterprise=self.enterprise, name=name)
        if twins.exclude(pk=self.template.pk if self.template else 0).exists():
            raise forms.ValidationError(_("You already have a template with this name."))
        return name

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n")
        if self.sending_in and (faults := rules.text_faults(text)):
            raise forms.ValidationError(faults)
        return text

    def draft(self, variables: list[Variable]) -> Draft:
        held = self.cleaned_data
        return Draft(
            name=held["name"],
            type=held["type"],
            application=held["application"],
            signature=held.get("signature"),
            text=held["text"],
            variables=variables,
            purpose=held["purpose"],
        )


@dataclass(slots=True)
class VariableRow:
    """One row of the table of variables, as typed, with what is wrong with it."""

    variable: Variable
    faults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def most(self) -> int:
        return LONGEST.get(VariableKind(self.variable.kind), 20)


def variable_rows(text: str, data: Mapping[str, str], known: list[Variable], *, check: bool) -> list[VariableRow]:
    """A row for each variable of `text`: as typed in `data`, else as `known` from the draft, else empty."""
    by_name = {variable.name: variable for variable in known}
    rows = []
    for name in list(dict.fromkeys(rules.names(text)))[:VARIABLES_MAX]:
        variable = _typed(name, data, by_name.get(name) or Variable(name, VariableKind.TEXT.value, 20))
        rows.append(VariableRow(variable, rules.variable_faults(variable) if check else {}))
    return rows


def _typed(name: str, data: Mapping[str, str], before: Variable) -> Variable:
    kind = data.get(f"kind-{name}", before.kind)
    if kind not in VariableKind.values:
        kind = VariableKind.TEXT.value
    longest = data.get(f"longest-{name}", "")
    typed = int(longest) if longest.isdecimal() and len(longest) < 4 else 0 if longest else None
    most = LONGEST[VariableKind(kind)]
    return Variable(
        name=name,
        kind=kind,
        longest=min(before.longest, most) if typed is None else typed,
        meaning=data.get(f"meaning-{name}", before.meaning).replace("\0", "")[:100],
        example=data.get(f"example-{name}", before.example).replace("\0", "")[:60],
    )


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(choices=[("approve", ""), ("reject", "")])
    why = forms.ChoiceField(required=False)
    said = forms.CharField(
        label=_("What the applicant reads"),
        help_text=_("Needed when you reject for another reason."),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, reasons: type[TextChoices], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons = reasons
        self.fields["why"].choices = reasons.choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["reason"] = ""
        if cleaned.get("decision") == "reject" and "said" in cleaned:
            cleaned["reason"] = reviews.reason_words(cleaned.get("why", ""), cleaned["said"], self.reasons)
            if not cleaned["reason"]:
                self.add_error("said", _("Say why, so that the applicant knows what to change."))
        return cleaned
