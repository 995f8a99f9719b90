"""The list of jobs: filters, orders by key, what a row shows, and the list as a file."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import AuditEntry, Role
from sending.models import JobStatus, SendJob
from templates_app.models import MessageType
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def names(client, alice):
    """Names of the jobs that the list shows for a query, as alice."""
    client.force_login(alice)
    return lambda **query: [row.job.name for row in client.get(reverse("jobs"), query).context["rows"]]


def test_filters_narrow_the_list(names, alice):
    bob = make.user(role=Role.OPERATOR, of=alice.enterprise, name="Bob")
    notice = make.template(by=alice)
    promotion = make.template(by=alice, type=MessageType.PROMOTION)
    make.job(by=alice, name="Spring", version=notice, status=JobStatus.CHECKED)
    make.job(by=bob, name="Autumn", version=promotion, status=JobStatus.SENDING)
    SendJob.objects.filter(name="Spring").update(created_at=timezone.now() - timedelta(days=3))
    today = timezone.localdate()
    assert names(q="spr") == names(status="checked") == names(template=notice.template.pk) == ["Spring"]
    assert names(application=promotion.template.application_id) == names(type="promotion") == ["Autumn"]
    assert names(person=bob.pk) == ["Autumn"]
    assert names(since=today - timedelta(days=1)) == ["Autumn"]
    assert names(until=today - timedelta(days=1)) == names(until=today - timedelta(days=3)) == ["Spring"]
    assert names(since=today - timedelta(days=3)) == ["Autumn", "Spring"]
    assert names(type="promotion", person=alice.pk) == []
    assert names(since="soon", status="gone", person="0") == ["Autumn", "Spring"], "what does not fit is ignored"


def test_days_are_those_of_the_enterprises_zone(names, alice):
    make.job(by=alice, name="Late", status=JobStatus.UPLOADED)
    SendJob.objects.update(created_at="2026-03-01T16:30:00Z")  # half past midnight in Shanghai
    assert names(since="2026-03-02") == ["Late"] and names(until="2026-03-01") == []


@pytest.mark.parametrize("sort", ["rows", "-rows", "name", "-name", "created", "-created"])
def test_each_order_shows_every_job_once(client, alice, monkeypatch, sort):
    monkeypatch.setattr("sending.views.jobs.SIZE", 2)
    version = make.template(by=alice)
    for name, rows in (("b", 1), ("a", 2), ("b", 3), ("c", 1), ("a", 1)):
        make.job(by=alice, name=name, version=version, rows=rows)
    client.force_login(alice)
    seen, after = [], ""
    while True:
        context = client.get(reverse("jobs"), {"sort": sort, "after": after}).context
        seen += [row.job for row in context["rows"]]
        after = context["older"]
        if not after:
            break
    field = {"rows": "total", "name": "name", "created": "pk"}[sort.removeprefix("-")]
    wanted = sorted(seen, key=lambda job: (getattr(job, field), job.pk), reverse=sort.startswith("-"))
    assert seen == wanted and len(set(seen)) == 5


def test_test_messages_stand_at_their_job_and_not_in_the_list(names, alice):
    job = make.job(by=alice, name="Real")
    test = make.job(by=alice, name="Test")
    SendJob.objects.filter(pk=test.pk).update(test_of=job)
    assert names() == ["Real"]


def test_a_row_shows_what_is_scheduled_and_what_is_sent_again(client, alice):
    client.force_login(alice)
    first = make.job(by=alice, name="First")
    again = make.job(by=alice, name="Again", status=JobStatus.SCHEDULED)
    SendJob.objects.filter(pk=again.pk).update(resend_of=first, resend_which="unknown")
    text = client.get(reverse("jobs")).content.decode()
    again.refresh_from_db()
    assert again.scheduled_at and f"{timezone.localtime(again.scheduled_at):%H:%M}" in text
    assert text.count("unknown rows sent again") == 1


def test_the_list_costs_as_many_queries_for_20_jobs_as_for_2(client, alice):
    client.force_login(alice)
    version = make.template(by=alice)

    def cost():
        client.get(reverse("jobs"))  # what is asked once a process
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("jobs")).status_code == 200
        return len(captured)

    for _ in range(2):
        make.job(by=alice, version=version)
    before = cost()
    for _ in range(18):
        make.job(by=alice, version=version)
    assert cost() == before


# As a file


def sheet(answer):
    return list(load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active.iter_rows(values_only=True))


def test_the_filtered_list_comes_as_a_sheet_in_its_order(client, alice):
    version = make.template(by=alice)
    for name, rows in (("=Spring", 2), ("Spring 2", 1), ("Autumn", 3)):
        make.job(by=alice, name=name, version=version, rows=rows, invalid=1)
    client.force_login(alice)
    found = sheet(client.get(reverse("jobs-export"), {"q": "spring", "sort": "rows"}))
    assert found[0][:3] == ("Job", "Name", "State")
    assert [row[1] for row in found[1:]] == ["Spring 2", "=Spring"]
    line = dict(zip(found[0], found[2], strict=True))
    assert (line["Rows"], line["Queued"], line["Invalid"], line["Created by"]) == ("3", "2", "1", "Alice")
    entry = AuditEntry.objects.get(verb="job.list_exported", by=alice)
    assert "spring" in entry.detail["filter"]


def test_too_long_a_list_says_what_to_do(client, alice, monkeypatch):
    monkeypatch.setattr("sending.views.jobs.EXPORTED_MOST", 1)
    version = make.template(by=alice)
    for _ in range(2):
        make.job(by=alice, version=version, status=JobStatus.UPLOADED)
    client.force_login(alice)
    answer = client.get(reverse("jobs-export"), {"sort": "name"}, follow=True)
    assert answer.redirect_chain[0][0].endswith("/jobs/?sort=name")
    assert "Narrow the filter" in answer.content.decode()


def test_the_file_holds_nothing_of_others(client, alice):
    make.job(by=make.user(), name="Secret")
    client.force_login(alice)
    assert len(sheet(client.get(reverse("jobs-export")))) == 1


def test_the_file_costs_as_many_queries_for_20_jobs_as_for_2(client, alice):
    client.force_login(alice)
    version = make.template(by=alice)

    def cost():
        sheet(client.get(reverse("jobs-export")))  # what is asked once a process
        with CaptureQueriesContext(connection) as captured:
            sheet(client.get(reverse("jobs-export")))
        return len(captured)

    for _ in range(2):
        make.job(by=alice, version=version)
    before = cost()
    for _ in range(18):
        make.job(by=alice, version=version)
    assert cost() == before
