"""Mails and texts of the platform: stored in the transaction of the deed that causes them, sent after it.

Rolled back with the deed, never lost once it is committed. `accounts.mail` hands the mails to a server, `sending.texts`
the texts to the engine. What both hold may open doors (links, codes): it is never logged, and not kept for long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from accounts.models import Enterprise, OutgoingMail, OutgoingText
from accounts.models.outbox import MailState
from console.lib.queue import after_commit

SUBJECT_MAX, TEXT_MAX = 200, 500
TEXT_KEPT = timedelta(hours=24)  # the words of a text; codes hold for ten minutes
KEPT = timedelta(days=30)


def mail(recipient: str, *, subject: str, text: str) -> OutgoingMail:
    """Store a mail; the worker sends it within seconds."""
    return mails([recipient], subject=subject, text=text)[0]


def mails(recipients: Iterable[str], *, subject: str, text: str) -> list[OutgoingMail]:
    """Store one mail to each of `recipients`. Without a mail server they are kept for a page to show."""
    state = MailState.WAITING if settings.EMAIL_URL else MailState.KEPT
    line = " ".join(subject.split())[:SUBJECT_MAX]  # a line break would begin another header
    rows = [OutgoingMail(recipient=recipient, subject=line, text=text, state=state) for recipient in recipients]
    made = OutgoingMail.objects.bulk_create(rows)
    if made and state == MailState.WAITING:
        after_commit("accounts.send_mails")
    return made


def text(number: str, words: str, *, enterprise: Enterprise | None, urgent: bool = False) -> OutgoingText:
    """Store an SMS to `number` (E.164); `sending` hands it to the engine. `urgent`: somebody waits for the code."""
    return texts([number], words, enterprise=enterprise, urgent=urgent)[0]


def texts(
    numbers: Iterable[str], words: str, *, enterprise: Enterprise | None, urgent: bool = False
) -> list[OutgoingText]:
    """Store one SMS of the same words to each of `numbers`."""
    rows = [
        OutgoingText(number=number, text=words[:TEXT_MAX], enterprise=enterprise, urgent=urgent) for number in numbers
    ]
    made = OutgoingText.objects.bulk_create(rows)
    if made:
        after_commit("sending.send_texts")
    return made


def tidy() -> None:
    """Forget the words of texts after a day, and old mails and texts altogether; nothing that still waits."""
    handed_over = OutgoingText.objects.filter(message_id__isnull=False)
    handed_over.filter(created_at__lt=Now() - TEXT_KEPT).exclude(text="").update(text="")
    handed_over.filter(created_at__lt=Now() - KEPT).delete()
    OutgoingMail.objects.exclude(state=MailState.WAITING).filter(created_at__lt=Now() - KEPT).delete()
