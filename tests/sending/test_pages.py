"""The pages of jobs: what each state shows, who may see and do what, and that lists cost the same for 2 rows and 20."""

import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import AuditEntry, ReviewState, Role
from accounts.models.application import Region
from sending import counts, dispatch, due
from sending.models import CountDelta, JobStatus, Message, MessageState, SendJob
from sending.views import figures
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def page(client, alice):
    """Signed in as alice; answers with the text of a page."""
    client.force_login(alice)

    def get(name, *args, **query):
        headers = query.pop("headers", {})
        response = client.get(reverse(name, args=args), query, **headers)
        assert response.status_code == 200
        return response.content.decode()

    return get


def set_states(job, *states):
    """Give the first rows of a job these states, and move their counts along."""
    for i, state in enumerate(states):
        Message.objects.filter(pk=job.first_id + i).update(
            state=state, submitted_at=timezone.now(), settled_at=timezone.now(), code="UNDELIV", carrier_id=1
        )
        common = {"job": job, "hour": timezone.now(), "country": "CN", "segments": 0}
        CountDelta.objects.create(state=MessageState.QUEUED, n=-1, **common)
        code = "UNDELIV" if state == MessageState.FAILED else ""
        CountDelta.objects.create(state=state, n=1, code=code, **common)


# The list


def test_without_jobs_the_list_says_what_to_do(page):
    assert "No job yet" in page("jobs")


def test_the_list_filters_by_state_name_and_template(page, alice):
    version = make.template(by=alice)
    make.job(by=alice, name="Spring", version=version, status=JobStatus.CHECKED)
    make.job(by=alice, name="Autumn", status=JobStatus.SENDING)
    assert "Autumn" not in page("jobs", status="checked")
    assert "Spring" not in page("jobs", q="aut")
    assert "Autumn" not in page("jobs", template=version.template.pk)
    assert "Nothing fits this filter" in page("jobs", q="winter")


def test_another_enterprises_jobs_do_not_exist(page, client, alice):
    other = make.job(by=make.user(), status=JobStatus.CHECKED, name="Secret")
    assert "Secret" not in page("jobs")
    for name in ("job", "job-refused-file"):
        assert client.get(reverse(name, args=[other.pk])).status_code == 404
    for name in ("job-confirm", "job-pause", "job-stop", "job-cancel", "job-resume"):
        assert client.post(reverse(name, args=[other.pk])).status_code == 404
    other.refresh_from_db()
    assert other.status == JobStatus.CHECKED


@pytest.mark.parametrize("sort", ["-created", "created", "name", "-name"])
def test_paging_by_key_shows_every_job_once_in_order(client, alice, monkeypatch, sort):
    monkeypatch.setattr("sending.views.jobs.SIZE", 2)
    version = make.template(by=alice)
    for name in ("b", "a", "b", "c", "a"):
        make.job(by=alice, name=name, version=version, status=JobStatus.UPLOADED)
    client.force_login(alice)
    seen, after = [], ""
    for _ in range(5):
        context = client.get(reverse("jobs"), {"sort": sort, "after": after}).context
        seen += [(row.job.name, row.job.pk) for row in context["rows"]]
        after = context["older"]
        if not after:
            break
    by_name = sort.endswith("name")
    expected = sorted(seen, key=lambda job: job if by_name else job[1], reverse=sort.startswith("-"))
    assert seen == expected
    assert len(set(seen)) == 5


def test_the_list_costs_as_many_queries_for_20_jobs_as_for_2(client, alice, django_assert_num_queries):
    client.force_login(alice)
    version = make.template(by=alice)
    for _ in range(2):
        make.job(by=alice, version=version, status=JobStatus.SENDING)
    cost = queries(client, reverse("jobs"))
    for _ in range(18):
        make.job(by=alice, version=version, status=JobStatus.SENDING)
    assert queries(client, reverse("jobs")) == cost


def queries(client, url, **headers):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(url, **headers)  # whatever is asked once a process
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url, **headers).status_code == 200
    return len(captured)


def test_viewers_look_but_do_not_send(client, alice):
    victor = make.user(role=Role.VIEWER, of=alice.enterprise)
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(victor)
    assert "Send 3 messages" not in client.get(reverse("job", args=[job.pk])).content.decode()
    assert client.get(reverse("job-new")).status_code == 403
    for name in ("job-confirm", "job-pause", "job-stop", "job-cancel", "job-resume"):
        assert client.post(reverse(name, args=[job.pk])).status_code == 403
    assert client.get(reverse("job-refused-file", args=[job.pk])).status_code == 403


def test_the_sample_is_a_sheet(client, alice):
    client.force_login(alice)
    version = make.template(by=alice)
    response = client.get(reverse("template-sample", args=[version.pk]))
    assert load_workbook(io.BytesIO(response.content)).active.max_column >= 3
    theirs = make.template(by=make.user())
    assert client.get(reverse("template-sample", args=[theirs.pk])).status_code == 404


# One job


@pytest.mark.parametrize("status", list(JobStatus))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_state_has_its_page(client, alice, status, language):
    alice.language = language
    alice.save()
    client.force_login(alice)
    make.carrier()
    job = make.job(by=alice, rows=3, invalid=2, status=status)
    for headers in ({}, HTMX):
        response = client.get(reverse("job", args=[job.pk]), **headers)
        text = response.content.decode()
        assert response.status_code == 200
        assert ("<html" in text) == (not headers)
        assert 'id="live"' in text
        assert "HX-Request" in response.headers["Vary"]
        assert " style=" not in text


@pytest.mark.parametrize(
    ("status", "seconds"),
    [
        (JobStatus.UPLOADED, 1),
        (JobStatus.UNREADABLE, 0),
        (JobStatus.CHECKED, 0),
        (JobStatus.SCHEDULED, 5),
        (JobStatus.SENDING, 2),
        (JobStatus.PAUSED, 0),
        (JobStatus.DONE, 0),
    ],
)
def test_a_page_polls_only_while_something_moves(page, alice, status, seconds):
    text = page("job", make.job(by=alice, status=status).pk, headers=HTMX)
    polls = re.findall(r'hx-trigger="every (\d+)s"', text)
    assert polls == ([str(seconds)] if seconds else [])


def test_a_done_job_is_watched_until_its_reports_are_there(page, alice):
    job = make.job(by=alice, rows=2, status=JobStatus.DONE)
    set_states(job, MessageState.ACCEPTED, MessageState.DELIVERED)
    assert "every 2s" in page("job", job.pk)
    SendJob.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(hours=1))
    assert "every 15s" in page("job", job.pk)


def test_the_ledger_adds_up_and_says_so(page, alice):
    make.carrier()
    job = make.job(by=alice, rows=6, invalid=1)
    set_states(job, MessageState.DELIVERED, MessageState.FAILED, MessageState.UNKNOWN, MessageState.ACCEPTED)
    text = page("job", job.pk)
    assert re.sub(r"\s+", " ", text).count("3 + 1 + 3 =") == 1
    assert "7 rows in the file" in text
    assert "it adds up" in text
    assert "1 row has no definite answer." in text
    assert "Failed, by reason" in text
    assert "it adds up, counted again" not in text


def test_counting_again_notices_what_does_not_add_up(page, alice):
    job = make.job(by=alice, rows=3)
    assert "counted again in the ledger" not in page("job", job.pk)
    Message.objects.filter(pk=job.first_id or 0).update(state=MessageState.SKIPPED, code="stopped")
    assert "the ledger itself differs" in page("job", job.pk, recount=1)


def test_rows_are_filtered_by_state_and_paged_by_key(page, alice, monkeypatch):
    monkeypatch.setattr("sending.views.rows.SIZE", 4)
    job = make.job(by=alice, rows=6, invalid=1)
    set_states(job, MessageState.DELIVERED)
    first = page("job", job.pk)
    older = re.search(r'id="older" href="\?([^"#]+)', first)
    assert older
    assert older[1] == "before=3"
    second = page("job", job.pk, before=3)
    assert len(re.findall(r"138\*\*\*\*000", second)) == 3
    assert "To the start" in second
    delivered = page("job", job.pk, state="delivered")
    assert len(re.findall(r"138\*\*\*\*000", delivered)) == 1
    assert "No row in this state" in page("job", job.pk, state="failed")
    assert len(re.findall(r"138\*\*\*\*000", page("job", job.pk, state="nonsense"))) == 4


def test_only_a_report_has_the_time_of_a_report(page, alice):
    job = make.job(by=alice, rows=6)
    S = MessageState
    set_states(job, S.DELIVERED, S.FAILED, S.REJECTED, S.EXPIRED, S.UNKNOWN, S.ACCEPTED)
    found = re.findall(r'<td class="num nowrap c-md">(.*?)</td>', page("job", job.pk))
    assert ["<time" in cell for cell in found] == [False, False, False, False, True, True]


@pytest.mark.parametrize(
    ("status", "words"), [(JobStatus.CANCELLED, "The job was cancelled"), (JobStatus.STOPPED, "Stopped by a person")]
)
def test_a_job_that_is_given_up_keeps_its_total(page, alice, status, words):
    job = make.job(by=alice, rows=4, invalid=1, status=status)
    text = page("job", job.pk)
    assert "4 messages are being withheld." in text
    assert ("<small>of 4</small>" in text) == (status == JobStatus.STOPPED)
    dispatch.withhold_rows(job.pk)
    text = page("job", job.pk)
    assert "being withheld" not in text
    assert text.count(words) == 4
    assert ("<small>of 4</small>" in text) == (status == JobStatus.STOPPED)


def test_refused_rows_are_offered_only_where_there_are_some(page, alice):
    stopped = make.job(by=alice, rows=4, status=JobStatus.STOPPED)
    dispatch.withhold_rows(stopped.pk)
    assert "Refused rows (.xlsx)" not in page("job", stopped.pk)
    assert "Refused rows (.xlsx)" in page("job", make.job(by=alice, rows=4, invalid=1).pk)


def test_a_connected_carrier_has_left_its_old_error_behind(client):
    client.force_login(make.user(role=Role.ADMINISTRATOR, language="en"))
    earlier = timezone.now() - timedelta(minutes=5)
    carrier = make.carrier(last_error="connection refused", last_error_at=earlier)
    for name in ("carriers", "overview"):
        assert "connection refused" not in client.get(reverse(name)).content.decode()
    carrier.bound_at = None
    carrier.save()
    for name in ("carriers", "overview"):
        assert re.search(r"connection refused <span class=\"muted\"><time", client.get(reverse(name)).content.decode())


def test_numbers_are_masked_unless_the_role_may_see_them(client, alice):
    job = make.job(by=alice, rows=1)
    client.force_login(alice)
    assert "13800000000" not in client.get(reverse("job", args=[job.pk])).content.decode()
    client.force_login(make.user(role=Role.OWNER, of=alice.enterprise))
    assert "13800000000" in client.get(reverse("job", args=[job.pk])).content.decode()


def test_job_rows_cost_as_many_queries_for_20_as_for_2(client, alice):
    client.force_login(alice)
    few, many = make.job(by=alice, rows=2), make.job(by=alice, rows=20)
    cost = queries(client, reverse("job", args=[few.pk]), **HTMX)
    assert queries(client, reverse("job", args=[many.pk]), **HTMX) == cost


def test_the_page_says_which_carrier_is_away(page, alice):
    make.carrier(name="unicom-1", bound=False, last_error="ESME_RINVPASWD")
    job = make.job(by=alice, status=JobStatus.SENDING)
    text = page("job", job.pk)
    assert "The carrier is not connected." in text
    assert "unicom-1: ESME_RINVPASWD" in text
    make.carrier(name="unicom-2")
    assert "not connected" not in page("job", job.pk)


def test_carriers_of_the_other_region_do_not_count(page, alice):
    make.carrier(name="abroad", region=Region.INTERNATIONAL)
    assert "No carrier serves this region." in page("job", make.job(by=alice).pk)


# Deeds


def test_what_is_not_possible_any_more_is_said_on_the_page(client, alice):
    job = make.job(by=alice, status=JobStatus.DONE)
    client.force_login(alice)
    response = client.post(reverse("job-pause", args=[job.pk]), follow=True)
    assert "cannot become" in response.content.decode()


@pytest.mark.parametrize(
    ("deed", "before", "after"),
    [
        ("job-pause", JobStatus.SENDING, JobStatus.PAUSED),
        ("job-resume", JobStatus.PAUSED, JobStatus.SENDING),
        ("job-stop", JobStatus.SENDING, JobStatus.STOPPED),
        ("job-cancel", JobStatus.SCHEDULED, JobStatus.CANCELLED),
    ],
)
def test_deeds_are_posts_that_end_at_the_job(client, alice, deed, before, after):
    job = make.job(by=alice, status=before)
    client.force_login(alice)
    assert client.get(reverse(deed, args=[job.pk])).status_code == 405
    assert client.post(reverse(deed, args=[job.pk])).url == reverse("job", args=[job.pk])
    job.refresh_from_db()
    assert job.status == after


def test_the_stop_dialog_names_the_consequence_and_follows_the_job(page, alice):
    make.carrier(window=2)
    dispatch.take_lease()
    job = make.job(by=alice, rows=1200)
    text = page("job", job.pk)
    assert "1,200 messages not yet sent will be withheld. At most 2 already on their way still leave." in text
    part = page("job", job.pk, headers=HTMX)
    assert 'id="stop-deed"' in part
    assert part.count("hx-swap-oob") == 5, "what the dialogs of stopping, cancelling and sending again say"
    job.move(JobStatus.PAUSED, by=alice)
    text = page("job", job.pk)
    assert "1,200 messages not yet sent will be withheld." in text
    assert "still leave" not in text


# Files


def test_refused_rows_come_back_as_a_sheet_with_the_reason(client, alice):
    job = make.job(by=alice, rows=1, invalid=2, status=JobStatus.CHECKED)
    Message.objects.filter(pk=(job.first_id or 0) + 1).update(raw="=1380013", number="")
    client.force_login(alice)
    response = client.get(reverse("job-refused-file", args=[job.pk]))
    rows = list(load_workbook(io.BytesIO(b"".join(response.streaming_content))).active.iter_rows(values_only=True))
    assert rows[0][-1] == "Reason"
    assert rows[1][0] == "=1380013"  # as text: a formula would have no value here
    assert rows[1][-1] == "Number too short"
    assert len(rows) == 3
    assert AuditEntry.objects.filter(verb="job.refused_exported", object_id=job.pk, by=alice).exists()


# Carriers


def test_administrators_see_carriers_and_nobody_else(client, alice):
    make.carrier(name="unicom-1", bound=False, last_error="timeout")
    client.force_login(alice)
    assert client.get(reverse("carriers")).status_code == 403
    client.force_login(make.user(role=Role.ADMINISTRATOR))
    text = client.get(reverse("carriers")).content.decode()
    assert "unicom-1" in text
    assert "timeout" in text
    assert "No gateway is running." in text
    assert "secret" not in text


# Figures


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (40, "40 s"), (1740, "29 min"), (7500, "2 h 5 min"), (86400, "24 h 0 min")]
)
def test_durations_are_short(seconds, words):
    assert figures.duration(seconds) == words


def test_the_strip_and_the_groups_sum_to_the_file(alice):
    job = make.job(by=alice, rows=5, invalid=2)
    ledger = figures.ledger(job, counts.of_job(job))
    assert ledger.adds_up
    assert sum(n for _state, n in ledger.strip) == ledger.sum == 7


# Pages with errors


@pytest.mark.parametrize("name", ["job-confirm", "job-columns", "job-add", "job-test", "job-confirm-more"])
def test_a_page_with_errors_can_be_loaded_again(client, alice, name):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    assert client.get(reverse(name, args=[job.pk])).url == reverse("job", args=[job.pk])


def test_a_job_held_at_its_time_says_why(alice, page):
    job = make.job(by=alice, status=JobStatus.SCHEDULED)
    job.version.move(ReviewState.DISABLED, by=make.reviewer())
    SendJob.objects.update(scheduled_at="2020-01-01T00:00Z")
    due.start_due_jobs()
    text = page("job", job.pk)
    assert "Nothing is sent now." in text and "is disabled" in text and "Held back at its time" in text
