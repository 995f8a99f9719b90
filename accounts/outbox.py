"""Mails and texts of the platform: stored in the transaction of the deed that causes them, sent after it."""

from accounts.models import Enterprise, OutgoingMail, OutgoingText
from console.lib.queue import after_commit


def mail(recipient: str, *, subject: str, text: str) -> OutgoingMail:
    """Store a mail; the worker sends it within seconds."""
    made = OutgoingMail.objects.create(recipient=recipient, subject=subject.replace("\n", " ")[:200], text=text)
    after_commit("accounts.send_mails")
    return made


def text(number: str, words: str, *, enterprise: Enterprise | None, urgent: bool = False) -> OutgoingText:
    """Store an SMS to `number` (E.164); `sending` hands it to the engine. `urgent`: somebody waits for the code."""
    made = OutgoingText.objects.create(number=number, text=words[:500], enterprise=enterprise, urgent=urgent)
    after_commit("sending.send_texts")
    return made
