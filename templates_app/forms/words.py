"""The forms of a word list, and of the field that tries a text against all of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from templates_app.forms.template import visible
from templates_app.models import MessageType, WordList
from templates_app.models.wording import WordEffect

WORDS_MAX = 500
WORD_MAX = 60
TRIED_MAX = 2000


class WordListForm(forms.Form):
    theme_en = forms.CharField(label=_("Theme, English"), max_length=60, validators=[visible])
    theme_zh = forms.CharField(
        label=_("Theme, Chinese"),
        max_length=60,
        validators=[visible],
        widget=forms.TextInput(attrs={"lang": "zh-Hans"}),
    )
    words = forms.CharField(
        label=_("Words"),
        help_text=_(
            "One a line. Capitals, width and blanks make no difference; Latin words are found as whole words only."
        ),
        widget=forms.Textarea(attrs={"rows": 14, "lang": "zh-Hans", "spellcheck": "false"}),
        error_messages={"required": _("Write at least one word.")},
    )
    effect = forms.ChoiceField(label=_("What happens"), choices=WordEffect, widget=forms.RadioSelect)
    types = forms.MultipleChoiceField(
        label=_("Messages of type"),
        help_text=_("None chosen: all types."),
        choices=MessageType,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, held: WordList | None = None, **kwargs: Any) -> None:
        if held is not None:
            kwargs["initial"] = {
                "theme_en": held.theme_en,
                "theme_zh": held.theme_zh,
                "words": "\n".join(held.words),
                "effect": held.effect,
                "types": held.types,
            }
        super().__init__(*args, **kwargs)
        self.fields["effect"].initial = WordEffect.WARN

    def clean_words(self) -> list[str]:
        words = list(dict.fromkeys(" ".join(line.split()) for line in self.cleaned_data["words"].splitlines()))
        words = [word for word in words if word]
        if not words:
            raise forms.ValidationError(_("Write at least one word."))
        if len(words) > WORDS_MAX:
            raise forms.ValidationError(_("At most %(most)s words a list; make two of it."), params={"most": WORDS_MAX})
        for word in words:
            visible(word)
            if len(word) > WORD_MAX:
                raise forms.ValidationError(
                    _("“%(word)s…” is longer than %(most)s characters."), params={"word": word[:20], "most": WORD_MAX}
                )
            if len(word) < 2:
                raise forms.ValidationError(
                    _("“%(word)s” is one character only and would be found in too many texts."), params={"word": word}
                )
        return words


class TryForm(forms.Form):
    text = forms.CharField(
        label=_("Try a text"),
        help_text=_("What the lists find in it; nothing is kept."),
        widget=forms.Textarea(attrs={"rows": 4, "lang": "zh-Hans"}),
        error_messages={"required": _("Write or paste a text.")},
    )

    def clean_text(self) -> str:
        return self.cleaned_data["text"][:TRIED_MAX]
