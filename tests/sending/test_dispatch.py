"""Claiming, settling, finishing: the ledger's rules, without sockets."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditEntry, ReviewState, User
from console.lib.errors import NotAllowed
from sending import counts, dispatch, due, jobs, ledger, sweeper
from sending.dispatch import Settled
from sending.ledger import Move
from sending.models import GatewayLease, JobStatus, Message, SendJob
from sending.states import JOB_MOVES, MESSAGE_MOVES, MessageState, SkipReason
from tests import make

S = MessageState
pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None) -> User:
    return make.user(name="alice")


def claim(job: SendJob, *, owner: uuid.UUID, parts: int = 100, carrier_id: int = 1) -> list[ledger.Claimed]:
    return ledger.claim(
        owner=owner, carrier_id=carrier_id, job_id=job.pk, after_id=0, first_id=job.first_id or 0, parts=parts
    )


def agree(job: SendJob) -> dict[str, int]:
    """The counts and the ledger say the same, before and after folding; returns what they say."""
    assert counts.verify(job) == {}
    counts.fold()
    assert counts.verify(job) == {}
    assert counts.of_job(job) == counts.recount(job)
    assert sum(counts.of_job(job).values()) == job.total
    return make.states(job)


def test_claim_commits_the_intent(alice: User) -> None:
    job = make.job(by=alice, rows=5, invalid=2)
    owner = dispatch.take_lease()
    claimed = claim(job, owner=owner, parts=3)
    assert [c.number for c in claimed] == [f"+861380000000{i}" for i in range(3)]
    assert {c.attempt for c in claimed} == {1}
    assert agree(job) == {"queued": 2, "submitting": 3, "invalid": 2}
    assert Message.objects.of_job(job).filter(owner=owner, carrier_id=1, submitted_at__isnull=False).count() == 3


def test_claim_heeds_segments_but_takes_at_least_one(alice: User) -> None:
    job = make.job(by=alice, rows=5, segments=4)
    owner = dispatch.take_lease()
    assert len(claim(job, owner=owner, parts=9)) == 2
    assert len(claim(job, owner=owner, parts=1)) == 1


@pytest.mark.parametrize(
    "status", [s for s in JobStatus if s not in (JobStatus.SENDING, JobStatus.UPLOADED, JobStatus.UNREADABLE)]
)
def test_only_a_sending_job_is_claimed_from(alice: User, status: JobStatus) -> None:
    job = make.job(by=alice, status=status)
    assert claim(job, owner=dispatch.take_lease()) == []


def test_nothing_is_claimed_without_a_lease(alice: User) -> None:
    job = make.job(by=alice)
    owner = dispatch.take_lease()
    GatewayLease.objects.update(expires_at="2020-01-01T00:00Z")
    assert claim(job, owner=owner) == []
    assert not dispatch.renew_lease(owner)


def settle(job: SendJob, outcome: MessageState, **fields: Any) -> tuple[uuid.UUID, list[ledger.Claimed], list[str]]:
    owner = dispatch.take_lease()
    claimed = claim(job, owner=owner)
    results = [Settled(c.id, c.attempt, outcome, ext_ids=(f"x{c.id}",), refusals=c.refusals, **fields) for c in claimed]
    with transaction.atomic():
        return owner, claimed, dispatch.settle(owner, results)


def test_accepted(alice: User) -> None:
    job = make.job(by=alice, rows=4)
    _, claimed, known = settle(job, S.ACCEPTED)
    assert sorted(known) == sorted(f"x{c.id}" for c in claimed)
    assert agree(job) == {"accepted": 4}
    assert dispatch.finish_jobs() == 1
    job.refresh_from_db()
    assert job.status == JobStatus.DONE and job.finished_at


def test_rejected_and_unknown(alice: User) -> None:
    job = make.job(by=alice, rows=2)
    settle(job, S.REJECTED, code="ESME_RINVDSTADR")
    assert agree(job) == {"rejected": 2}
    assert counts.codes_of_job(job, S.REJECTED) == [("ESME_RINVDSTADR", 2)]
    other = make.job(by=alice, rows=2)
    settle(other, S.UNKNOWN, code="timeout")
    assert agree(other) == {"unknown": 2}


def test_throttled_waits_and_is_not_held_against_it(alice: User) -> None:
    job = make.job(by=alice, rows=2)
    settle(job, S.QUEUED, code="ESME_RTHROTTLED")
    assert agree(job) == {"queued": 2}
    assert set(Message.objects.of_job(job).values_list("refusals", "owner", "carrier_id")) == {(0, None, None)}
    assert claim(job, owner=dispatch.take_lease()) == [], "not before a second has passed"


def test_refusals_worth_another_try_end(alice: User) -> None:
    job = make.job(by=alice, rows=1)
    for _ in range(dispatch.MAX_REFUSALS):
        assert agree(job) == {"queued": 1}
        Message.objects.of_job(job).update(not_before=None)
        settle(job, S.QUEUED, code="ESME_RSYSERR")
    assert agree(job) == {"rejected": 1}


def test_refusals_are_capped_by_the_database(alice: User) -> None:
    job = make.job(by=alice, rows=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.of_job(job).update(refusals=21)


@pytest.mark.parametrize("code", ["ESME_RTHROTTLED", "ESME_RSYSERR"])
def test_a_refusal_recorded_again_leaves_the_next_attempt_alone(alice: User, code: str) -> None:
    """A COMMIT whose answer was lost is repeated; meanwhile the message may be on the wire again."""
    job = make.job(by=alice, rows=1)
    owner = dispatch.take_lease()
    (first,) = claim(job, owner=owner)
    refused = [Settled(first.id, first.attempt, S.QUEUED, code=code, refusals=first.refusals)]
    with transaction.atomic():
        dispatch.settle(owner, refused)
    Message.objects.of_job(job).update(not_before=None)
    (second,) = claim(job, owner=owner)
    assert second.attempt == first.attempt + 1
    with transaction.atomic():
        dispatch.settle(owner, refused)
    assert agree(job) == {"submitting": 1}
    with transaction.atomic():
        dispatch.settle(owner, [Settled(second.id, second.attempt, S.ACCEPTED, ext_ids=("x",))])
    assert agree(job) == {"accepted": 1}


def test_a_stranger_and_an_older_attempt_settle_nothing(alice: User) -> None:
    job = make.job(by=alice, rows=1)
    owner = dispatch.take_lease()
    (row,) = claim(job, owner=owner)
    with transaction.atomic():
        assert dispatch.settle(uuid.uuid4(), [Settled(row.id, row.attempt, S.ACCEPTED, ext_ids=("a",))]) == []
        assert dispatch.settle(owner, [Settled(row.id, row.attempt + 1, S.ACCEPTED, ext_ids=("a",))]) == []
    assert agree(job) == {"submitting": 1}


def test_what_a_dead_gateway_had_under_way_becomes_unknown_and_is_never_claimed_again(alice: User) -> None:
    job = make.job(by=alice, rows=3)
    owner = dispatch.take_lease()
    (row,) = claim(job, owner=owner, parts=1)
    assert dispatch.reap() == 0
    GatewayLease.objects.update(expires_at="2020-01-01T00:00Z")
    assert dispatch.reap() == 1
    assert agree(job) == {"unknown": 1, "queued": 2}
    assert row.id not in {c.id for c in claim(job, owner=dispatch.take_lease())}
    # The late answer of its own attempt still counts.
    with transaction.atomic():
        dispatch.settle(owner, [Settled(row.id, row.attempt, S.ACCEPTED, ext_ids=("late",))])
    assert agree(job) == {"accepted": 1, "submitting": 2}


def test_claims_whose_commit_was_cut_off_return_to_the_queue(alice: User) -> None:
    job = make.job(by=alice, rows=3)
    owner = dispatch.take_lease()
    known, lost, _ = claim(job, owner=owner)
    assert dispatch.release_unwritten(owner, under_way=[known.id]) == 2
    assert agree(job) == {"submitting": 1, "queued": 2}
    assert Message.objects.get(pk=lost.id).refusals == 0


def test_stop_withholds_what_was_not_sent(alice: User) -> None:
    job = make.job(by=alice, rows=5, invalid=1)
    owner = dispatch.take_lease()
    claim(job, owner=owner, parts=2)
    jobs.stop(job, by=alice)
    sweeper.sweep()  # the hint was lost
    assert agree(job) == {"submitting": 2, "skipped": 3, "invalid": 1}
    assert counts.codes_of_job(job, S.SKIPPED) == [(SkipReason.STOPPED, 3)]
    job.refresh_from_db()
    assert job.finished_at is None, "two are still under way"
    moves = [
        Move(m.pk, code="ESME_RTHROTTLED", attempt=1) for m in Message.objects.of_job(job).filter(state=S.SUBMITTING)
    ]
    ledger.requeue(moves, owner=owner, counts=False)
    sweeper.sweep()
    job.refresh_from_db()
    assert job.finished_at
    assert agree(job) == {"skipped": 5, "invalid": 1}


def test_a_cancelled_job_keeps_nothing_queued(alice: User) -> None:
    job = make.job(by=alice, rows=4, status=JobStatus.SCHEDULED)
    jobs.cancel(job, by=alice)
    sweeper.sweep()
    assert agree(job) == {"skipped": 4}


def test_a_due_job_whose_template_is_gone_is_held(alice: User) -> None:
    job = make.job(by=alice, rows=2, status=JobStatus.SCHEDULED)
    job.version.move(ReviewState.DISABLED, by=make.reviewer())
    SendJob.objects.update(scheduled_at="2020-01-01T00:00Z")
    due.start_due_jobs()
    job.refresh_from_db()
    assert job.status == JobStatus.PAUSED
    assert "is disabled" in AuditEntry.objects.get(verb="job.held").detail["reason"]


def test_due_jobs_start_once(alice: User) -> None:
    job = make.job(by=alice, status=JobStatus.SCHEDULED)
    assert due.start_due_jobs() == 0
    SendJob.objects.update(scheduled_at="2020-01-01T00:00Z")
    assert [due.start_due_jobs(), due.start_due_jobs()] == [1, 0]
    job.refresh_from_db()
    assert job.status == JobStatus.SENDING and job.started_at


def test_accepted_without_a_report_expires(alice: User) -> None:
    job = make.job(by=alice, rows=2)
    settle(job, S.ACCEPTED)
    counts.fold()
    SendJob.objects.update(started_at="2020-01-01T00:00Z")
    assert dispatch.expire_unreported() == 0
    first = Message.objects.of_job(job).order_by("pk").first()
    assert first
    counts.fold()
    Message.objects.filter(pk=first.pk).update(submitted_at="2020-01-01T00:00Z")
    assert dispatch.expire_unreported() == 1
    assert make.states(job) == {"accepted": 1, "expired": 1}


@pytest.mark.parametrize("old", JobStatus)
@pytest.mark.parametrize("new", JobStatus)
def test_a_job_moves_only_as_the_table_says(alice: User, old: JobStatus, new: JobStatus) -> None:
    job = make.job(by=alice, rows=1, status=old)
    fields: dict[str, Any] = {"scheduled_at": "2030-01-01T00:00Z", "confirmed_by": alice}
    if new in JOB_MOVES[old]:
        job.move(new, by=alice, **fields)
        assert job.status == new
    else:
        with pytest.raises(NotAllowed):
            job.move(new, by=alice, **fields)
        assert job.status == old


def test_every_state_has_its_moves() -> None:
    assert set(MESSAGE_MOVES) == set(MessageState)
    assert set(JOB_MOVES) == set(JobStatus)
    assert all(S.QUEUED not in after for state, after in MESSAGE_MOVES.items() if state != S.SUBMITTING)


@pytest.mark.django_db(transaction=True)
def test_six_claimers_take_each_row_once(transactional_db: None) -> None:
    alice = make.user(name="alice")
    job = make.job(by=alice, rows=600)
    taken: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        owner = dispatch.take_lease()
        while rows := claim(job, owner=owner, parts=17):
            with lock:
                taken.extend(row.id for row in rows)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 600
    assert agree(job) == {"submitting": 600}
