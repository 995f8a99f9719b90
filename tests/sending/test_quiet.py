"""Promotions leave by day only, where the recipient is: which countries, when, and what of a job waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from accounts.models.application import Region
from sending import dispatch, ledger, quiet
from sending.choice import LOOK_AT, Choice
from sending.dispatch import Waiting
from sending.models import JobFile, JobStatus, Message, SendJob
from templates_app.models import MessageType
from tests import make

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)


def shanghai(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, 10, hour, minute, second, tzinfo=SHANGHAI)


@pytest.fixture
def alice(db: None) -> User:
    return make.user(name="alice", language="en")


def promotion(by: User, *, rows: int = 4, abroad: bool = False, **more: object) -> SendJob:
    region = Region.INTERNATIONAL if abroad else Region.MAINLAND
    text = {"text": "Sale", "variables": []} if abroad else {}
    version = make.template(by=by, type=MessageType.PROMOTION, region=region, **text)  # type: ignore[arg-type]
    return make.job(by=by, rows=rows, version=version, **more)  # type: ignore[arg-type]


def to(job: SendJob, *countries: str) -> None:
    """Give the rows these countries, in order, and note them as the check does."""
    for position, country in enumerate(countries):
        Message.objects.filter(pk=(job.first_id or 0) + position).update(country=country)
    noted = {country: countries.count(country) for country in countries}
    for file in JobFile.objects.filter(job=job):
        JobFile.objects.filter(pk=file.pk).update(summary=file.summary | {"countries": noted})


# Countries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "is_open"), [(7, 59, False), (8, 0, True), (21, 59, True), (22, 0, False), (0, 0, False)]
)
def test_the_mainlands_day(hour: int, minute: int, *, is_open: bool) -> None:
    assert quiet.is_open("CN", shanghai(hour, minute)) is is_open


def test_a_country_is_open_while_it_is_day_in_all_its_zones() -> None:
    """From eight in Honolulu to ten in New York."""
    assert not quiet.is_open("US", datetime(2026, 1, 10, 12, 59, tzinfo=NEW_YORK))
    assert quiet.is_open("US", datetime(2026, 1, 10, 13, 0, tzinfo=NEW_YORK))
    assert quiet.is_open("US", datetime(2026, 1, 10, 21, 59, tzinfo=NEW_YORK))
    assert not quiet.is_open("US", datetime(2026, 1, 10, 22, 0, tzinfo=NEW_YORK))


def test_the_hours_follow_daylight_saving() -> None:
    """The clocks of New York go forward on 8 March 2026 and back on 1 November; Hawaii has none, Alaska and Adak do."""
    for day, opens, closes in [
        (datetime(2026, 3, 7, 5, tzinfo=UTC), 18, 3),
        (datetime(2026, 3, 9, 5, tzinfo=UTC), 18, 2),
        (datetime(2026, 10, 31, 5, tzinfo=UTC), 18, 2),
        (datetime(2026, 11, 2, 5, tzinfo=UTC), 18, 3),
    ]:
        opened = quiet.opens_at("US", day)
        assert opened.astimezone(UTC).hour == opens
        assert quiet.closes_at("US", opened).astimezone(UTC).hour == closes
    # The night in which the clocks change is an hour shorter, the morning begins at eight all the same.
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 3, 28, 22, tzinfo=berlin)
    assert quiet.opens_at("DE", evening) == datetime(2026, 3, 29, 8, tzinfo=berlin)
    assert quiet.opens_at("DE", evening).astimezone(UTC) - evening.astimezone(UTC) == timedelta(hours=9)


def test_every_country_that_can_be_called_has_a_day() -> None:
    for day in (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)):
        for country in COUNTRIES:
            night = quiet.closes_at(country, quiet.opens_at(country, day))
            opened = quiet.opens_at(country, night)
            assert opened - night < timedelta(days=1), country
            assert quiet.is_open(country, opened), country
            assert quiet.closes_at(country, opened) - opened >= timedelta(hours=3), country


def test_the_zones_are_those_of_the_machine_too() -> None:
    """Unicode's table against the one that the time zone database brings along."""
    table = Path("/usr/share/zoneinfo/zone.tab")
    if not table.exists():
        pytest.skip("no zone.tab on this machine")
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    for line in table.read_text().splitlines():
        if line.startswith("#"):
            continue
        country, _place, name = line.split()[:3]
        if country in COUNTRIES and country not in ("CN",):
            offsets = {zone.utcoffset(now) for zone in quiet.zones_of(country)}
            assert ZoneInfo(name).utcoffset(now) in offsets, (country, name)


@given(
    country=st.sampled_from(COUNTRIES),
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_opening_and_closing_are_where_the_answer_changes(country: str, at: datetime) -> None:
    second = timedelta(seconds=1)
    opens = quiet.opens_at(country, at)
    assert quiet.is_open(country, opens) and (opens == at) == quiet.is_open(country, at)
    if opens > at:
        assert not quiet.is_open(country, opens - second)
    closes = quiet.closes_at(country, opens)
    assert quiet.is_open(country, closes - second) and not quiet.is_open(country, closes)


def test_nothing_is_claimed_in_the_last_seconds_of_the_day() -> None:
    assert quiet.open_among(["CN"], shanghai(21, 59, 54)) == ["CN"]
    assert quiet.open_among(["CN"], shanghai(21, 59, 56)) == []
    assert quiet.open_among(["CN"], shanghai(7, 59, 59)) == []


# What may be claimed -----------------------------------------------------------------------------------------------


def waiting(job: SendJob, at: datetime) -> Waiting | None:
    return next((found for found in dispatch.waiting_jobs(at) if found.id == job.pk), None)


def test_mainland_promotions_stand_still_at_night_and_nothing_else_does(alice: User) -> None:
    job, notice = promotion(alice), make.job(by=alice)
    assert waiting(job, shanghai(3)) is None
    assert waiting(notice, shanghai(3))
    by_day = waiting(job, shanghai(12))
    assert by_day and not by_day.partly
    assert waiting(notice, shanghai(12)).countries is None  # type: ignore[union-attr]


def test_abroad_only_what_is_open_is_claimed(alice: User) -> None:
    """At noon in Shanghai it is night in Berlin and day in Singapore."""
    job = promotion(alice, abroad=True)
    to(job, "DE", "SG", "DE", "SG")
    found = waiting(job, shanghai(12))
    assert found and found.countries == ("SG",) and found.partly
    owner = dispatch.take_lease()
    rows = claim(job, found, owner)
    assert [row.id - (job.first_id or 0) for row in rows] == [1, 3]
    assert claim(job, found, owner) == []


def claim(job: SendJob, found: Waiting, owner: object) -> list[ledger.Claimed]:
    return ledger.claim(
        owner=owner,  # type: ignore[arg-type]
        carrier_id=1,
        job_id=job.pk,
        after_id=0,
        first_id=found.first_id,
        parts=100,
        countries=found.countries or (),
        until_id=found.end_id,
    )


def test_where_nobody_is_awake_the_job_is_not_offered_at_all(alice: User) -> None:
    job = promotion(alice, abroad=True)
    to(job, "DE", "FR", "DE", "FR")
    assert waiting(job, shanghai(10)) is None


def test_a_file_whose_countries_were_not_noted_goes_to_open_ones_only(alice: User) -> None:
    job = promotion(alice, abroad=True)
    to(job, "DE", "SG", "DE", "SG")
    file = job.files.get()
    JobFile.objects.filter(pk=file.pk).update(summary={"good": 4})
    found = waiting(job, shanghai(12))
    assert found and "SG" in (found.countries or ()) and "DE" not in (found.countries or ())


def test_the_countries_of_all_files_count(alice: User) -> None:
    job = promotion(alice, abroad=True)
    to(job, "DE", "DE", "DE", "DE")
    JobFile.objects.create(
        job=job, number=2, file_name="more.xlsx", state="confirmed", total=1, summary={"countries": {"SG": 1}}
    )
    found = waiting(job, shanghai(12))
    assert found and found.countries == ("SG",)


def test_rows_that_no_check_has_noted_may_be_to_anywhere(alice: User) -> None:
    """As those of test messages, which have no file."""
    job = promotion(alice, rows=1, abroad=True)
    to(job, "SG")
    job.files.all().delete()
    assert waiting(job, shanghai(12))


# A million rows to closed countries --------------------------------------------------------------------------------


def some(**fields: object) -> Waiting:
    values = {"id": 1, "enterprise_id": 1, "priority": 2, "region": "intl", "first_id": 0, "end_id": 3 * LOOK_AT}
    return Waiting(**values | {"countries": ("SG",), "partly": True} | fields)  # type: ignore[arg-type]


def test_closed_rows_are_waded_through_once_and_in_pieces() -> None:
    choice, job, other = Choice(), some(), some(id=2, enterprise_id=2, countries=None, partly=False)
    choice.update([job, other])
    looked = []
    for _piece in range(3):
        looked.append(choice.until_id(job))
        choice.nothing_left(job)
        assert choice.pick("") == other, "the others go in between"
        choice._resting.clear()  # as if the moment had passed
    assert looked == [LOOK_AT - 1, 2 * LOOK_AT - 1, 3 * LOOK_AT - 1]
    choice.nothing_left(job)
    choice.update([job, other])
    assert choice.pick("") == other, "it was looked through: a new look at the jobs does not begin again"
    choice.nothing_left(other)
    assert choice.pick("") is None
    choice.update([some(countries=("DE", "SG")), other])
    choice.nothing_left(other)
    assert choice.pick(""), "another country has opened"


def test_a_promotion_rests_when_its_hours_are_not_known_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = Choice()
    choice.update([some(), some(id=2, enterprise_id=2, countries=None, partly=False)])
    monkeypatch.setattr("sending.choice.LEAD", timedelta(0))
    assert choice.pick("").id == 2  # type: ignore[union-attr]


@pytest.mark.django_db
def test_a_claim_looks_no_further_than_it_is_told(alice: User) -> None:
    job = promotion(alice, abroad=True, rows=10)
    to(job, *["DE"] * 9, "SG")
    owner, found = dispatch.take_lease(), waiting(job, shanghai(12))
    assert found
    first = found.first_id
    fields = {"owner": owner, "carrier_id": 1, "job_id": job.pk, "after_id": 0, "first_id": first, "parts": 5}
    assert ledger.claim(**fields, countries=["SG"], until_id=first + 8) == []  # type: ignore[arg-type]
    assert len(ledger.claim(**fields, countries=["SG"], until_id=first + 9)) == 1  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_claim_of_some_countries_goes_by_the_key(alice: User) -> None:
    job = promotion(alice, abroad=True, rows=3_000)
    with connection.cursor() as cursor, ledger.keyed_plans():
        cursor.execute(
            "EXPLAIN SELECT m.id FROM sending_message m WHERE m.state = 0 AND m.id > %s AND m.id < %s"
            " AND m.country = ANY(%s) ORDER BY m.id LIMIT 100",
            [job.first_id, job.release_end, ["SG"]],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan" in plan and "Sort" not in plan, plan


# What people are told ----------------------------------------------------------------------------------------------


def test_the_effect_names_messages_hour_and_place(alice: User) -> None:
    job = promotion(alice, rows=120)
    with time_machine.travel(shanghai(3), tick=False):
        effect = quiet.effect(job, {"CN": 120}, None)
    assert effect and effect.waiting == 120 and effect.opens_at == shanghai(8)
    assert effect.text == "Quiet hours until 08:00 (Shanghai): 120 messages wait."


def test_no_effect_by_day_or_of_notifications(alice: User) -> None:
    job = promotion(alice)
    assert quiet.effect(job, {"CN": 4}, shanghai(12)) is None
    assert quiet.effect(make.job(by=alice), {"CN": 4}, shanghai(3)) is None


def test_the_effect_on_several_countries(alice: User) -> None:
    job = promotion(alice, abroad=True)
    with time_machine.travel(shanghai(9), tick=False):  # 02:00 in Berlin, 01:00 in London
        one = quiet.effect(job, {"DE": 3, "SG": 5}, None)
        two = quiet.effect(job, {"DE": 3, "GB": 2, "SG": 5}, None)
    assert one and one.text == "Quiet hours in Germany until 15:00 (Shanghai): 3 messages wait."
    assert two and two.waiting == 5 and two.opens_at.astimezone(SHANGHAI).hour == 15
    assert two.text == "Quiet hours in 2 countries: 5 messages wait, the first until 15:00 (Shanghai)."


def test_what_does_not_leave_before_the_night_is_counted(alice: User) -> None:
    job = promotion(alice, rows=7200)
    begins = shanghai(21)
    effect = quiet.effect(job, {"CN": 7200}, begins, a_second=1.0)
    assert effect and effect.waiting == 3600
    assert effect.opens_at == shanghai(8) + timedelta(days=1)
    with time_machine.travel(begins, tick=False):
        effect = quiet.effect(job, {"CN": 7200}, None, a_second=1.0)
    assert effect and effect.text.startswith("Quiet hours begin at 22:00 (Shanghai): 3,600 messages leave from ")
    assert quiet.effect(job, {"CN": 3500}, begins, a_second=1.0) is None


def test_the_end_counts_the_nights(alice: User) -> None:
    job = promotion(alice, rows=7200)
    end = quiet.ends_at(job, 7200, begins=shanghai(21), a_second=1.0)
    assert end == shanghai(9) + timedelta(days=1)
    notice = make.job(by=alice)
    assert quiet.ends_at(notice, 7200, begins=shanghai(21), a_second=1.0) == shanghai(23)


def test_a_sending_goes_round_the_world() -> None:
    """Singapore at once, Berlin when it wakes."""
    course = quiet.course({"SG": 3600, "DE": 3600}, begins=shanghai(9), a_second=1.0)
    assert course.waiting == 3600
    assert course.ends_at.astimezone(SHANGHAI) == shanghai(16), "08:00 in Berlin is 15:00 in Shanghai"
    begins = shanghai(16)
    assert quiet.course({"SG": 3600, "DE": 3600}, begins=begins, a_second=1.0).ends_at == shanghai(18)


def test_night_hours_are_advised_against_in_the_enterprises_zone() -> None:
    assert quiet.advice(shanghai(12), SHANGHAI) == ""
    assert "23:30 is at night" in quiet.advice(shanghai(23, 30), SHANGHAI)
    assert "04:00 is at night" in quiet.advice(datetime(2026, 7, 1, 8, tzinfo=UTC), NEW_YORK)


def test_queued_rows_are_counted_by_country(alice: User) -> None:
    job = promotion(alice, abroad=True)
    to(job, "DE", "SG", "DE", "SG")
    Message.objects.filter(pk=job.first_id or 0).update(state=8, code="stopped")
    assert quiet.by_country(job, 3) == {"DE": 1, "SG": 2}
    assert quiet.by_country(promotion(alice), 3) == {"CN": 3}


def test_the_page_says_that_the_night_holds_it_up(client, alice: User) -> None:
    job = promotion(alice, rows=120)
    client.force_login(alice)
    with time_machine.travel(shanghai(3), tick=False):
        text = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "Quiet hours until 08:00 (Shanghai): 120 messages wait." in text
    client.force_login(alice)
    scheduled = promotion(alice, rows=5, status=JobStatus.SCHEDULED)
    tomorrow = timezone.now().astimezone(SHANGHAI) + timedelta(days=1)
    SendJob.objects.filter(pk=scheduled.pk).update(scheduled_at=tomorrow.replace(hour=23, minute=0))
    text = client.get(f"/jobs/{scheduled.pk}/").content.decode()
    assert "5 messages wait." in text and "That is so at the time at which this job begins." in text
