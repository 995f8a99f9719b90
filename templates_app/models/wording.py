"""Words that reviewers and the check before review look for; administrators keep the list (product reference, 4.3)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from console.lib.constraints import one_of
from templates_app.models.message_type import MessageType


class WordEffect(models.TextChoices):
    REFUSE = "refuse", _("Cannot be sent in")
    WARN = "warn", _("Warns the author and the reviewer")


class WordList(models.Model):
    """One theme, such as "Gambling", with its words; a text that holds one of them is about that theme."""

    theme_en = models.CharField(_("theme, English"), max_length=60)
    theme_zh = models.CharField(_("theme, Chinese"), max_length=60)
    # Compared without regard to capitals, width and spaces.
    words = ArrayField(models.CharField(max_length=60))
    effect = models.CharField(_("what happens"), max_length=6, choices=WordEffect, default=WordEffect.WARN)
    # Which types of message it is about; empty: all.
    types = ArrayField(models.CharField(max_length=12, choices=MessageType), default=list, blank=True)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            one_of("effect", WordEffect, "wordlist_effect_known"),
            models.UniqueConstraint(fields=["theme_en"], name="wordlist_theme_once"),
            models.CheckConstraint(condition=~Q(words=[]), name="wordlist_has_words"),
        ]

    def __str__(self) -> str:
        return self.theme_en
