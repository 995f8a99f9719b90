"""The platform's own texts: into the ledger once, whoever dies or runs twice, and out through the gateway."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from accounts import outbox, platform
from accounts.models import Enterprise, OutgoingText, Role
from console.lib.text import segments
from sending import counts, dispatch, sweeper, texts
from sending.models import Carrier, JobStatus, Message, SendJob
from sending.sendable import check_sendable
from sending.states import MessageState
from templates_app import reviews
from templates_app.models import Signature, TemplateVersion
from tests import make
from tests.processes import ROOT, Simulator, environment, gateway, wait_for

SEND = "import django; django.setup(); from sending import texts; texts.send_waiting()"


def messages() -> QuerySet[Message]:
    """The rows of the jobs there are; the ledger itself is not emptied between tests."""
    return Message.objects.filter(job_id__in=SendJob.objects.values("pk"))


def message_of(text: OutgoingText) -> Message:
    assert text.message_id
    return Message.objects.get(pk=text.message_id)


@pytest.mark.django_db
def test_a_code_and_a_notice_become_two_jobs_of_the_platform() -> None:
    code = outbox.text("+8613900000001", "验证码 123456，10 分钟内有效。", enterprise=None, urgent=True)
    first = outbox.text("+8613900000002", "Template Monthly was approved.", enterprise=None)
    second = outbox.text("+8613900000003", "Signature was rejected.", enterprise=None)
    assert texts.send_waiting() == 3
    assert texts.send_waiting() == 0, "nothing is taken twice"
    jobs = SendJob.objects.order_by("priority")
    assert [(job.priority, job.total, job.status) for job in jobs] == [(0, 1, "sending"), (1, 2, "sending")]
    assert {(job.enterprise.is_platform, job.created_by, job.confirmed_by) for job in jobs} == {(True, None, None)}
    for text in (code, first, second):
        text.refresh_from_db()
        message = message_of(text)
        assert (message.number, message.values, message.state) == (text.number, [text.text], MessageState.QUEUED)
        assert (message.country, message.enterprise_id) == ("CN", platform.enterprise().pk)
        assert message.segments == segments(f"【短信平台】{text.text}", mainland=True)
    assert [counts.verify(job) for job in jobs] == [{}, {}]
    assert counts.of_job(jobs[1])[MessageState.QUEUED] == 2


@pytest.mark.django_db
def test_regions_get_the_name_where_it_belongs() -> None:
    outbox.text("+447400123456", "Your code is 123456.", enterprise=None, urgent=True)
    outbox.text("+8613900000001", "Your code is 123456.", enterprise=None, urgent=True)
    texts.send_waiting()
    mainland, abroad = SendJob.objects.order_by("application__region")
    assert mainland.signature and abroad.signature is None
    said = [job.version.render(["Hello"], job.signature.name if job.signature else "") for job in (mainland, abroad)]
    assert said == ["【短信平台】Hello", "Group SMS Console: Hello"]
    assert Message.objects.get(job_id=abroad.pk).country == "GB"


@pytest.mark.django_db
def test_what_cannot_be_texted_is_accounted_for_and_stops_no_other() -> None:
    bad = outbox.text("+8602112345678", "A fixed line", enterprise=None)
    outbox.text("+8613900000001", "A mobile", enterprise=None)
    assert texts.send_waiting() == 2
    bad.refresh_from_db()
    assert message_of(bad).state == MessageState.INVALID
    job = SendJob.objects.get()
    assert (job.total, job.released) == (2, 2)
    held = counts.of_job(job)
    assert (held[MessageState.QUEUED], held[MessageState.INVALID]) == (1, 1)
    assert counts.verify(job) == {}


@pytest.mark.django_db
def test_the_longest_words_fit() -> None:
    text = outbox.text("+8613900000001", "满" * 600, enterprise=None)
    texts.send_waiting()
    text.refresh_from_db()
    message = message_of(text)
    assert len(message.values[0]) == 500 and message.segments == 8


@pytest.mark.django_db
def test_what_texts_leave_with_is_made_once(settings) -> None:
    for _ in range(2):
        outbox.text("+8613900000001", "Hello", enterprise=None)
        texts.send_waiting()
    assert TemplateVersion.objects.count() == Signature.objects.count() == 1
    settings.PLATFORM_SIGNATURE = "清禾短信"
    outbox.text("+8613900000001", "Hello", enterprise=None)
    texts.send_waiting()
    assert [str(job.signature) for job in SendJob.objects.order_by("pk")] == ["【短信平台】"] * 2 + ["【清禾短信】"]
    assert TemplateVersion.objects.count() == 1, "the words are the same"
    settings.PLATFORM_SIGNATURE = "短信平台"
    outbox.text("+8613900000001", "Hello", enterprise=None)
    texts.send_waiting()
    assert Signature.objects.count() == 2


@pytest.mark.django_db
def test_the_platform_may_always_send_and_stands_in_no_list(client: Client) -> None:
    alice, bob = make.user(language="en"), make.reviewer()
    outbox.text("+8613900000001", "code 987654", enterprise=alice.enterprise)
    texts.send_waiting()
    job = SendJob.objects.get()
    check_sendable(job)
    assert platform.enterprise() not in Enterprise.objects.customers()
    decided = reviews.Filters(reviews.Tab.DECIDED)
    assert not reviews.listed(bob, decided) and not reviews.waiting(bob)
    client.force_login(alice)
    for page in ("/jobs/", "/"):
        answer = client.get(page).content.decode()
        assert job.name not in answer and "987654" not in answer
    assert client.get(f"/jobs/{job.pk}/").status_code == 404


@pytest.mark.django_db
def test_old_words_are_forgotten_and_what_waits_is_not() -> None:
    sent = outbox.text("+8613900000001", "code 123456", enterprise=None)
    texts.send_waiting()
    waiting = outbox.text("+8613900000001", "code 654321", enterprise=None)
    OutgoingText.objects.update(created_at=timezone.now() - timedelta(hours=25))
    outbox.tidy()
    assert list(OutgoingText.objects.order_by("pk").values_list("text", flat=True)) == ["", "code 654321"]
    OutgoingText.objects.update(created_at=timezone.now() - timedelta(days=31))
    outbox.tidy()
    assert list(OutgoingText.objects.all()) == [waiting] and sent.pk != waiting.pk


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_the_text_along() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.text("+8613900000001", "code 123456", enterprise=None)
        raise ZeroDivisionError
    assert texts.send_waiting() == 0 and not SendJob.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_senders_from_the_first_moment_on() -> None:
    """Both find nothing made yet, and both take what the other does not hold."""
    numbers = [f"+86139{n:08d}" for n in range(1200)]
    outbox.texts(numbers, "Hello", enterprise=None)
    ready = threading.Barrier(4)

    def run(_: int) -> int:
        try:
            ready.wait()
            return texts.send_waiting()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    texts.send_waiting()
    assert sorted(messages().values_list("number", flat=True)) == numbers
    handed_over = set(OutgoingText.objects.values_list("message_id", flat=True))
    assert handed_over == set(messages().values_list("pk", flat=True))
    assert Enterprise.objects.filter(is_platform=True).count() == TemplateVersion.objects.count() == 1
    assert [counts.verify(job) for job in SendJob.objects.all()] == [{}] * SendJob.objects.count()


@pytest.mark.django_db(transaction=True)
def test_killed_before_the_commit() -> None:
    outbox.texts(["+8613900000001", "+8613900000002"], "Hello", enterprise=None)
    argv = [sys.executable, "-c", SEND]
    killed = subprocess.run(argv, cwd=ROOT, env=environment(FAILPOINT="texts_stored"), capture_output=True)
    assert killed.returncode == -9, killed.stderr
    assert not OutgoingText.objects.filter(message_id__isnull=False) and not SendJob.objects.exists()
    done = subprocess.run(argv, cwd=ROOT, env=environment(), capture_output=True)
    assert done.returncode == 0, done.stderr
    assert sorted(messages().values_list("number", flat=True)) == ["+8613900000001", "+8613900000002"]


@pytest.fixture
def simulator(tmp_path: Path, transactional_db: None) -> Iterator[Simulator]:
    with Simulator(tmp_path).running() as smsc:
        yield smsc


@pytest.mark.django_db(transaction=True)
def test_a_code_reaches_the_phone_without_worker_and_redis(simulator: Simulator, tmp_path: Path) -> None:
    """The gateway looks into the outbox by itself; the receipt finds the message."""
    made = make.carrier(bound=False, window=50, rate=5000)
    Carrier.objects.filter(pk=made.pk).update(port=simulator.port)
    with gateway(tmp_path, REDIS_URL="redis://127.0.0.1:1/0"):
        wait_for(lambda: Carrier.objects.get().bound_at, what="the bind")
        with transaction.atomic():
            code = outbox.text("+8613900000002", "code 123456", enterprise=None, urgent=True)
        wait_for(lambda: simulator.accepted(), what="the code")
        code.refresh_from_db()
        job = SendJob.objects.get(pk=message_of(code).job_id)
        wait_for(lambda: make.states(job) == {"delivered": 1}, what="the receipt")
        wait_for(lambda: SendJob.objects.get(pk=job.pk).status == JobStatus.DONE, what="the end of the job")
    assert simulator.accepted()[0]["text"] == "【短信平台】code 123456"
    assert set(simulator.times_accepted().values()) == {1}
    assert counts.verify(job) == {}


def test_a_fault_in_the_platforms_texts_ends_no_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """What sends everybody else's messages goes on; a lost database is the gateway's own to answer."""

    def fail(error: Exception) -> None:
        def send_waiting() -> int:
            raise error

        monkeypatch.setattr(texts, "send_waiting", send_waiting)

    fail(ValueError("ours"))
    texts.send_waiting_or_tell()
    fail(OperationalError("gone"))
    with pytest.raises(OperationalError):
        texts.send_waiting_or_tell()


@pytest.mark.django_db
class TestOutboxPage:
    def test_it_shows_what_would_have_left_with_the_ledgers_word(self) -> None:
        outbox.mail(
            "a@example.com", subject="<b>Join</b>", text="Open https://console.example/join/abc?x=1&y=2 <i>now</i>"
        )
        outbox.text("+8613900000001", "code <b>123456</b>", enterprise=None, urgent=True)
        texts.send_waiting()
        page = Client().get("/demo/outbox/").content.decode()
        assert '<a href="https://console.example/join/abc?x=1&amp;y=2"' in page
        assert "<b>Join</b>" not in page and "&lt;b&gt;Join&lt;/b&gt;" in page and "<i>now" not in page
        assert "code &lt;b&gt;123456&lt;/b&gt;" in page and "Queued" in page

    def test_there_is_none_in_production(self, settings) -> None:
        settings.MODE = "production"
        assert Client().get("/demo/outbox/").status_code == 404
        person = make.user(role=Role.ADMINISTRATOR)
        client = Client()
        client.force_login(person)
        assert client.get("/demo/outbox/").status_code == 404


@pytest.mark.django_db
def test_a_code_that_no_carrier_took_in_time_is_withheld() -> None:
    code = outbox.text("+8613900000001", "code 123456", enterprise=None, urgent=True)
    texts.send_waiting()
    (job,) = SendJob.objects.all()
    assert [waiting.id for waiting in dispatch.waiting_jobs()] == [job.pk]
    code.refresh_from_db()
    assert job.send_until == code.ends_at == code.created_at + timedelta(minutes=10)
    SendJob.objects.update(send_until=timezone.now())
    assert dispatch.waiting_jobs() == [], "a gateway that comes back does not send it"
    sweeper.sweep()
    job.refresh_from_db()
    message = message_of(code)
    assert (message.state, message.code, job.status) == (MessageState.SKIPPED, "expired", JobStatus.DONE)
    assert counts.verify(job) == {}


@pytest.mark.django_db
def test_what_waited_too_long_for_the_worker_leaves_no_more_and_holds_up_nothing() -> None:
    stale = outbox.text("+8613900000001", "code 123456", enterprise=None, urgent=True)
    old = outbox.text("+8613900000001", "Signature was rejected.", enterprise=None)
    OutgoingText.objects.filter(pk=stale.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    OutgoingText.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    outbox.text("+8613900000002", "code 654321", enterprise=None, urgent=True)
    assert texts.send_waiting() == 3
    (waiting,) = dispatch.waiting_jobs()
    assert Message.objects.get(job_id=waiting.id).number == "+8613900000002"
    sweeper.sweep()
    for text in (stale, old):
        text.refresh_from_db()
        assert message_of(text).state == MessageState.SKIPPED
    assert [counts.verify(job) for job in SendJob.objects.all()] == [{}, {}, {}]
