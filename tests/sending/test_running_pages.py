"""The page of a confirmed job: its speed and why, changing time and speed, sending rows again, what happened."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry, Role, User
from sending import counts, dispatch, due, jobs
from sending.models import CountDelta, FileState, JobFile, JobStatus, LatePolicy, Message, MessageState, SendJob
from sending.views import history
from templates_app.models import MessageType
from tests import make

pytestmark = pytest.mark.django_db
S = MessageState
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def alice() -> User:
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def page(client: Client, alice: User) -> Callable[..., str]:
    """Signed in as alice; the text of a job's page."""
    client.force_login(alice)

    def get(job: SendJob, **headers: str) -> str:
        response = client.get(reverse("job", args=[job.pk]), **headers)  # type: ignore[arg-type]
        assert response.status_code == 200
        return response.content.decode()

    return get


def become(job: SendJob, *states: MessageState) -> None:
    """The first rows of `job` in these states, and their counts with them."""
    for position, state in enumerate(states):
        Message.objects.filter(pk=(job.first_id or 0) + position).update(
            state=state, submitted_at=timezone.now(), owner=uuid.uuid4(), carrier_id=1
        )
        common = {"job": job, "hour": timezone.now(), "country": "CN", "segments": 0}
        CountDelta.objects.create(state=S.QUEUED, n=-1, **common)
        CountDelta.objects.create(state=state, n=1, **common)


def post(client: Client, name: str, job: SendJob, **data: object) -> str:
    """The page that the deed ends at."""
    answer = client.post(reverse(name, args=[job.pk]), data, follow=True)
    return answer.content.decode()


# Its speed ---------------------------------------------------------------------------------------------------------


def test_the_line_under_the_rate_says_what_holds_the_job(page: Callable[..., str], alice: User) -> None:
    make.carrier(name="unicom")
    job = make.job(by=alice)
    text = page(job)
    assert '<a href="#why">sending process away</a>' in text
    assert "The process that sends is not running." in text
    dispatch.take_lease()
    assert '<a href="#why">has just begun</a>' in page(job)
    jobs.pause(job, by=alice)
    assert "#why" not in page(job)


def test_what_bars_a_job_is_said_once(page: Callable[..., str], alice: User) -> None:
    make.carrier()
    job = make.job(by=alice)
    job.version.move("disabled", by=make.reviewer())  # type: ignore[arg-type]
    text = page(job)
    assert "Nothing is sent now." in text and "#why" not in text


def test_the_speed_is_limited_and_freed_from_the_page(client: Client, page: Callable[..., str], alice: User) -> None:
    make.carrier(rate=600)
    dispatch.take_lease()
    job = make.job(by=alice)
    assert "The carriers take 600 segments a second." in page(job)
    assert "At most 20 segments a second from now on." in post(client, "job-speed", job, speed="20")
    job.refresh_from_db()
    assert job.speed_limit == 20
    text = page(job)
    assert "held by its own limit of 20" in text and 'value="20"' in text
    assert "Limited to 20 segments a second by Alice" in text
    assert "The speed limit is lifted." in post(client, "job-speed", job, speed="")
    job.refresh_from_db()
    assert job.speed_limit is None
    assert "Speed limit lifted by Alice" in page(job)


@pytest.mark.parametrize(("speed", "words"), [("0", "From 1 to"), ("100001", "From 1 to"), ("fast", "a whole number")])
def test_a_speed_that_is_none_opens_the_dialog_again(client: Client, alice: User, speed: str, words: str) -> None:
    job = make.job(by=alice)
    client.force_login(alice)
    answer = client.post(reverse("job-speed", args=[job.pk]), {"speed": speed})
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text
    assert re.search(r'<dialog id="speed"[^>]* data-open', text)
    assert not AuditEntry.objects.filter(verb="job.speed_limited").exists()


@pytest.mark.parametrize("status", [JobStatus.DONE, JobStatus.STOPPED, JobStatus.CHECKED])
def test_the_speed_of_others_does_not_matter(client: Client, alice: User, status: JobStatus) -> None:
    job = make.job(by=alice, status=status)
    client.force_login(alice)
    assert "its speed does not matter any more" in post(client, "job-speed", job, speed="20")


def test_the_end_is_reckoned_with_what_is_confirmed_and_with_the_limit(page: Callable[..., str], alice: User) -> None:
    """Nothing has left yet: 1,200 rows at 10 a second take two minutes, and further rows count once confirmed."""
    make.carrier(rate=600)
    dispatch.take_lease()
    job = make.job(by=alice, rows=1800)
    file = job.files.get()
    JobFile.objects.filter(pk=file.pk).update(total=1200, summary=file.summary | {"good": 1200})
    JobFile.objects.create(
        job=job, number=2, file_name="more.xlsx", state=FileState.CHECKED, first=1200, total=600, summary={"good": 600}
    )
    SendJob.objects.filter(pk=job.pk).update(released=1200, speed_limit=10)
    assert "in 2 min" in page(job)
    jobs.pause(job, by=alice)
    assert "Send 1,200 messages more" in page(job)


# Its time ----------------------------------------------------------------------------------------------------------


def test_the_time_is_changed_from_the_page(client: Client, page: Callable[..., str], alice: User) -> None:
    job = make.job(by=alice, status=JobStatus.SCHEDULED)
    assert 'id="ask-reschedule"' in page(job)
    at = timezone.localtime() + timedelta(days=3)
    text = post(client, "job-reschedule", job, at=f"{at:%Y-%m-%dT%H:%M}")
    job.refresh_from_db()
    assert job.scheduled_at == at.replace(second=0, microsecond=0)
    assert f"Moved to {at.day} " in text and "by Alice" in text
    assert "It begins at" in text


@pytest.mark.parametrize(
    ("at", "words"),
    [("2020-01-01T09:00", "That is in the past"), ("", "Say when"), ("soon", "Write the time like")],
)
def test_a_time_that_does_not_fit_opens_the_dialog_again(client: Client, alice: User, at: str, words: str) -> None:
    job = make.job(by=alice, status=JobStatus.SCHEDULED)
    client.force_login(alice)
    answer = client.post(reverse("job-reschedule", args=[job.pk]), {"at": at})
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text
    assert re.search(r'<dialog id="reschedule"[^>]* data-open', text)
    assert SendJob.objects.get(pk=job.pk).scheduled_at == job.scheduled_at


def test_a_job_that_began_meanwhile_keeps_its_time(client: Client, alice: User) -> None:
    job = make.job(by=alice)
    client.force_login(alice)
    at = timezone.localtime() + timedelta(days=3)
    assert "by now" in post(client, "job-reschedule", job, at=f"{at:%Y-%m-%dT%H:%M}")


@pytest.mark.parametrize("name", ["job-reschedule", "job-speed"])
def test_a_page_with_errors_can_be_loaded_again(client: Client, alice: User, name: str) -> None:
    job = make.job(by=alice, status=JobStatus.SCHEDULED)
    client.force_login(alice)
    assert client.get(reverse(name, args=[job.pk])).url == reverse("job", args=[job.pk])  # type: ignore[attr-defined]


def test_a_job_that_waits_because_it_was_late_says_so(page: Callable[..., str], alice: User) -> None:
    job = make.job(by=alice, status=JobStatus.SCHEDULED)
    late = timezone.now() - timedelta(minutes=95)
    SendJob.objects.filter(pk=job.pk).update(scheduled_at=late, late_policy=LatePolicy.ASK, late_minutes=30)
    due.start_due_jobs()
    text = page(job)
    assert "only 95 minutes after its time, so it waits, as you wished." in text
    assert "Held back: 95 min late" in text
    jobs.resume(job, by=alice)
    jobs.pause(job, by=alice)
    assert "as you wished" not in page(job), "now a person has paused it"


# Stopping ----------------------------------------------------------------------------------------------------------


def test_what_may_still_leave_is_never_more_than_the_windows(page: Callable[..., str], alice: User) -> None:
    make.carrier(window=5)
    dispatch.take_lease()
    job = make.job(by=alice, rows=100)
    assert "At most 5 already on their way still leave." in page(job)
    become(job, S.SUBMITTING, S.SUBMITTING, S.SUBMITTING)
    assert "At most 5 already on their way still leave." in page(job)
    for state, n in ((S.QUEUED, -95), (S.DELIVERED, 95)):
        CountDelta.objects.create(job=job, hour=timezone.now(), country="CN", segments=0, state=state, n=n)
    assert "At most 5 already on their way still leave." in page(job)
    CountDelta.objects.create(job=job, hour=timezone.now(), country="CN", segments=0, state=S.QUEUED, n=-1)
    assert "At most 4 already on their way still leave." in page(job), "no more are left"
    jobs.pause(job, by=alice)
    assert "At most 3 already on their way still leave." in page(job), "nothing is claimed any more"


# Sending again -----------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(alice: User) -> SendJob:
    job = make.job(by=alice, rows=6, status=JobStatus.DONE)
    become(job, S.FAILED, S.REJECTED, S.EXPIRED, S.UNKNOWN, S.DELIVERED, S.DELIVERED)
    return job


def test_failed_rows_become_a_new_job_once_for_a_page(
    client: Client, page: Callable[..., str], alice: User, failed: SendJob
) -> None:
    text = page(failed)
    assert "Send 3 failed rows again" in text and "3 rows did not arrive." in text
    token = uuid.uuid4()
    for _click in range(2):
        answer = client.post(reverse("job-resend", args=[failed.pk]), {"token": token, "which": "failed"})
    new = SendJob.objects.get(resend_of=failed)
    assert answer.url == reverse("job", args=[new.pk])  # type: ignore[attr-defined]
    assert (new.resend_which, new.status) == ("failed", JobStatus.UPLOADED)
    assert f'rows of <a href="{reverse("job", args=[failed.pk])}">job {failed.pk}</a> sent again' in page(new)
    text = page(failed)
    assert f'<a href="{reverse("job", args=[new.pk])}">Sent again in job {new.pk}</a>' in text


def test_a_second_time_is_asked_about_with_the_link_to_the_first(
    client: Client, page: Callable[..., str], failed: SendJob
) -> None:
    assert 'id="again-failed-deed"' in page(failed)
    post(client, "job-resend", failed, token=uuid.uuid4(), which="failed")
    text = page(failed)
    assert 'id="again-failed-deed"' not in text and 'commandfor="again-failed-dialog"' in text
    dialog = text[text.index('<dialog id="again-failed-dialog"') :]
    assert "Sent again in job" in dialog and "Whoever it reached gets it twice." in dialog
    cancelled = SendJob.objects.get(resend_of=failed)
    jobs.cancel(cancelled, by=cancelled.created_by)  # type: ignore[arg-type]
    assert 'id="again-failed-deed"' in page(failed), "what was given up has reached nobody"


def test_unknown_rows_are_sent_again_only_after_a_warning(
    client: Client, page: Callable[..., str], failed: SendJob
) -> None:
    text = page(failed)
    assert "1 row has no definite answer." in text
    dialog = text[text.index('<dialog id="again-unknown-dialog"') :]
    assert "The carrier never answered for 1 message. If it arrived, this person gets it twice." in dialog
    token = re.search(r'name="token" value="([^"]+)"', dialog)
    assert token
    post(client, "job-resend", failed, token=token[1], which="unknown")
    assert SendJob.objects.get(resend_of=failed).resend_which == "unknown"


def test_the_dialog_is_there_before_there_is_anything_to_ask(page: Callable[..., str], alice: User) -> None:
    """Rows may fail while the page stands open: it is renewed by what the page asks for."""
    job = make.job(by=alice, rows=3)
    assert '<dialog id="again-unknown-dialog"' in page(job)
    become(job, S.UNKNOWN)
    part = page(job, **HTMX)
    assert 'id="again-unknown-body" hx-swap-oob="true"' in part and "for 1 message." in part


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"which": "failed"}, "This page is too old"),
        ({"which": "failed", "token": "x"}, "This page is too old"),
        ({"which": "delivered", "token": str(uuid.uuid4())}, "cannot be sent again"),
    ],
)
def test_a_form_that_is_not_ours_makes_no_job(
    client: Client, alice: User, failed: SendJob, data: dict[str, str], words: str
) -> None:
    client.force_login(alice)
    assert words in post(client, "job-resend", failed, **data)
    assert not SendJob.objects.filter(resend_of=failed).exists()


def test_a_job_without_such_rows_offers_nothing(client: Client, page: Callable[..., str], alice: User) -> None:
    job = make.job(by=alice, rows=2, status=JobStatus.DONE)
    assert 'id="again-failed"' not in page(job)
    assert "No row of this job is in that state" in post(client, "job-resend", job, token=uuid.uuid4(), which="failed")


# Who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [JobStatus.SENDING, JobStatus.SCHEDULED, JobStatus.DONE])
def test_viewers_see_all_of_it_and_change_nothing(client: Client, alice: User, status: JobStatus) -> None:
    victor = make.user(role=Role.VIEWER, of=alice.enterprise, language="en")
    job = make.job(by=alice, rows=2, status=status)
    become(job, S.FAILED, S.UNKNOWN)
    client.force_login(victor)
    text = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "1 row did not arrive." in text
    for mark in ("<dialog", "Duplicate", "Save as list", "Limit the speed", 'method="post" action="/jobs/'):
        assert mark not in text
    for name in ("job-reschedule", "job-speed", "job-resend"):
        assert client.post(reverse(name, args=[job.pk])).status_code == 403


# What else one can do with it --------------------------------------------------------------------------------------


def test_a_job_leads_to_its_copy_its_list_and_its_export(page: Callable[..., str], alice: User) -> None:
    text = page(make.job(by=alice, rows=2, status=JobStatus.DONE))
    job = SendJob.objects.get()
    assert f'action="{reverse("job-duplicate", args=[job.pk])}"' in text
    assert f'href="{reverse("list-new")}?job={job.pk}"' in text
    assert f'href="{reverse("job-exports", args=[job.pk])}"' in text
    refused = make.job(by=alice, rows=0, invalid=2, status=JobStatus.CANCELLED)
    assert "Save as list" not in page(refused), "it has no good rows"


def test_a_promotion_has_hours_and_a_notification_none(page: Callable[..., str], alice: User) -> None:
    version = make.template(by=alice, type=MessageType.PROMOTION)
    for job in (make.job(by=alice, version=version), make.job(by=alice)):
        text = page(job)
        asleep = not dispatch.waiting_jobs() or job.pk not in {waiting.id for waiting in dispatch.waiting_jobs()}
        assert ("Quiet hours until" in text) == asleep


# What happened -----------------------------------------------------------------------------------------------------


def test_every_verb_of_a_job_is_told_in_words(alice: User) -> None:
    job = make.job(by=alice)
    facts: dict[str, dict[str, object]] = {
        "job.uploaded": {"file": "people.xlsx"},
        "job.file_added": {"file": "more.xlsx"},
        "job.more_confirmed": {"rows": 1200},
        "job.speed_limited": {"after": {"speed": 20}},
        "job.rescheduled": {"after": {"scheduled_at": "2026-03-31 01:00:00+00:00"}},
    }
    for verb in history.VERBS:
        for by in (alice, None):
            audit.record(
                by=by,
                verb=verb,
                object_id=job.pk,
                enterprise_id=job.enterprise_id,
                **({"file": "x.xlsx"} | facts.get(verb, {})),  # type: ignore[arg-type]
            )
    told = [happening.sentence for happening in history.of(job)]
    assert len(told) == history.LONGEST
    assert not [sentence for sentence in told if "%" in sentence or "None" in sentence]
    every = " / ".join(told)
    for words in ("Moved to 31 Mar 09:00 by Alice", "Limited to 20 segments a second by Alice"):
        assert words in every


def test_a_job_that_is_checked_again_is_not_called_uploaded_again(alice: User) -> None:
    job = make.job(by=alice, status=JobStatus.CHECKED)
    job.move(JobStatus.UPLOADED, by=alice)
    assert "Uploaded by Alice" not in [happening.sentence for happening in history.of(job)]


def test_the_page_costs_the_same_with_many_rows_and_jobs(
    client: Client, alice: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    make.carrier()
    dispatch.take_lease()
    job = make.job(by=alice, rows=2)
    for _other in range(5):
        make.job(by=make.user(), rows=1)
    client.force_login(alice)
    client.get(reverse("job", args=[job.pk]))
    with django_assert_max_num_queries(45):  # type: ignore[attr-defined]
        client.get(reverse("job", args=[job.pk]), **HTMX)  # type: ignore[arg-type]
    assert counts.verify(job) == {}
