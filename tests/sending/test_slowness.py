"""Why a job is as fast as it is: each reason from its facts, the decisive one first."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.models.application import Region
from sending import counts, dispatch, jobs, slowness
from sending.models import Carrier, GatewayLease, JobStatus, Message, SendJob
from sending.states import MessageState
from templates_app.models import MessageType
from tests import make

pytestmark = pytest.mark.django_db
RATE = 600


@pytest.fixture
def alice(db: None) -> User:
    return make.user(name="alice", language="en")


@pytest.fixture
def carrier(db: None) -> Carrier:
    dispatch.take_lease()
    return make.carrier(name="unicom", rate=RATE, window=50)


def why(job: SendJob, *, speed: float = 100.0, each: float = 1.0, now: datetime | None = None) -> list[slowness.Reason]:
    now = now or timezone.now()
    SendJob.objects.filter(pk=job.pk, started_at__isnull=False).update(started_at=now - timedelta(hours=1))
    job = SendJob.objects.get(pk=job.pk)
    way = slowness.way(job.application.region)
    return slowness.why(job, counts.of_job(job), way, speed=speed, each=each, now=now)


def codes(job: SendJob, **more: object) -> list[str]:
    return [reason.code for reason in why(job, **more)]  # type: ignore[arg-type]


def test_nothing_to_send_needs_no_reason(alice: User, carrier: Carrier) -> None:
    assert why(make.job(by=alice, status=JobStatus.PAUSED)) == []
    job = make.job(by=alice, rows=1)
    Message.objects.of_job(job).update(state=MessageState.SKIPPED)
    way = slowness.way(Region.MAINLAND)
    assert slowness.why(job, counts.recount(job), way, speed=0, each=1, now=timezone.now()) == []


def test_no_carrier_no_gateway_no_connection(alice: User) -> None:
    job = make.job(by=alice)
    assert codes(job) == ["no_carrier"]
    carrier = make.carrier(bound=False, rate=RATE)
    assert codes(job) == ["no_gateway"]
    dispatch.take_lease()
    assert codes(job) == ["no_connection"]
    Carrier.objects.filter(pk=carrier.pk).update(bound_at=timezone.now())
    assert codes(job) == ["catching_up"]
    GatewayLease.objects.update(expires_at="2020-01-01T00:00Z")
    assert codes(job) == ["no_gateway"], "what the carrier's row says is not true any more"


def test_the_carriers_rate(alice: User, carrier: Carrier) -> None:
    job = make.job(by=alice)
    (reason,) = why(job, speed=550.0)
    assert (reason.code, reason.short) == ("carrier_rate", "held by the carrier’s 600")
    assert codes(job, speed=190.0, each=3.0) == ["carrier_rate"], "the carrier counts segments"
    assert codes(job, speed=190.0) == ["catching_up"]


def test_a_carrier_that_asks_for_less(alice: User, carrier: Carrier) -> None:
    Carrier.objects.update(throttle=50, throttled_at=timezone.now())
    reasons = why(make.job(by=alice), speed=290.0)
    assert [reason.code for reason in reasons] == ["throttled", "carrier_rate"]
    assert reasons[0].short == "unicom asks for less"
    assert "50 % of its 600 segments" in reasons[0].words
    assert reasons[1].short == "held by the carrier’s 300"


def test_one_of_two_carriers_is_away(alice: User, carrier: Carrier) -> None:
    make.carrier(name="mobile", bound=False)
    reasons = why(make.job(by=alice), speed=10.0)
    assert [reason.short for reason in reasons] == ["1 of 2 carriers is away"]
    assert reasons[0].words == "Not connected: mobile."


def test_its_own_limit(alice: User, carrier: Carrier) -> None:
    job = make.job(by=alice)
    jobs.limit_speed(job, by=alice, segments=20)
    reasons = why(job, speed=19.0)
    assert reasons[0].short == "held by its own limit of 20"
    assert codes(job, speed=6.5, each=3.0) == ["speed_limit"]
    jobs.limit_speed(job, by=alice, segments=5000)
    assert codes(job, speed=550.0) == ["carrier_rate"], "a limit out of reach holds nothing"


def test_the_night_alone_and_beside_others(alice: User, carrier: Carrier) -> None:
    version = make.template(by=alice, type=MessageType.PROMOTION)
    job = make.job(by=alice, version=version)
    shanghai = ZoneInfo("Asia/Shanghai")
    night, day = datetime(2026, 3, 10, 3, tzinfo=shanghai), datetime(2026, 3, 10, 12, tzinfo=shanghai)
    (reason,) = why(job, speed=0.0, now=night)
    assert (reason.code, reason.short) == ("quiet_hours", "quiet hours") and "08:00" in reason.words
    assert codes(job, now=day) == ["catching_up"]


def test_who_else_sends(alice: User, carrier: Carrier) -> None:
    first = make.job(by=alice)
    second = make.job(by=alice)
    assert codes(first) == ["catching_up"], "one's own later job does not hold the earlier"
    (reason,) = why(second)
    assert reason.short == f"after your job {first.pk}"
    mallory = make.user(name="mallory")
    make.job(by=mallory), make.job(by=mallory)
    make.job(by=make.user())
    shared = why(first)
    assert [reason.code for reason in shared] == ["shared"]
    assert shared[0].short == "shared with 2 others", "enterprises share, not jobs"
    abroad = make.template(by=mallory, text="Hi", variables=[], region=Region.INTERNATIONAL)
    make.job(by=mallory, version=abroad)
    assert why(first)[0].short == "shared with 2 others", "what goes elsewhere takes nothing away"
    make.job(by=mallory, version=make.template(by=mallory, type=MessageType.VERIFICATION))
    assert codes(first) == ["urgent", "shared"]


def test_rows_that_wait_for_another_try(alice: User, carrier: Carrier) -> None:
    job = make.job(by=alice, rows=4)
    assert codes(job) == ["catching_up"]
    Message.objects.of_job(job).update(not_before=timezone.now() + timedelta(minutes=1))
    (reason,) = why(job)
    assert reason.short == "4 wait for another try"


def test_a_job_that_has_just_begun(alice: User, carrier: Carrier) -> None:
    job = make.job(by=alice)
    way = slowness.way(Region.MAINLAND)
    (reason,) = slowness.why(job, counts.of_job(job), way, speed=0, each=1, now=timezone.now())
    assert reason.code == "beginning"


def test_what_can_be_reached(alice: User, carrier: Carrier) -> None:
    job = make.job(by=alice, segments=3)
    assert slowness.segments_each(job) == 3
    way = slowness.way(Region.MAINLAND)
    assert slowness.expected(job, way, each=3) == RATE / 3
    job.speed_limit = 30
    assert slowness.expected(job, way, each=3) == 10
    assert way.windows == 50
    dispatch.take_lease()
    assert slowness.way(Region.MAINLAND).windows == 100, "each gateway has its own connection"
