"""The form of a reviewer's decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from templates_app.reviews import reasons
from templates_app.reviews.reasons import Reason

APPROVE, REJECT, ASK = "approve", "reject", "ask"
CLAIM, TAKE, RELEASE, NOTE = "claim", "take", "release", "note"
DEEDS = (APPROVE, REJECT, ASK, CLAIM, TAKE, RELEASE, NOTE)
# Shorter than what is stored, so that whatever is typed fits.
SAID_MAX = 500


def _words(label: Any, *, lang: str, help_text: Any = "") -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3, "lang": lang})
    return forms.CharField(label=label, help_text=help_text, required=False, max_length=SAID_MAX, widget=area)


class DecisionForm(forms.Form):
    """`decision` is the button that was pressed. What the applicant reads goes with a rejection, as its reason, and
    with a question; in both languages, or in one that then everybody reads.
    """

    decision = forms.ChoiceField(choices=[(deed, "") for deed in DEEDS])
    round = forms.IntegerField(required=False, widget=forms.HiddenInput)
    why = forms.ChoiceField(required=False)
    said = _words(
        _("What the applicant reads, in English"),
        lang="en",
        help_text=_("Needed when you reject or ask. One language is enough."),
    )
    said_zh = _words(_("The same in Chinese"), lang="zh-Hans")
    note = forms.CharField(
        label=_("Note for reviewers"),
        help_text=_("Applicants never see it."),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    # As it was when the page was drawn: who has not touched it writes over nobody's.
    note_was = forms.CharField(required=False, widget=forms.HiddenInput)
    exception = forms.CharField(
        label=_("Why today"),
        help_text=_("Today is no workday. Your reason is recorded with your name."),
        required=False,
        max_length=200,
    )

    def __init__(self, *args: Any, reasons: Sequence[Reason], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reasons = reasons
        self.fields["why"].choices = [(reason.code, reason.label) for reason in reasons]  # type: ignore[attr-defined]

    @property
    def deed(self) -> str:
        return self.cleaned_data.get("decision", "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        deed = cleaned.get("decision")
        if deed not in (REJECT, ASK) or "said" not in cleaned or "said_zh" not in cleaned:
            return cleaned
        listed = reasons.find(self.reasons, cleaned.get("why", "")) if deed == REJECT else None
        if not cleaned["said"] and not cleaned["said_zh"] and listed:
            cleaned |= {"said": listed.words["reason"], "said_zh": listed.words["reason_zh"]}
        if not cleaned["said"] and not cleaned["said_zh"]:
            reject = _("Say why, so that the applicant knows what to change.")
            self.add_error("said", reject if deed == REJECT else _("Write the question; the applicant answers it."))
        return cleaned

    @property
    def new_note(self) -> str | None:
        """What was written for other reviewers; None where nothing was changed."""
        note = self.cleaned_data["note"]
        return None if note == self.cleaned_data["note_was"] else note

    @property
    def words(self) -> dict[str, str]:
        """What is said to the applicant: "reason", "reason_zh", "reason_code"."""
        held = self.cleaned_data
        return {"reason": held["said"], "reason_zh": held["said_zh"], "reason_code": held["why"]}
