"""Mails: stored with the deed, sent after it, given up only for a reason; nothing of them in any log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import connection, transaction
from django.utils import timezone

from accounts import mail, outbox
from accounts.models import OutgoingMail
from accounts.models.outbox import MailState
from console import settings as product
from console.lib import mail_server
from tests.accounts import smtp_stub
from tests.processes import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings) -> Iterator[smtp_stub.Stub]:
    with smtp_stub.running() as stub:
        settings.EMAIL_BACKEND = product.EMAIL_BACKEND  # pytest-django puts one of its own in its place
        settings.EMAIL_URL = f"smtp://127.0.0.1:{stub.port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", stub.port
        settings.DEFAULT_FROM_EMAIL = "Console 平台 <console@sms.example.com>"
        yield stub


def post(
    recipient: str = "dana@example.com", subject: str = "Join", text: str = "Open https://x/secret"
) -> OutgoingMail:
    return outbox.mail(recipient, subject=subject, text=text)


def send_elsewhere() -> int:
    """In a thread, whose connection nobody else would close."""
    try:
        return mail.send_waiting()
    finally:
        connection.close()


def claim_one() -> OutgoingMail | None:
    return mail._claim()


def due(**fields: object) -> None:
    """Let the waiting time of every mail be over."""
    OutgoingMail.objects.update(not_before=timezone.now() - timedelta(seconds=1), **fields)


def test_a_mail_arrives_as_it_was_written(server) -> None:
    sent = post(subject="邀请 <b>Join</b>\r\nBcc: eve@example.com", text="你好，Dana <i>!\n.\nhttps://x/secret\n")
    assert mail.send_waiting() == 1
    assert mail.send_waiting() == 0
    ((recipient, received),) = server.taken
    assert recipient == received["To"] == "dana@example.com"
    assert received["Subject"] == "邀请 <b>Join</b> Bcc: eve@example.com" and "Bcc" not in received
    assert received.get_content_type() == "text/plain"
    assert received.get_content().replace("\r\n", "\n") == "你好，Dana <i>!\n.\nhttps://x/secret\n"
    assert received["Message-ID"] == f"<outgoing-{sent.pk}@sms.example.com>"
    assert received["Auto-Submitted"] == "auto-generated"
    sent.refresh_from_db()
    assert (sent.state, sent.attempts, sent.fault) == (MailState.SENT, 1, "") and sent.sent_at


def test_one_talk_for_many_mails(server) -> None:
    for n in range(5):
        post(f"person{n}@example.com")
    assert mail.send_waiting() == 5
    assert server.talks == 1 and len(server.taken) == 5


def test_mails_of_django_and_libraries_go_the_same_way(server) -> None:
    send_mail("Reset", "Open https://x/reset", None, ["Dana <dana@example.com>", "eve@example.com"])
    both = EmailMultiAlternatives("Both", "plain words", None, ["finn@example.com"])
    both.attach_alternative("<p>markup</p>", "text/html")
    both.send()
    assert not server.taken, "nothing leaves before the commit"
    stored = OutgoingMail.objects.order_by("pk").values_list("recipient", "subject", "text")
    assert list(stored) == [
        ("dana@example.com", "Reset", "Open https://x/reset"),
        ("eve@example.com", "Reset", "Open https://x/reset"),
        ("finn@example.com", "Both", "plain words"),
    ]
    assert mail.send_waiting() == 3


def test_without_a_server_mails_are_kept(settings) -> None:
    assert settings.EMAIL_URL == ""
    kept = post()
    assert mail.send_waiting() == 0
    kept.refresh_from_db()
    assert kept.state == MailState.KEPT


@pytest.mark.parametrize(("command", "reply"), [("RCPT", "550 5.1.1 No such user"), ("DATA", "554 5.7.1 Spam")])
def test_a_permanent_refusal_gives_up_at_once_and_stops_no_other(server, caplog, command, reply) -> None:
    refused = post(text="Open https://x/secret")
    server.answers[command] = reply
    assert mail.send_waiting() == 0
    refused.refresh_from_db()
    assert (refused.state, refused.fault) == (MailState.GIVEN_UP, reply)
    assert "mail_given_up" in caplog.text
    assert "secret" not in caplog.text and "dana" not in caplog.text
    server.answers.clear()
    post("eve@example.com")
    assert mail.send_waiting() == 1 and [who for who, _ in server.taken] == ["eve@example.com"]


def test_a_passing_refusal_waits_longer_each_time(server) -> None:
    sent = post()
    server.answers["RCPT"] = "451 4.3.0 Try later"
    waits = []
    for _ in range(12):
        before = timezone.now()
        mail.send_waiting()
        assert mail.send_waiting() == 0 and not server.taken, "not due yet"
        sent.refresh_from_db()
        waits.append(round((sent.not_before - before).total_seconds() / 60))
        due(created_at=timezone.now() - timedelta(hours=1))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    server.answers.clear()
    assert mail.send_waiting() == 1
    sent.refresh_from_db()
    assert (sent.state, sent.attempts, sent.fault) == (MailState.SENT, 13, "")


def test_after_two_days_it_is_given_up_and_said(server, caplog) -> None:
    server.answers["RCPT"] = "451 4.3.0 Try later"
    sent = post()
    due(created_at=timezone.now() - timedelta(hours=47), attempts=20)
    mail.send_waiting()
    sent.refresh_from_db()
    assert sent.state == MailState.WAITING
    assert sent.not_before - timezone.now() < timedelta(hours=1, minutes=1), "once more at the very end"
    due(created_at=timezone.now() - timedelta(hours=48, seconds=1))
    mail.send_waiting()
    sent.refresh_from_db()
    assert sent.state == MailState.GIVEN_UP and "mail_given_up" in caplog.text


def test_a_server_that_is_away_is_asked_once_a_run(server, settings) -> None:
    settings.EMAIL_PORT = 1
    mails = [post(f"person{n}@example.com") for n in range(3)]
    assert mail.send_waiting() == 0
    tried = [OutgoingMail.objects.get(pk=m.pk).attempts for m in mails]
    assert tried == [1, 0, 0], "the others keep their turn"
    assert "refused" in OutgoingMail.objects.get(pk=mails[0].pk).fault.lower()
    settings.EMAIL_PORT = server.port
    due()
    assert mail.send_waiting() == 3


def test_a_refusal_of_ourselves_is_not_held_against_the_mail(server) -> None:
    sent = post()
    server.answers["MAIL"] = "550 5.7.0 You may not send"
    mail.send_waiting()
    sent.refresh_from_db()
    assert sent.state == MailState.WAITING and sent.fault == "550 5.7.0 You may not send"


def test_an_address_that_cannot_be_written_stops_no_other(server) -> None:
    bad, good = post("dana\n@example.com"), post("eve@example.com")
    assert mail.send_waiting() == 1
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, good.state) == (MailState.GIVEN_UP, MailState.SENT)


def test_an_answer_that_was_lost_means_a_second_copy_at_most(server) -> None:
    """The talk ended between the mail and its receipt: it is sent again, under the same Message-ID."""
    sent = post()
    server.hang_up_after_data = True
    assert mail.send_waiting() == 0
    server.hang_up_after_data = False
    due()
    assert mail.send_waiting() == 1
    assert len(server.taken) == 2 and len({received["Message-ID"] for _, received in server.taken}) == 1
    sent.refresh_from_db()
    assert sent.attempts == 2


def test_a_sender_that_died_leaves_its_claim_to_run_out(server) -> None:
    sent = post()
    assert mail._claim() == sent
    assert mail.send_waiting() == 0, "somebody has it"
    due()
    assert mail.send_waiting() == 1
    # The dead one wakes up: what it has to say about its own attempt changes nothing.
    stale = OutgoingMail.objects.get(pk=sent.pk)
    stale.attempts = 1
    mail._settle(stale, mail.Outcome("late", final=True))
    sent.refresh_from_db()
    assert sent.state == MailState.SENT


@pytest.mark.django_db(transaction=True)
def test_two_senders_send_each_mail_once(server) -> None:
    for n in range(30):
        post(f"person{n}@example.com")
    server.delay = 0.01
    ready = threading.Barrier(3)

    def run(_: int) -> int:
        ready.wait()
        return send_elsewhere()

    with ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(run, range(3)))
    assert sum(sent) == 30
    assert sorted(who for who, _ in server.taken) == sorted(f"person{n}@example.com" for n in range(30))


@pytest.mark.django_db(transaction=True)
def test_no_mail_is_claimed_twice(server) -> None:
    for n in range(40):
        post(f"person{n}@example.com")
    ready = threading.Barrier(4)

    def claim(_: int) -> list[int]:
        ready.wait()
        try:
            return [claimed.pk for claimed in iter(claim_one, None)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        claimed = [pk for pks in pool.map(claim, range(4)) for pk in pks]
    assert sorted(claimed) == sorted(OutgoingMail.objects.values_list("pk", flat=True))
    assert set(OutgoingMail.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_a_slow_server_takes_one_hand_only(server) -> None:
    post("first@example.com")
    server.delay = 1.0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(send_elsewhere)
        wait_for(lambda: OutgoingMail.objects.filter(attempts=1).exists(), what="the claim")
        post("second@example.com")
        assert mail.send_waiting() == 0
        assert running.result() == 2, "who sends already sends this one too"
    assert mail.send_waiting() == 0 and len(server.taken) == 2


@pytest.mark.django_db(transaction=True)
def test_no_lock_is_held_while_the_server_is_slow(server) -> None:
    sent = post()
    server.delay = 1.0
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(send_elsewhere)
        wait_for(lambda: OutgoingMail.objects.filter(attempts=1).exists(), what="the claim")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            assert OutgoingMail.objects.select_for_update().get(pk=sent.pk)
        assert not running.done()
        running.result()
    sent.refresh_from_db()
    assert sent.state == MailState.SENT


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_the_mail_along(server) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        send_mail("Join", "words", None, ["dana@example.com"])
        raise ZeroDivisionError
    assert mail.send_waiting() == 0 and not OutgoingMail.objects.exists()


def test_old_mails_are_forgotten_and_waiting_ones_are_not(settings) -> None:
    kept = post()
    settings.EMAIL_URL = "smtp://localhost"
    waiting = post()
    OutgoingMail.objects.update(created_at=timezone.now() - timedelta(days=31))
    fresh = post()
    outbox.tidy()
    assert set(OutgoingMail.objects.all()) == {waiting, fresh} and kept.pk


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", "mail.example", 25, False, False),
        ("smtp+tls://me:p%40ss@mail.example", "mail.example", 587, True, False),
        ("submission://me:p%40ss@mail.example:2525", "mail.example", 2525, True, False),
        ("smtps://me:p%40ss@mail.example", "mail.example", 465, False, True),
        ("smtp://me:p%40ss@localhost:1025", "localhost", 1025, False, False),
    ],
)
def test_addresses_of_servers(url, host, port, tls, ssl) -> None:
    found = mail_server.parse(url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == (host, port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (tls, ssl)
    assert found["EMAIL_HOST_PASSWORD"] == ("p@ss" if "@" in url.partition("//")[2] else "")
    assert found["EMAIL_TIMEOUT"] == 15


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://mail.example", "smtp://", "smtp+tls://me:pa/ss@mail.example", "smtp://h:99999",
     "smtp://me:secret@mail.example", "smtps://mail.example/?ssl=1"],
)  # fmt: skip
def test_addresses_that_are_none(url) -> None:
    with pytest.raises(ValueError, match=r"Must|Would|[Pp]ort") as raised:
        mail_server.parse(url)
    assert "secret" not in str(raised.value)
