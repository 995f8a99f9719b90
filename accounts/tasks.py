"""Doors to the domain, asked for by name. Each may be lost, doubled or late without harm."""

from celery import shared_task

from accounts import application_secrets, audit_chain, clock, mail, outbox
from accounts.identity import sessions


@shared_task(name="accounts.seal_audit")
def seal_audit() -> None:
    audit_chain.seal()


@shared_task(name="accounts.verify_audit", soft_time_limit=540, time_limit=570)
def verify_audit() -> None:
    audit_chain.verify_and_tell()


@shared_task(name="accounts.send_mails")
def send_mails() -> None:
    mail.send_waiting()


@shared_task(name="accounts.tidy_outbox")
def tidy_outbox() -> None:
    outbox.tidy()


@shared_task(name="accounts.recompute_due_times")
def recompute_due_times() -> None:
    clock.recompute()


@shared_task(name="accounts.forget_old_secrets")
def forget_old_secrets() -> None:
    application_secrets.forget_ended()


@shared_task(name="accounts.forget_expired_sessions")
def forget_expired_sessions() -> None:
    sessions.forget_expired()
