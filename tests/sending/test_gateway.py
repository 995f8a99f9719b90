"""The gateway as a process, against the simulator as a process, on the test database."""

from __future__ import annotations

import signal
import time
from bisect import bisect
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.models.application import Region
from console.lib.countries import CODES
from sending import counts, dispatch, jobs, quiet
from sending.limits import burst_of
from sending.models import Carrier, InboundEvent, JobStatus, Message, SendJob
from sending.models.inbound import InboundKind
from sending.states import MessageState
from templates_app import channels
from templates_app.models import MessageType
from templates_app.models.signature import Registration
from tests import make
from tests.processes import Simulator, gateway, wait_for

S = MessageState
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice(transactional_db: None) -> User:
    return make.user(name="alice")


@pytest.fixture
def simulator(tmp_path: Path, transactional_db: None) -> Iterator[Simulator]:
    with Simulator(tmp_path).running() as smsc:
        yield smsc


def carrier(smsc: Simulator, **fields: object) -> Carrier:
    made = make.carrier(bound=False, **({"window": 50, "rate": 5000} | fields))  # type: ignore[arg-type]
    Carrier.objects.filter(pk=made.pk).update(port=smsc.port)
    return made


def ended(job: SendJob, **wanted: int) -> None:
    """Wait until the ledger says exactly `wanted`, then until everything else agrees."""
    wait_for(lambda: make.states(job) == wanted, what=f"{wanted}, is {make.states(job)}")
    assert counts.verify(job) == {}
    job.refresh_from_db()


def numbered(job: SendJob, **endings: str) -> None:
    """Give rows (by position) numbers with the endings that the simulator acts upon."""
    for position, ending in endings.items():
        Message.objects.filter(pk=(job.first_id or 0) + int(position[1:])).update(number=f"+86138000{ending}")


def test_everything_is_delivered(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    carrier(simulator)
    job = make.job(by=alice, rows=500, invalid=3)
    with gateway(tmp_path):
        ended(job, delivered=500, invalid=3)
    wait_for(lambda: SendJob.objects.get().status == JobStatus.DONE or dispatch.finish_jobs(), what="done")
    assert set(simulator.times_accepted().values()) == {1}
    first = simulator.accepted()[0]
    assert first["text"].startswith("【清禾") and "尊敬的王女士，您本月消费" in first["text"]
    assert Carrier.objects.get().bound_at is None, "a gateway that ended holds no connection"


def test_messages_leave_from_their_signatures_number_and_in_their_templates_brackets(
    alice: User, simulator: Simulator, tmp_path: Path
) -> None:
    """Without a number of its own, from the carrier's; a number given anew holds at once."""
    carrier(simulator, source="10690000")
    sign = make.signature(by=alice, number="106900001111", name="清禾会员")
    universal = make.template(by=alice, app=sign.application, universal=True, brackets="GB")
    jobs_ = [
        make.job(by=alice, rows=3, version=universal, sign=sign),
        make.job(
            by=alice,
            rows=3,
            version=make.template(by=alice, sign=make.signature(by=alice, name="老签名", legacy=True, number="")),
        ),
        make.job(
            by=alice, rows=3, version=make.template(by=alice, text="Hi", variables=[], region=Region.INTERNATIONAL)
        ),
    ]
    Message.objects.of_job(jobs_[2]).update(values=[])
    with gateway(tmp_path):
        for job in jobs_:
            ended(job, delivered=3)
        channels.assign(sign, "9" * 20, by=make.administrator(), to=Registration.REGISTERING)
        channels.assign(sign, "9" * 20, by=make.administrator())
        ended(make.job(by=alice, rows=2, version=universal, sign=sign), delivered=2)
    heads: dict[str, list[str]] = {}
    for line in simulator.accepted():
        heads.setdefault(line["source"], []).append(line["text"][:6])
    assert {source: (len(found), set(found)) for source, found in heads.items()} == {
        "106900001111": (3, {"[清禾会员]"}),
        "10690000": (6, {"【老签名】尊", "Hi"}),
        "9" * 20: (2, {"[清禾会员]"}),
    }


def test_two_carriers_share_a_job(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Simulator(tmp_path / "other").running() as other:
        carrier(simulator, rate=300)
        carrier(other, rate=300, bind="pair")
        job = make.job(by=alice, rows=400)
        with gateway(tmp_path):
            ended(job, delivered=400)
        both = simulator.times_accepted() + other.times_accepted()
        assert len(simulator.accepted()) > 20 and len(other.accepted()) > 20
        assert len(both) == 400 and set(both.values()) == {1}


def test_long_messages_and_their_receipts(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    carrier(simulator)
    version = make.template(by=alice, text="尊敬的${1}，" + "您的账户有变动，" * 20 + "金额${2}元。")
    job = make.job(by=alice, rows=5, version=version, segments=3)
    with gateway(tmp_path):
        ended(job, delivered=5)
    assert len(simulator.accepted()) == 15
    assert {line["parts"] for line in simulator.accepted()} == {3}


def test_every_way_a_carrier_can_answer(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    carrier(simulator, options={"response_timeout": 1.5})
    job = make.job(by=alice, rows=14)
    numbered(
        job, r0="90001", r1="90002", r2="90004", r3="90005", r4="90006", r5="90007", r6="90008", r7="90009",
        r8="90010", r9="90012", r10="90016", r11="90017", r12="90018", r13="90019",
    )  # fmt: skip
    with gateway(tmp_path):
        ended(job, rejected=1, unknown=1, accepted=1, failed=4, delivered=7)
        wait_for(lambda: InboundEvent.objects.filter(kind=InboundKind.REPLY).exists(), what="the reply")
    assert dict(counts.codes_of_job(job, S.REJECTED)) == {"ESME_RINVDSTADR": 1}
    assert dict(counts.codes_of_job(job, S.FAILED)) == {"UNDELIV": 1, "EXPIRED": 1, "REJECTD": 1, "MBBLACK": 1}
    assert set(Message.objects.of_job(job).filter(state=S.UNKNOWN).values_list("code", flat=True)) == {"no_answer"}
    assert InboundEvent.objects.filter(conflicting=True).count() == 1
    assert max(simulator.times_accepted().values()) == 1


def test_a_connection_dropped_after_accepting_leaves_unknown_and_sends_nothing_twice(
    alice: User, tmp_path: Path, transactional_db: None
) -> None:
    """The receipts come after the reconnect and resolve what can be resolved."""
    with Simulator(tmp_path, "--drop-every", "40", "--no-receipts").running() as smsc:
        carrier(smsc, window=10, options={"retry_first": 0.1, "retry_most": 0.2})
        job = make.job(by=alice, rows=200)
        with gateway(tmp_path):
            wait_for(
                lambda: not {"queued", "submitting"} & make.states(job).keys(), what=f"the end, is {make.states(job)}"
            )
        found = make.states(job)
        assert found["accepted"] + found["unknown"] == 200
        assert 4 <= found["unknown"] <= 6 * 10
        assert set(smsc.times_accepted().values()) == {1}


def test_a_carrier_that_is_down_makes_the_job_wait(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    made = carrier(simulator)
    Carrier.objects.filter(pk=made.pk).update(port=1)
    job = make.job(by=alice, rows=5)
    with gateway(tmp_path):
        wait_for(lambda: Carrier.objects.get().last_error, what="the error")
        assert make.states(job) == {"queued": 5}
        # Put right by an administrator; nobody restarts anything.
        Carrier.objects.update(port=simulator.port)
        ended(job, delivered=5)


def test_a_wrong_password_is_said(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    made = carrier(simulator)
    made.set_password("wrong")
    Carrier.objects.update(password=made.password)
    with gateway(tmp_path):
        error = wait_for(lambda: Carrier.objects.get().last_error, what="the error")
    assert "wrong" not in error and "0x" not in error.lower().replace("0x0", "")


def test_pause_resume_stop(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    window = 20
    carrier(simulator, rate=200, window=window)
    job = make.job(by=alice, rows=2000)
    with gateway(tmp_path):
        wait_for(lambda: simulator.accepted(), what="the first")
        jobs.pause(job, by=alice)
        paused_at = len(simulator.accepted())
        time.sleep(1)
        after = len(simulator.accepted())
        assert after - paused_at <= window
        time.sleep(1)
        assert len(simulator.accepted()) == after, "nothing more leaves"
        jobs.resume(job, by=alice)
        wait_for(lambda: len(simulator.accepted()) > after, what="more")
        jobs.stop(job, by=alice)
        dispatch.withhold_rows(job.pk)
        wait_for(lambda: not {"queued", "submitting", "accepted"} & make.states(job).keys(), what="the end")
    found = make.states(job)
    assert found["delivered"] + found["skipped"] == 2000
    assert found["delivered"] == len(simulator.accepted())
    assert counts.verify(job) == {}


@pytest.mark.parametrize("point", ["after_intent", "after_write", "after_response"])
def test_killed_at_a_named_point(alice: User, simulator: Simulator, tmp_path: Path, point: str) -> None:
    """C6 to C8: what was intended is unknown (a receipt may resolve it), nothing is sent twice, the rest goes on."""
    carrier(simulator, window=10)
    job = make.job(by=alice, rows=60)
    with gateway(tmp_path, FAILPOINT=point) as doomed:
        wait_for(lambda: doomed.poll() is not None, what="its death")
    under_way = make.states(job)["submitting"]
    assert 1 <= under_way <= 20
    with gateway(tmp_path):
        wait_for(lambda: not {"queued", "submitting", "accepted"} & make.states(job).keys(), what="the end")
    found = make.states(job)
    sent = simulator.times_accepted()
    assert max(sent.values()) == 1
    assert found.get("delivered", 0) + found.get("unknown", 0) == 60
    assert found.get("unknown", 0) <= under_way
    assert counts.verify(job) == {}
    for message in Message.objects.of_job(job).filter(state=S.DELIVERED):
        assert sent[message.number[1:]] == 1


def test_frozen_longer_than_its_lease(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    """C9: its rows became unknown; its own late answers may still say accepted, and nothing is sent twice."""
    carrier(simulator, rate=100, window=10)
    job = make.job(by=alice, rows=200)
    with gateway(tmp_path) as frozen:
        wait_for(lambda: len(simulator.accepted()) > 20, what="a start")
        frozen.send_signal(signal.SIGSTOP)
        wait_for(lambda: not dispatch.live_gateways(), what="the lease to run out")
        dispatch.reap()
        frozen.send_signal(signal.SIGCONT)
        wait_for(lambda: not {"queued", "submitting", "accepted"} & make.states(job).keys(), what="the end")
    found = make.states(job)
    assert found["delivered"] + found.get("unknown", 0) == 200
    assert set(simulator.times_accepted().values()) == {1}
    assert counts.verify(job) == {}


def test_a_clean_stop_leaves_nothing_unknown(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    """C19: SIGTERM drains the window."""
    carrier(simulator, rate=300, window=50)
    job = make.job(by=alice, rows=300)
    for _ in range(2):
        with gateway(tmp_path):
            before = len(simulator.accepted())
            wait_for(partial(more_than, before + 30, simulator), what="some")
        assert "unknown" not in make.states(job) and "submitting" not in make.states(job)
    assert set(simulator.times_accepted().values()) == {1}


def more_than(number: int, simulator: Simulator) -> bool:
    return len(simulator.accepted()) > number


def test_small_jobs_do_not_wait_behind_a_big_one(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    carrier(simulator, rate=400, window=20)
    big = make.job(by=alice, rows=4000)
    mallory = make.user(name="mallory")
    with gateway(tmp_path):
        wait_for(lambda: len(simulator.accepted()) > 50, what="the big one to run")
        small = make.job(by=mallory, rows=40)
        ended(small, delivered=40)
        assert make.states(big)["queued"] > 2000, "the big one has hardly moved on"


def test_one_carrier_that_cannot_be_used_stops_no_other(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    carrier(simulator)
    broken = make.carrier(name="broken", bound=False)
    Carrier.objects.filter(pk=broken.pk).update(password=b"not ours")
    job = make.job(by=alice, rows=20)
    with gateway(tmp_path) as process:
        ended(job, delivered=20)
        wait_for(lambda: Carrier.objects.get(name="broken").last_error, what="the reason")
        Carrier.objects.filter(name="broken").delete()
        other = make.job(by=alice, rows=5)
        ended(other, delivered=5)
        assert process.poll() is None


def test_changing_a_carrier_with_answers_outstanding_costs_no_lease(alice: User, tmp_path: Path) -> None:
    """Draining takes longer than the lease; what other carriers have under way stays known."""
    (tmp_path / "slow").mkdir()
    with Simulator(tmp_path).running() as smsc, Simulator(tmp_path / "slow", "--delay", "6").running() as slow:
        carrier(slow, window=5, rate=50, name="slow")
        job = make.job(by=alice, rows=5)
        with gateway(tmp_path):
            wait_for(slow.accepted, what="the slow one to take some")
            Carrier.objects.filter(name="slow").update(window=6)
            carrier(smsc, rate=40)
            other = make.job(by=alice, rows=200)
            ended(other, delivered=200)
            wait_for(lambda: "submitting" not in make.states(job), what="the slow answers")
        assert "unknown" not in make.states(job) and "unknown" not in make.states(other)


def test_a_rate_is_changed_without_a_new_connection(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    made = carrier(simulator, rate=20)
    with gateway(tmp_path):
        since = wait_for(lambda: Carrier.objects.get().bound_at, what="the bind")
        again = Carrier.objects.get(pk=made.pk)
        again.set_password("secret")  # the same, encrypted anew
        Carrier.objects.filter(pk=made.pk).update(rate=5000, password=again.password)
        job = make.job(by=alice, rows=300)
        ended(job, delivered=300)
        assert Carrier.objects.get().bound_at == since


def test_a_message_that_cannot_be_written_stops_no_other(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    carrier(simulator)
    job = make.job(by=alice, rows=10)
    Message.objects.filter(pk=job.first_id or 0).update(values=["only one of two"])
    with gateway(tmp_path) as process:
        ended(job, rejected=1, delivered=9)
        assert process.poll() is None
    assert counts.codes_of_job(job, S.REJECTED) == [("cannot_be_written", 1)]


def seconds_of(*sent: SendJob) -> list[float]:
    """When each segment of these jobs was claimed, from the first of them on."""
    messages = [message for job in sent for message in Message.objects.of_job(job).exclude(submitted_at=None)]
    rows = sorted((message.submitted_at, message.segments) for message in messages if message.submitted_at)
    return [(at - rows[0][0]).total_seconds() for at, segments in rows for _part in range(segments)]


def most_within(times: list[float], seconds: float) -> int:
    """The most of `times` that fall into any stretch of so many seconds."""
    return max(bisect(times, moment + seconds) - place for place, moment in enumerate(times))


def test_a_limited_job_keeps_to_its_limit_and_holds_back_no_other(
    alice: User, simulator: Simulator, tmp_path: Path
) -> None:
    carrier(simulator, rate=400, window=50)
    slow = make.job(by=alice, rows=300)
    SendJob.objects.filter(pk=slow.pk).update(speed_limit=20)
    fast = make.job(by=make.user(name="mallory"), rows=1200)
    with gateway(tmp_path):
        ended(fast, delivered=1200)
        times = seconds_of(slow)
        assert most_within(times, 1.0) <= 20 + burst_of(20) + 1
        assert len(times) >= 20 * times[-1] * 0.7, "it gets what it may have"
        others = seconds_of(fast)
        assert len(others) / others[-1] >= 300, "the other goes on at the carrier's rate"
        jobs.limit_speed(slow, by=alice, segments=None)
        lifted = time.monotonic()
        ended(slow, delivered=300)
        assert time.monotonic() - lifted < 6, "a new limit holds within a second"


def test_a_limit_counts_segments(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    """So does a carrier's rate: a message of three segments takes three, though there was a token for one only."""
    carrier(simulator, rate=60, window=50)
    version = make.template(by=alice, text="尊敬的${1}，" + "您的账户有变动，" * 20 + "金额${2}元。")
    job = make.job(by=alice, rows=60, version=version, segments=3)
    limited = make.job(by=make.user(name="mallory"), rows=60, version=None)
    SendJob.objects.filter(pk=limited.pk).update(speed_limit=10)
    with gateway(tmp_path):
        wait_for(lambda: len(seconds_of(job, limited) if simulator.accepted() else []) > 180, what="some seconds of it")
    assert most_within(seconds_of(job, limited), 1.0) <= 60 + burst_of(60) + 3
    assert most_within(seconds_of(limited), 1.0) <= 10 + burst_of(10) + 1


def test_a_promotion_leaves_where_it_is_day_only(alice: User, simulator: Simulator, tmp_path: Path) -> None:
    """With today's clock: some country is open at any hour, and some is not."""
    carrier(simulator)
    now, while_ = timezone.now(), timedelta(minutes=30)
    day = next(c for c in sorted(CODES) if quiet.is_open(c, now) and quiet.closes_at(c, now) - now > while_)
    night = next(c for c in sorted(CODES) if quiet.opens_at(c, now) - now > while_)
    version = make.template(
        by=alice, text="Sale", variables=[], type=MessageType.PROMOTION, region=Region.INTERNATIONAL
    )
    job, asleep = make.job(by=alice, rows=20, version=version), make.job(by=alice, rows=5, version=version)
    Message.objects.of_job(job).update(values=[], country=day)
    Message.objects.filter(pk__in=[(job.first_id or 0) + i for i in range(8)]).update(country=night)
    Message.objects.of_job(asleep).update(values=[], country=night)
    for one, noted in ((job, {day: 12, night: 8}), (asleep, {night: 5})):
        one.files.update(summary={"good": sum(noted.values()), "countries": noted})
    with gateway(tmp_path):
        ended(job, queued=8, delivered=12)
        time.sleep(1)
        assert make.states(job) == {"queued": 8, "delivered": 12}
        assert make.states(asleep) == {"queued": 5}
    assert SendJob.objects.get(pk=asleep.pk).status == JobStatus.SENDING


def test_the_carrier_is_told_until_when_a_message_is_worth_delivering(
    alice: User, simulator: Simulator, tmp_path: Path
) -> None:
    carrier(simulator)
    ending, free = make.job(by=alice, rows=2), make.job(by=make.user(name="mallory"), rows=2)
    SendJob.objects.filter(pk=ending.pk).update(send_until=timezone.now() + timedelta(hours=2))
    with gateway(tmp_path):
        ended(ending, delivered=2)
        ended(free, delivered=2)
    validities = sorted(line["validity"] for line in simulator.accepted())
    assert validities[:2] == ["", ""]
    assert all(v.startswith("0000000159") and v.endswith("000R") for v in validities[2:]), validities


def test_how_much_a_carrier_lets_us_use_is_written_down(alice: User, tmp_path: Path, transactional_db: None) -> None:
    with Simulator(tmp_path, "--throttle-every", "5").running() as smsc:
        carrier(smsc, rate=200)
        make.job(by=alice, rows=400)
        with gateway(tmp_path):
            wait_for(lambda: Carrier.objects.get().throttle < 100, what="the throttle")
            assert Carrier.objects.get().throttled_at
        assert Carrier.objects.get().throttle == 100, "a gateway that ended holds nothing back"
