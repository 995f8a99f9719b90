"""Jobs that begin late, or not at all, and jobs whose time is over."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone, translation

from accounts import notices
from accounts.models import AuditEntry, Notice, OutgoingMail, ReviewState, Role, User
from console.lib.errors import NotAllowed
from sending import counts, dispatch, due, jobs, ledger, sweeper
from sending.carriers.smpp import pdu
from sending.carriers.smpp.times import relative_time
from sending.models import FileState, JobFile, JobStatus, LatePolicy, MessageState, SendJob
from sending.states import SkipReason
from tests import make

pytestmark = pytest.mark.django_db
S = MessageState


@pytest.fixture
def alice(db: None) -> User:
    return make.user(name="alice", language="en")


def scheduled(by: User, *, late: timedelta, policy: LatePolicy = LatePolicy.SEND, minutes: int = 30) -> SendJob:
    """A job of three rows that should have begun `late` ago."""
    job = make.job(by=by, rows=3, status=JobStatus.SCHEDULED)
    SendJob.objects.filter(pk=job.pk).update(
        scheduled_at=timezone.now() - late, late_policy=policy, late_minutes=minutes
    )
    return SendJob.objects.get(pk=job.pk)


def begin(job: SendJob) -> SendJob:
    """After a beat and a sweep."""
    due.start_due_jobs()
    sweeper.sweep()
    return SendJob.objects.get(pk=job.pk)


@pytest.mark.parametrize(
    ("policy", "late", "status"),
    [
        (LatePolicy.SEND, 31, JobStatus.SENDING),
        (LatePolicy.SEND, 1, JobStatus.SENDING),
        (LatePolicy.ASK, 29, JobStatus.SENDING),
        (LatePolicy.ASK, 31, JobStatus.PAUSED),
        (LatePolicy.DROP, 29, JobStatus.SENDING),
        (LatePolicy.DROP, 31, JobStatus.CANCELLED),
    ],
)
def test_what_becomes_of_a_job_that_begins_late(alice: User, policy: LatePolicy, late: int, status: JobStatus) -> None:
    job = begin(scheduled(alice, late=timedelta(minutes=late), policy=policy))
    assert job.status == status
    assert due.start_due_jobs() == 0, "a second beat finds nothing"


def test_a_job_that_is_asked_about_waits_is_on_record_and_told(alice: User) -> None:
    owner = make.user(role=Role.OWNER, of=alice.enterprise, language="zh-hans")
    job = begin(scheduled(alice, late=timedelta(minutes=95), policy=LatePolicy.ASK))
    assert make.states(job) == {"queued": 3}
    assert AuditEntry.objects.get(verb="job.held", object_id=job.pk).detail["late"] == 95
    notice = Notice.objects.get(enterprise=alice.enterprise, code="job.held_late")
    assert notice.path == f"/jobs/{job.pk}/"
    assert "only 95 minutes later" in notices.words(notice).sentence
    assert OutgoingMail.objects.filter(recipient=owner.email).exists()
    jobs.resume(job, by=alice)
    assert SendJob.objects.get(pk=job.pk).status == JobStatus.SENDING


def test_a_dropped_job_sends_nothing_and_says_so(alice: User) -> None:
    job = begin(scheduled(alice, late=timedelta(minutes=95), policy=LatePolicy.DROP))
    assert make.states(job) == {"skipped": 3}
    assert counts.codes_of_job(job, S.SKIPPED) == [(SkipReason.EXPIRED, 3)]
    assert counts.verify(job) == {}
    assert job.finished_at and job.confirmed_by == alice
    assert "nothing of it was sent" in notices.words(Notice.objects.get(code="job.dropped")).sentence
    assert AuditEntry.objects.get(verb="job.cancelled", object_id=job.pk).detail["late"] == 95


def test_a_job_that_somebody_cancels_is_stopped_by_a_person(alice: User) -> None:
    job = scheduled(alice, late=timedelta(minutes=-60), policy=LatePolicy.DROP)
    jobs.cancel(job, by=alice)
    sweeper.sweep()
    assert counts.codes_of_job(job, S.SKIPPED) == [(SkipReason.STOPPED, 3)]


def test_a_job_with_a_further_file_takes_none_of_it_along_when_it_is_dropped(alice: User) -> None:
    job = scheduled(alice, late=timedelta(minutes=95), policy=LatePolicy.DROP)
    waiting = JobFile.objects.create(job=job, number=2, file_name="more.xlsx", state=FileState.CHECKED)
    begin(job)
    waiting.refresh_from_db()
    assert waiting.state == FileState.LEFT_OUT


def test_a_held_job_is_told_with_the_reason_in_both_languages(alice: User) -> None:
    job = scheduled(alice, late=timedelta(0))
    job.version.move(ReviewState.DISABLED, by=make.reviewer())
    assert begin(job).status == JobStatus.PAUSED
    notice = Notice.objects.get(code="job.held")
    assert "is disabled" in notices.words(notice).sentence
    with translation.override("zh-hans"):
        assert "停用" in notices.words(notice).sentence


def test_a_job_moved_to_another_time_at_the_last_moment_does_not_begin(alice: User) -> None:
    job = scheduled(alice, late=timedelta(0))
    tomorrow = timezone.now() + timedelta(days=1)
    SendJob.objects.filter(pk=job.pk).update(scheduled_at=tomorrow)
    assert due._start(job.pk) is False, "whoever found it due before has looked too early"
    assert SendJob.objects.get(pk=job.pk).status == JobStatus.SCHEDULED


@pytest.mark.django_db(transaction=True)
def test_a_beat_waits_for_the_person_who_moves_the_job(transactional_db: None) -> None:
    alice = make.user(name="alice")
    job = scheduled(alice, late=timedelta(0))
    moved = threading.Event()

    def beat() -> None:
        moved.wait(10)
        due.start_due_jobs()
        connection.close()

    other = threading.Thread(target=beat)
    other.start()
    with transaction.atomic():
        jobs.reschedule(job, by=alice, at=timezone.now() + timedelta(days=1))
        moved.set()
        other.join(1)
        assert other.is_alive(), "it waits for the row"
    other.join(10)
    assert SendJob.objects.get(pk=job.pk).status == JobStatus.SCHEDULED


# The last moment ---------------------------------------------------------------------------------------------------


def ends(job: SendJob, *, ago: timedelta) -> SendJob:
    SendJob.objects.filter(pk=job.pk).update(send_until=timezone.now() - ago)
    sweeper.sweep()
    return SendJob.objects.get(pk=job.pk)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (JobStatus.SENDING, JobStatus.DONE),
        (JobStatus.PAUSED, JobStatus.STOPPED),
        (JobStatus.SCHEDULED, JobStatus.CANCELLED),
    ],
)
def test_what_is_queued_when_the_time_is_over_is_withheld(alice: User, before: JobStatus, after: JobStatus) -> None:
    job = ends(make.job(by=alice, rows=3, status=before), ago=timedelta(seconds=1))
    assert job.status == after and job.finished_at
    assert counts.codes_of_job(job, S.SKIPPED) == [(SkipReason.EXPIRED, 3)]
    assert counts.verify(job) == {}
    assert Notice.objects.filter(code="job.ended").exists() == (before != JobStatus.SENDING)


@pytest.mark.parametrize("status", [JobStatus.SENDING, JobStatus.PAUSED, JobStatus.SCHEDULED])
def test_until_then_nothing_is(alice: User, status: JobStatus) -> None:
    job = ends(make.job(by=alice, rows=3, status=status), ago=timedelta(minutes=-5))
    assert (job.status, make.states(job)) == (status, {"queued": 3})


def test_what_is_under_way_keeps_its_outcome_and_what_comes_back_is_withheld(alice: User) -> None:
    job = make.job(by=alice, rows=3)
    owner = dispatch.take_lease()
    fields = {"owner": owner, "carrier_id": 1, "job_id": job.pk, "after_id": 0, "first_id": job.first_id or 0}
    claimed = ledger.claim(**fields, parts=2)  # type: ignore[arg-type]
    jobs.pause(job, by=alice)
    job = ends(job, ago=timedelta(seconds=1))
    assert job.status == JobStatus.STOPPED and job.finished_at is None
    assert make.states(job) == {"submitting": 2, "skipped": 1}
    accepted = dispatch.Settled(claimed[0].id, 1, S.ACCEPTED, ext_ids=("x",))
    refused = dispatch.Settled(claimed[1].id, 1, S.QUEUED, code="ESME_RTHROTTLED")
    with transaction.atomic():
        dispatch.settle(owner, [accepted, refused])
    sweeper.sweep()
    assert make.states(job) == {"accepted": 1, "skipped": 2}
    assert SendJob.objects.get(pk=job.pk).finished_at


def test_finished_jobs_are_not_touched(alice: User) -> None:
    job = make.job(by=alice, rows=3, status=JobStatus.DONE)
    assert ends(job, ago=timedelta(days=1)).status == JobStatus.DONE
    assert due.withhold_late() == 0


def test_a_time_after_the_end_is_refused(alice: User) -> None:
    job = scheduled(alice, late=timedelta(hours=-1))
    SendJob.objects.filter(pk=job.pk).update(send_until=timezone.now() + timedelta(hours=2))
    job.refresh_from_db()
    with pytest.raises(NotAllowed, match="before the job begins"):
        jobs.reschedule(job, by=alice, at=timezone.now() + timedelta(hours=3))


# On the wire ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, b"000000000001000R"),
        (59, b"000000000059000R"),
        (600, b"000000001000000R"),
        (3 * 86400 + 4 * 3600 + 5 * 60 + 6, b"000003040506000R"),
        (1000 * 86400, b"000099000000000R"),
    ],
)
def test_the_validity_period_is_relative(seconds: int, written: bytes) -> None:
    """YYMMDDhhmmss, tenths, two zeros, R (SMPP 3.4, 7.1.1.2)."""
    assert relative_time(seconds) == written + b"\0"
    body = pdu.message_body(
        pdu.address(0, 1, "1069"), pdu.address(1, 1, "86138"), b"hi", data_coding=8, validity=relative_time(seconds)
    )
    read = pdu.decode_message(pdu.frame(pdu.SUBMIT_SM, pdu.OK, 1, body))
    assert (read.validity, read.short_message, read.data_coding) == (written.decode(), b"hi", 8)
