"""Rows of a job found by number, row and code, and the page of one message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Role
from accounts.models.application import Region
from sending import ledger, receipts, row_search
from sending.models import CountDelta, FileState, JobFile, Message, MessagePart, MessageState, SendJob
from sending.models.inbound import InboundKind
from sending.receipts import Event
from sending.views import rows as row_views
from tests import make

pytestmark = pytest.mark.django_db
S = MessageState


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def rows(client, alice):
    """Rows that the page shows for a query, as alice."""
    client.force_login(alice)
    return lambda job, **query: client.get(reverse("job", args=[job.pk]), query).context["rows"]


def settle(job, place, state, code="", **fields):
    now = timezone.now()
    values = {"state": state, "code": code, "submitted_at": now, "settled_at": now, "carrier_id": 1, "attempt": 1}
    Message.objects.filter(pk=(job.first_id or 0) + place).update(**values | fields)
    common = {"job": job, "hour": now, "country": "CN", "segments": 0}
    CountDelta.objects.create(state=S.QUEUED, n=-1, **common)
    CountDelta.objects.create(state=state, n=1, code=code, **common)


def two_files(job, first=2):
    """The job's rows as those of two files, the second one beginning with its row 2 again."""
    JobFile.objects.filter(job=job).update(total=first)
    JobFile.objects.create(
        job=job, number=2, file="none", file_name="more.csv", state=FileState.CONFIRMED, first=first,
        total=job.total - first,
    )  # fmt: skip
    for place in range(first, job.total):
        Message.objects.filter(pk=(job.first_id or 0) + place).update(row=place - first + 2)


# Finding rows


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 (138) 0013", "+861380013"),
        ("８６１３８", "+86138"),
        ("138", "+86138"),
        ("+1 202", "+1202"),
        ("138x", ""),
        ("138****8000", ""),
        ("", ""),
        ("1" * 16, ""),
        ("+", ""),
    ],
)
def test_a_mainland_number_is_understood_however_it_is_written(typed, start):
    assert row_search.beginning(typed, mainland=True) == start


@pytest.mark.parametrize(
    ("typed", "start"), [("+44 7700 900123", "+447700900123"), ("0044 77", "+4477"), ("44 7700", "+447700")]
)
def test_a_number_abroad_too(typed, start):
    assert row_search.beginning(typed, mainland=False) == start


def test_rows_are_found_by_a_number_and_by_its_beginning(rows, alice):
    job = make.job(by=alice, rows=12, invalid=1)
    other = make.job(by=alice, rows=2)
    assert [row.row for row in rows(job, number="138 0000 0003").rows] == [5]
    assert [row.row for row in rows(job, number="1380000001").rows] == [14, 13, 12]
    assert len(rows(job, number="138").rows) == 13
    assert len(rows(other, number="138").rows) == 2, "rows of one's own job only"
    assert not rows(job, number="139").rows and not rows(job, number="abc").rows
    assert [row.row for row in rows(job, number="138", state="invalid").rows] == [14]


def test_a_page_of_found_rows_leads_to_the_next(rows, alice, monkeypatch):
    monkeypatch.setattr("sending.views.rows.SIZE", 2)
    job = make.job(by=alice, rows=5)
    first = rows(job, number="138", state="to-send")
    assert first.older == "state=to-send&number=138&before=3" and first.first == "state=to-send&number=138"
    assert [row.row for row in rows(job, number="138", before=3).rows] == [4, 3]


def test_a_row_is_found_as_the_spreadsheet_counts_it(rows, alice):
    job = make.job(by=alice, rows=5)
    Message.objects.filter(pk=(job.first_id or 0) + 4).update(row=900)  # behind a lot of blank rows
    assert [row.position for row in rows(job, row="4").rows] == [2]
    assert [row.position for row in rows(job, row="900").rows] == [4]
    for missing in ("1", "7", "901", "x", "0", "99999999999"):
        assert not rows(job, row=missing).rows


def test_a_row_of_several_files_is_told_by_its_file(rows, alice, client):
    job = make.job(by=alice, rows=5)
    two_files(job)
    assert [row.position for row in rows(job, row="2").rows] == [2, 0]
    assert [row.position for row in rows(job, row="2 (2)").rows] == [2]
    assert [row.position for row in rows(job, row="2（1）").rows] == [0]
    assert not rows(job, row="2 (3)").rows
    text = client.get(reverse("job", args=[job.pk])).content.decode()
    assert 'title="more.csv">4 (2)</td>' in text and "people.xlsx, (2) more.csv" in text.replace("\n", "")


def test_rows_are_found_by_the_code_of_a_reason(rows, alice, client):
    job = make.job(by=alice, rows=4)
    settle(job, 0, S.FAILED, "UNDELIV")
    settle(job, 1, S.FAILED, "EXPIRED")
    settle(job, 2, S.UNKNOWN, "no_answer")
    found = rows(job, state="failed", code="UNDELIV")
    assert [row.position for row in found.rows] == [0] and found.chosen.rows == 1
    assert [row.position for row in rows(job, code="no_answer").rows] == [2]
    text = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "?state=failed&amp;code=UNDELIV#rows" in text, "each reason leads to its rows"
    assert f"{reverse('codes')}?q=UNDELIV" in text


def test_finding_costs_as_many_queries_for_20_rows_as_for_2_and_for_3_files_as_for_2(rf, alice):
    def cost(job, query):
        request = rf.get("/", query)
        request.user = alice
        job = SendJob.objects.select_related("application", "version__template").get(pk=job.pk)
        with CaptureQueriesContext(connection) as captured:
            row_views.find(request, job, dict.fromkeys(S, 0))
        return len(captured)

    few, many, three = (make.job(by=alice, rows=rows) for rows in (2, 20, 20))
    for query in ({}, {"number": "138"}, {"row": "3"}, {"code": "UNDELIV", "state": "failed"}):
        assert cost(many, query) == cost(few, query) <= 5
    two_files(many)
    two_files(three)
    JobFile.objects.filter(job=three, number=2).update(total=8)
    JobFile.objects.create(
        job=three, number=3, file="none", file_name="last.csv", state=FileState.CONFIRMED, first=10, total=10
    )
    assert cost(three, {"row": "3"}) == cost(many, {"row": "3"}) <= 5


def test_what_is_typed_survives_that_the_page_looks_again(client, alice):
    client.force_login(alice)
    text = client.get(reverse("job", args=[make.job(by=alice).pk]), HTTP_HX_REQUEST="true").content.decode()
    assert 'id="find-rows"' in text and 'hx-preserve="true"' in text


def test_a_number_is_looked_up_by_its_index(alice):
    job = make.job(by=alice, rows=3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sending_message")
    # Of all rows there are: within a job as small as this, its key would do as well.
    found = row_search.with_number(Message.objects.all(), job, "+8613800000123").order_by("-id")[:51]
    assert "enterprise_id_number" in found.explain(), found.explain()


# One message


@pytest.fixture
def page(client, alice):
    client.force_login(alice)

    def get(job, position=0):
        answer = client.get(reverse("message", args=[job.pk, position]))
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_a_message_shows_its_text_to_who_may_read_it_and_that_is_recorded(page, client, alice):
    job = make.job(by=alice, rows=2)
    text = page(job, 1)
    assert "<mark>王女士</mark>" in text and "138****0001" in text and "13800000001" not in text
    entry = AuditEntry.objects.get(verb="job.message_read")
    assert (entry.by, entry.object_id, entry.detail) == (alice, job.pk, {"row": "3"})
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise, language="en"))
    text = client.get(reverse("message", args=[job.pk, 1])).content.decode()
    assert "王女士" not in text and "Your role does not see texts" in text
    assert AuditEntry.objects.filter(verb="job.message_read").count() == 1


def test_an_owner_reads_the_whole_number(client, alice):
    client.force_login(make.user(role=Role.OWNER, of=alice.enterprise))
    job = make.job(by=alice, rows=1)
    Message.objects.filter(pk=(job.first_id or 0)).update(raw="138 0000-0000", repairs=1)
    text = client.get(reverse("message", args=[job.pk, 0])).content.decode()
    assert "+8613800000000" in text and "138 0000-0000 → +8613800000000" in text


def test_a_repair_is_told_without_the_number(page, alice):
    job = make.job(by=alice, rows=1)
    Message.objects.filter(pk=(job.first_id or 0)).update(raw="138 0000-0000", repairs=3)
    text = page(job)
    assert "138 0000-0000" not in text and "1****00 → 138****0000" in text
    assert "Spaces, hyphens or brackets removed" in text and "Prefix 0086 or +86 removed" in text


def test_a_failed_message_says_why_and_what_to_do(page, alice):
    carrier = make.carrier(name="unicom-1")
    job = make.job(by=alice, rows=1)
    settle(job, 0, S.FAILED, "MBBLACK", carrier_id=carrier.pk, ext_id="x77", refusals=2, attempt=3)
    text = page(job)
    assert "on the carrier’s blocklist" in text and "Leave the number out." in text
    assert "unicom-1" in text and "x77" in text and "refused 2 times before" in text and "Reported" in text


def test_a_refused_row_says_what_is_wrong_and_has_no_message(page, alice):
    job = make.job(by=alice, rows=0, invalid=1)
    Message.objects.filter(pk=(job.first_id or 0)).update(values=["王女士"], number="", raw="1380013")
    text = page(job)
    assert "Number too short" in text and "No message was made of this row." in text and "王女士" in text
    assert "1380013" not in text


def test_the_carriers_reports_stand_with_the_message_they_came_for(page, alice):
    job = make.job(by=alice, rows=2)
    settle(job, 0, S.ACCEPTED, ext_id="x1")
    settle(job, 1, S.ACCEPTED, ext_id="x2")
    with ledger.keyed_plans():
        receipts.store(
            [
                Event(1, InboundKind.RECEIPT, "x1", S.FAILED, "EXPIRED", "", None, b"\0" * 16 + b"a"),
                Event(1, InboundKind.RECEIPT, "x2", S.DELIVERED, "DELIVRD", "", None, b"\0" * 16 + b"b"),
            ]
        )
        receipts.store([Event(1, InboundKind.RECEIPT, "x1", S.DELIVERED, "DELIVRD", "", None, b"\0" * 16 + b"c")])
    text = page(job)
    assert text.count("Phone off or out of reach for too long") == 1
    assert text.count("Delivered to the phone") == 1 and "contradicts the first report" in text
    assert "contradicts" not in page(job, 1)


def test_a_long_message_shows_its_segments_each_with_its_state(page, alice):
    job = make.job(by=alice, rows=1, segments=2)
    settle(job, 0, S.ACCEPTED)
    for part, ext_id in ((1, "p1"), (2, "p2")):
        MessagePart.objects.create(
            message_id=job.first_id or 0, part=part, carrier_id=1, ext_id=ext_id, state=2, code=""
        )
    with ledger.keyed_plans():
        receipts.store([Event(1, InboundKind.RECEIPT, "p2", S.FAILED, "UNDELIV", "", None, b"\0" * 16 + b"d")])
    text = page(job)
    assert text.count("could not be delivered") >= 2 and "p1" in text and "p2" in text
    assert "Came in" in text and "Nothing yet" not in text


def test_reports_are_looked_for_in_the_months_since_it_was_sent():
    from sending import evidence

    months = evidence._months(datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert [f"{month:%Y-%m}" for month in months] == ["2026-11", "2026-12", "2027-01", "2027-02"]


def test_neighbours_are_the_rows_before_and_after(page, alice):
    job = make.job(by=alice, rows=2)
    before, after = (reverse("message", args=[job.pk, place]) for place in (0, 1))
    assert f'href="{after}"' in page(job, 0) and "Row before" not in page(job, 0)
    assert f'href="{before}"' in page(job, 1) and "Next row" not in page(job, 1)


@pytest.mark.parametrize("position", ["3", "999999999", "9" * 30])
def test_a_row_that_is_not_there_is_not_found(client, alice, position):
    client.force_login(alice)
    job = make.job(by=alice, rows=3)
    make.job(by=alice, rows=3)
    assert client.get(f"/jobs/{job.pk}/rows/{position}/").status_code == 404


def test_another_enterprises_message_is_not_found(client, alice):
    client.force_login(alice)
    other = make.job(by=make.user())
    assert client.get(reverse("message", args=[other.pk, 0])).status_code == 404
    assert not AuditEntry.objects.filter(verb="job.message_read").exists()


def test_a_message_abroad_has_its_country(page, alice):
    version = make.template(by=alice, text="Hello", variables=[], region=Region.INTERNATIONAL)
    job = make.job(by=alice, rows=1, version=version)
    Message.objects.filter(pk=(job.first_id or 0)).update(
        number="+447700900123", country="GB", values=[], not_before=timezone.now() + timedelta(hours=1)
    )
    text = page(job)
    assert "United Kingdom" in text and "+44****0123" in text and "Not sent before" in text
