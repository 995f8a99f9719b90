"""The form of the template editor; its variables are rows of their own (`forms.variables`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Application, ReviewState, User
from accounts.models.review import PENDING
from console.lib import countries
from templates_app.drafts import Draft
from templates_app.forms.choices import choose_one_of
from templates_app.models import MessageTemplate, MessageType, Signature
from templates_app.models.template import NAME_MAX, TEXT_MAX, Brackets, Variable
from templates_app.rules import Result
from templates_app.rules.characters import code_point, is_unseen

# What an approved template keeps; where each fault of the check belongs. The others belong to the text.
SETTLED = ("name", "type", "application", "signature", "universal", "brackets", "countries")
FIELD_OF = {"countries": "countries", "signature_brackets": "brackets"}
ROWS = frozenset({"variable", "variable_table"})


def visible(value: str) -> None:
    """Names are read in lists: nothing in them may be invisible or turn the direction of writing."""
    if unseen := next((character for character in value if is_unseen(character) or character == "\n"), None):
        raise forms.ValidationError(
            _("Contains %(character)s, which cannot be seen. Delete it."),
            params={"character": code_point(unseen)},
        )


class SignatureChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Signature) -> str:
        if obj.review_state == ReviewState.APPROVED:
            return str(obj)
        return _("%(name)s – waits for its review") % {"name": obj}


class TemplateForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_MAX,
        validators=[visible],
        widget=forms.TextInput(attrs={"placeholder": "Parcel_Arrival_02"}),
        error_messages={"required": _("Give the template a name.")},
    )
    type = forms.ChoiceField(label=_("Type"), choices=MessageType, initial="notification", widget=forms.RadioSelect)
    application = forms.ModelChoiceField(
        Application.objects.none(), label=_("Application"), error_messages={"required": _("Choose an application.")}
    )
    universal = forms.BooleanField(
        label=_("For any signature of this type"),
        help_text=_(
            "A universal template. The Group SMS Assistant asks for the signature in each job, programs name it in "
            "each call."
        ),
        required=False,
    )
    signature = SignatureChoice(
        Signature.objects.none(),
        label=_("Signature"),
        error_messages={
            "required": _("Choose a signature, or let the template be for any."),
            "invalid_choice": _("Choose a signature of the same application and type, approved or in review."),
        },
    )
    brackets = forms.ChoiceField(
        label=_("Brackets of the signature"), choices=Brackets, widget=forms.RadioSelect, required=False
    )
    countries = forms.MultipleChoiceField(
        label=_("Countries and regions"), widget=forms.CheckboxSelectMultiple, required=False
    )
    text = forms.CharField(
        label=_("Text"), strip=False, error_messages={"required": _("Write 1 to 500 characters of text.")}
    )
    purpose = forms.CharField(
        label=_("When is it sent?"),
        validators=[MaxLengthValidator(500, _("Say it in at most 500 characters."))],
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
        choose_one_of(self.fields["application"], applications)
        # A draft may be saved with gaps.
        whole = self.data.get("action") != "save"
        self.fields["text"].required = self.fields["purpose"].required = whole
        if region == "cn":
            del self.fields["countries"]
            self._choose_signature(by, required=whole)
        else:
            for name in ("signature", "universal", "brackets"):
                del self.fields[name]
            self.fields["countries"].choices = countries.choices()  # type: ignore[attr-defined]

    def _choose_signature(self, by: User, *, required: bool) -> None:
        """Those of the application and type; the ones in review last."""
        application = str(getattr(self["application"].value(), "pk", self["application"].value()) or "")
        usable = Q(review_state=ReviewState.APPROVED) | Q(review_state__in=PENDING)
        found = Signature.objects.visible_to(by).own().filter(usable, removed_at__isnull=True)
        found = found.filter(type=str(self["type"].value()).replace("\0", ""))
        is_key = application.isascii() and application.isdecimal() and len(application) < 19
        found = found.filter(application_id=application if is_key else 0)
        choose_one_of(self.fields["signature"], found.order_by("review_state", "pk"))
        self.fields["signature"].required = required and not self["universal"].value()
        self.fields["brackets"].initial = Brackets.CHINESE

    @classmethod
    def initial_of(cls, draft: Draft) -> dict[str, Any]:
        return {
            "name": draft.name,
            "type": draft.type,
            "application": draft.application.pk,
            "signature": draft.signature.pk if draft.signature else None,
            "universal": draft.universal,
            "brackets": draft.brackets,
            "countries": list(draft.countries),
            "text": draft.text,
            "purpose": draft.purpose,
        }

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        twins = MessageTemplate.objects.filter(enterprise=self.enterprise, name=name, removed_at__isnull=True)
        if twins.exclude(pk=self.template.pk if self.template else 0).exists():
            raise forms.ValidationError(_("You already have a template with this name."))
        return name

    def clean_text(self) -> str:
        text = plain_lines(self.cleaned_data["text"])
        if len(text) > TEXT_MAX:
            raise forms.ValidationError(
                _("The text has %(n)s characters; at most 500 fit. Nothing was cut off."), params={"n": len(text)}
            )
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("universal"):
            cleaned["signature"] = None
            self.errors.pop("signature", None)
        return cleaned

    def held(self, name: str) -> Any:
        """What is chosen in a field now, on the way in as on the way out; None where nothing fitting is."""
        field = self.fields.get(name)
        if field is None:
            return None
        if self.is_bound:
            self.is_valid()  # fills cleaned_data
            return self.cleaned_data.get(name)
        value = self.get_initial_for_field(field, name)
        if isinstance(field, forms.ModelChoiceField) and not hasattr(value, "pk"):
            return field.queryset.filter(pk=value).first() if value and field.queryset else None
        return value

    def refuse(self, results: Iterable[Result]) -> None:
        """The faults of the check at their fields; those of single variables stand at their rows."""
        for result in results:
            if result.is_fault and result.code not in ROWS:
                name = FIELD_OF.get(result.code, "text")
                quoted = f" {' '.join(result.quotes)}" if result.quotes and result.code != "length" else ""
                self.add_error(name, f"{result.sentence}{quoted}")

    def draft(self, variables: list[Variable]) -> Draft:
        cleaned = self.cleaned_data
        return Draft(
            name=cleaned["name"],
            type=cleaned["type"],
            application=cleaned["application"],
            signature=cleaned.get("signature"),
            text=cleaned["text"],
            variables=variables,
            purpose=cleaned["purpose"],
            universal=bool(cleaned.get("universal")),
            brackets=cleaned.get("brackets") or Brackets.CHINESE,
            countries=tuple(cleaned.get("countries") or ()),
        )


def plain_lines(text: str) -> str:
    """A browser sends line breaks as two characters; in a message they are one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
