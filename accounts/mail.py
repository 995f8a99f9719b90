"""The mails' way out: into the outbox, whoever makes them, and from there to the mail server.

Sending has three steps: claim (commit), talk to the server (no lock, no transaction), settle (commit). A sender that
dies between the last two has perhaps sent the mail; when its claim runs out another sends it again. Mails are sent at
least once, unlike messages: a link that comes twice does no harm, one that never comes locks somebody out. Both copies
have the same Message-ID, by which mailboxes may tell.

Mails hold links that open doors, so neither their words nor their recipients are logged.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.db.models import DateTimeField, F
from django.db.models.functions import Least, Now

from accounts import outbox
from accounts.models import OutgoingMail
from accounts.models.outbox import MailState

log = structlog.get_logger(__name__)
SMTP = "django.core.mail.backends.smtp.EmailBackend"
# Longer than the longest talk about one mail: about ten steps, each within its time-out.
CLAIM_SECONDS = 300
RUN_SECONDS = 120
WAIT_FIRST, WAIT_MOST = timedelta(minutes=1), timedelta(hours=6)
GIVE_UP_AFTER = timedelta(hours=48)
PERMANENT = range(500, 600)  # RFC 5321, 4.2.1


class OutboxBackend(BaseEmailBackend):
    """Stores what Django and libraries send as one mail a recipient, with the deed they belong to. Text only."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        stored = [
            outbox.mails(
                (parseaddr(recipient)[1] for recipient in message.recipients()),
                subject=str(message.subject),
                text=str(message.body),
            )
            for message in email_messages
        ]
        return sum(1 for rows in stored if rows)


def send_waiting() -> int:
    """Send what is due, until nothing is or the server is away; how many were sent. Does nothing while another does."""
    sent, end = 0, time.monotonic() + RUN_SECONDS
    with _only_sender() as alone, _Server() as server:
        while alone and settings.EMAIL_URL and server.answers and time.monotonic() < end and (mail := _claim()):
            outcome = server.send(mail)
            _settle(mail, outcome)
            sent += not outcome.fault
    return sent


@contextmanager
def _only_sender() -> Iterator[bool]:
    """Whether nobody else sends: a slow mail server must never take both hands of the worker, which has other work.

    The lock is the session's, not a transaction's, and goes with it; the claims are what keeps a mail from going twice.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('accounts.mail'))")
        (alone,) = cursor.fetchone()
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('accounts.mail'))")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`fault` "" when the server took it. `final`: no other attempt would end otherwise."""

    fault: str = ""
    final: bool = False


class _Server:
    """One conversation with the mail server, begun with the first mail; not tried further once it stopped answering."""

    def __init__(self) -> None:
        self.answers = True
        self._smtp: Any = None

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def send(self, mail: OutgoingMail) -> Outcome:
        try:
            self._smtp = self._smtp or get_connection(SMTP)
            self._smtp.open()
            self._smtp.send_messages([message_of(mail)])
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return self._refused(code, words)
        except smtplib.SMTPDataError as refused:
            return self._refused(refused.smtp_code, refused.smtp_error)
        except ValueError as error:  # an address or a header that cannot be written
            return Outcome(type(error).__name__, final=True)
        except (smtplib.SMTPException, OSError) as error:
            # Away, or it refuses us rather than this mail: so it would every other.
            self.answers = False
            self._hang_up()
            return Outcome(_words(getattr(error, "smtp_code", 0), getattr(error, "smtp_error", b"")) or _name(error))
        return Outcome()

    def _refused(self, code: int, words: bytes | str) -> Outcome:
        self._hang_up()
        return Outcome(_words(code, words), final=code in PERMANENT)

    def _hang_up(self) -> None:
        if self._smtp:
            self._smtp.fail_silently = True  # about saying goodbye to a server that is gone
            self._smtp.close()
        self._smtp = None


def _words(code: int, words: bytes | str) -> str:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(said.split())}"[:200] if code else ""


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"[:200]


def message_of(mail: OutgoingMail) -> EmailMessage:
    """As it leaves, the same at every attempt."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {"Message-ID": f"<outgoing-{mail.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.recipient], headers=headers)


def _claim() -> OutgoingMail | None:
    """The mail that is due longest, for this sender alone until the claim runs out."""
    with transaction.atomic():
        due = OutgoingMail.objects.filter(state=MailState.WAITING, not_before__lte=Now()).order_by("not_before")
        mail = due.select_for_update(skip_locked=True).first()
        if mail is None:
            return None
        claimed = {"attempts": F("attempts") + 1, "not_before": Now() + timedelta(seconds=CLAIM_SECONDS)}
        OutgoingMail.objects.filter(pk=mail.pk).update(**claimed)
        mail.attempts += 1
    return mail


def _settle(mail: OutgoingMail, outcome: Outcome) -> None:
    """Record what came of the attempt, unless another sender has the mail by now (its number of attempts says so)."""
    ours = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.WAITING, attempts=mail.attempts)
    if not outcome.fault:
        ours.update(state=MailState.SENT, fault="", sent_at=Now())
    elif outcome.final or ours.filter(created_at__lte=Now() - GIVE_UP_AFTER).exists():
        ours.update(state=MailState.GIVEN_UP, fault=outcome.fault)
        log.error("mail_given_up", mail=mail.pk, attempts=mail.attempts, fault=outcome.fault[:3])
    else:
        wait = min(WAIT_FIRST * 2 ** min(mail.attempts - 1, 20), WAIT_MOST)
        last = Least(Now() + wait, F("created_at") + GIVE_UP_AFTER, output_field=DateTimeField())
        ours.update(fault=outcome.fault, not_before=last)
        log.warning("mail_waits", mail=mail.pk, attempts=mail.attempts)
