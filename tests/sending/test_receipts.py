"""Receipts: once however often they come, in any order, early, late, for parts, for messages whose answer was lost."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction

from accounts.models import User
from sending import counts, dispatch, ledger, receipts
from sending.dispatch import Settled
from sending.ledger import Claimed
from sending.models import InboundEvent, Message, MessagePart, SendJob
from sending.models.inbound import InboundKind
from sending.models.message import reference_of
from sending.receipts import Event
from sending.states import MessageState
from templates_app.models import TemplateVersion
from tests import make

S = MessageState
CARRIER = 7
pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None) -> User:
    return make.user(name="alice")


def claimed(job: SendJob) -> tuple[uuid.UUID, list[Claimed]]:
    owner = dispatch.take_lease()
    rows = ledger.claim(
        owner=owner, carrier_id=CARRIER, job_id=job.pk, after_id=0, first_id=job.first_id or 0, parts=1000
    )
    return owner, rows


def accept(owner: uuid.UUID, rows: list[Claimed]) -> None:
    """One part: the carrier's id is "x" and the message's; several: "x…-1", "x…-2" …"""
    with transaction.atomic():
        known = dispatch.settle(
            owner,
            [
                Settled(
                    r.id,
                    r.attempt,
                    S.ACCEPTED,
                    ext_ids=tuple(f"x{r.id}-{i + 1}" for i in range(r.segments)) if r.segments > 1 else (f"x{r.id}",),
                    segments=r.segments,
                )
                for r in rows
            ],
        )
        receipts.join(known)


def receipt(ext_id: str, state: MessageState | None = S.DELIVERED, code: str = "", **fields: object) -> Event:
    code = code or {S.DELIVERED: "DELIVRD", S.FAILED: "UNDELIV"}.get(state or S.QUEUED, "ENROUTE")
    raw = b"\0" * 16 + f"{ext_id} {code}".encode()
    values = {"number": "", "reference": None} | fields
    return Event(CARRIER, InboundKind.RECEIPT, ext_id, state, code, raw=raw, **values)  # type: ignore[arg-type]


def store(*events: Event) -> None:
    with transaction.atomic():
        receipts.store(events)


def accepted(
    alice: User, rows: int = 3, segments: int = 1, version: TemplateVersion | None = None
) -> tuple[SendJob, list[Claimed]]:
    job = make.job(by=alice, rows=rows, segments=segments, version=version)
    owner, taken = claimed(job)
    accept(owner, taken)
    return job, taken


def end(job: SendJob) -> dict[str, int]:
    assert counts.verify(job) == {}
    return make.states(job)


def test_delivered_and_failed(alice: User) -> None:
    job, (a, b, _) = accepted(alice)
    store(receipt(f"x{a.id}"), receipt(f"x{b.id}", S.FAILED, "MBBLACK"))
    assert end(job) == {"delivered": 1, "failed": 1, "accepted": 1}
    assert counts.codes_of_job(job, S.FAILED) == [("MBBLACK", 1)]
    assert InboundEvent.objects.filter(applied_at__isnull=False, message_id__in=[a.id, b.id]).count() == 2


def test_the_same_receipt_twice_is_stored_and_counted_once(alice: User) -> None:
    job, (a, *_) = accepted(alice)
    store(receipt(f"x{a.id}"), receipt(f"x{a.id}"))
    store(receipt(f"x{a.id}"))
    assert end(job) == {"delivered": 1, "accepted": 2}
    assert InboundEvent.objects.count() == 1


def test_the_first_final_report_wins_and_the_contradiction_is_kept(alice: User) -> None:
    job, (a, *_) = accepted(alice)
    store(receipt(f"x{a.id}"))
    store(receipt(f"x{a.id}", S.FAILED))
    assert end(job) == {"delivered": 1, "accepted": 2}
    assert list(InboundEvent.objects.order_by("id").values_list("conflicting", flat=True)) == [False, True]


def test_contradictions_in_one_batch(alice: User) -> None:
    job, (a, *_) = accepted(alice)
    store(receipt(f"x{a.id}", S.FAILED), receipt(f"x{a.id}"))
    assert end(job) == {"failed": 1, "accepted": 2}
    assert InboundEvent.objects.filter(conflicting=True).count() == 1


def test_a_report_on_the_way_changes_nothing(alice: User) -> None:
    job, (a, *_) = accepted(alice)
    store(receipt(f"x{a.id}", None))
    assert end(job) == {"accepted": 3}


def test_a_receipt_before_the_answer_waits_for_it(alice: User) -> None:
    job = make.job(by=alice, rows=2)
    owner, rows = claimed(job)
    store(receipt(f"x{rows[0].id}"))
    assert end(job) == {"submitting": 2}
    accept(owner, rows)
    assert end(job) == {"delivered": 1, "accepted": 1}
    assert InboundEvent.objects.get().message_id == rows[0].id


def test_the_same_id_at_another_carrier_is_another_message(alice: User) -> None:
    job, (a, *_) = accepted(alice)
    event = receipt(f"x{a.id}")
    event.carrier_id = CARRIER + 1
    store(event)
    assert end(job) == {"accepted": 3}
    assert InboundEvent.objects.get().applied_at is None


def test_a_late_report_overrides_expired(alice: User) -> None:
    job, (a, *_) = accepted(alice)
    counts.fold()
    SendJob.objects.update(started_at="2020-01-01T00:00Z")
    Message.objects.filter(pk=a.id).update(submitted_at="2020-01-01T00:00Z")
    assert dispatch.expire_unreported() == 1
    store(receipt(f"x{a.id}"))
    assert make.states(job) == {"delivered": 1, "accepted": 2}


def test_long_messages_are_delivered_when_all_parts_are(alice: User) -> None:
    job, (a, b) = accepted(alice, rows=2, segments=3)
    store(receipt(f"x{a.id}-1"), receipt(f"x{a.id}-3"))
    assert end(job) == {"accepted": 2}
    store(receipt(f"x{a.id}-2"), receipt(f"x{b.id}-1"), receipt(f"x{b.id}-2", S.FAILED))
    assert end(job) == {"delivered": 1, "failed": 1}
    assert MessagePart.objects.filter(message_id=b.id).count() == 3


def test_all_parts_in_one_batch(alice: User) -> None:
    job, (a,) = accepted(alice, rows=1, segments=3)
    store(*(receipt(f"x{a.id}-{i}") for i in (1, 2, 3)))
    assert end(job) == {"delivered": 1}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "ANSWER_SECONDS", 0)


def unknown(alice: User, rows: int = 2) -> tuple[SendJob, list[Claimed]]:
    job = make.job(by=alice, rows=rows)
    owner, taken = claimed(job)
    with transaction.atomic():
        dispatch.settle(owner, [Settled(r.id, r.attempt, S.UNKNOWN, code="timeout") for r in taken])
    return job, taken


def test_a_receipt_resolves_the_one_unknown_message_it_can_be_about(alice: User, at_once: None) -> None:
    job, (a, _) = unknown(alice)
    store(receipt("never-seen", number=a.number, reference=reference_of(a.id)))
    assert end(job) == {"unknown": 2}
    assert receipts.sweep() == 1
    assert end(job) == {"delivered": 1, "unknown": 1}


def test_two_candidates_leave_it_unknown(alice: User, at_once: None) -> None:
    job, (a, b) = unknown(alice)
    Message.objects.filter(pk=b.id).update(number=a.number)
    store(receipt("never-seen", number=a.number))
    assert receipts.sweep() == 0
    assert end(job) == {"unknown": 2}


def test_another_reference_is_another_message(alice: User, at_once: None) -> None:
    job, (a, _) = unknown(alice)
    store(receipt("never-seen", number=a.number, reference=reference_of(a.id + 1)))
    assert receipts.sweep() == 0


def test_an_old_unknown_is_not_what_a_new_receipt_is_about(alice: User, at_once: None) -> None:
    job, (a, _) = unknown(alice)
    counts.fold()
    Message.objects.filter(pk=a.id).update(submitted_at="2020-01-01T00:00Z")
    store(receipt("never-seen", number=a.number))
    assert receipts.sweep() == 0


def test_nothing_is_inferred_while_an_answer_from_that_number_is_due(alice: User, at_once: None) -> None:
    job, (a, _) = unknown(alice)
    other = make.job(by=alice, rows=1)
    claimed(other)
    store(receipt("never-seen", number=a.number))
    assert receipts.sweep() == 0
    assert make.states(job) == {"unknown": 2} and make.states(other) == {"submitting": 1}


def test_references_of_two_jobs_differ(alice: User) -> None:
    first, second = (make.job(by=alice, rows=1).first_id or 0 for _ in range(2))
    assert all(reference_of(first + i) != reference_of(second + i) for i in range(1000))
    assert all(0 <= reference_of(first + i) <= 0xFFFF for i in range(1000))


def test_a_job_uploaded_months_before_it_was_sent_gets_its_receipts(alice: User) -> None:
    receipts._horizon.cache_clear()
    version = make.template(by=alice)  # approved today: the day of the journey may be no workday
    with time_machine.travel(datetime.now(UTC) + timedelta(days=80)):
        job, (a, *_) = accepted(alice, version=version)
        receipts._horizon.cache_clear()
        store(receipt(f"x{a.id}"))
    receipts._horizon.cache_clear()
    assert make.states(job) == {"delivered": 1, "accepted": 2}


def test_two_honest_replies_are_two(alice: User) -> None:
    reply = Event(CARRIER, InboundKind.REPLY, "", None, "", "+8613800000000", None, b"\0" * 16 + b"1")
    store(reply)
    store(reply)
    assert InboundEvent.objects.filter(kind=InboundKind.REPLY).count() == 2


def test_a_batch_of_everything_repeated_changes_nothing(alice: User) -> None:
    """A COMMIT whose answer was lost is repeated as it was."""
    job = make.job(by=alice, rows=3)
    owner, rows = claimed(job)
    for _ in range(2):
        accept(owner, rows)
        store(*(receipt(f"x{r.id}") for r in rows))
    assert end(job) == {"delivered": 3}
