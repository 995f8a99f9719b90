"""What a person may do to a job, when, and what is said when not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import applications
from accounts.models import AuditEntry, ReviewState, Role
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from sending import jobs, previews
from sending.models import JobStatus, SendJob
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice")


@pytest.fixture
def checked(alice):
    return make.job(by=alice, rows=3, invalid=1, status=JobStatus.CHECKED)


def test_confirm_now_starts_the_job_and_says_who_did(checked, alice):
    jobs.confirm(checked, by=alice)
    assert checked.status == JobStatus.SENDING
    assert checked.confirmed_by == alice
    assert checked.started_at is not None
    assert AuditEntry.objects.get(verb="job.sending", object_id=checked.pk).by == alice


def test_confirm_for_a_time_schedules_it_and_starts_nothing(checked, alice):
    at = timezone.now() + timedelta(days=3)
    jobs.confirm(checked, by=alice, plan=jobs.Plan(at=at))
    assert (checked.status, checked.scheduled_at, checked.started_at) == (JobStatus.SCHEDULED, at, None)


@pytest.mark.parametrize("ahead", [timedelta(minutes=-1), timedelta(days=31, minutes=1)])
def test_a_time_in_the_past_or_too_far_ahead_is_refused_with_the_bounds(checked, alice, ahead):
    with pytest.raises(jobs.BadTime) as refused:
        jobs.confirm(checked, by=alice, plan=jobs.Plan(at=timezone.now() + ahead))
    assert "past" in str(refused.value) or "31 days" in str(refused.value)
    checked.refresh_from_db()
    assert checked.status == JobStatus.CHECKED


def test_nothing_to_send_cannot_be_confirmed(alice):
    job = make.job(by=alice, rows=0, invalid=2, status=JobStatus.CHECKED)
    with pytest.raises(NotAllowed, match="No row of this job can be sent"):
        jobs.confirm(job, by=alice)


def disable_version(job):
    job.version.move(ReviewState.DISABLED, by=make.reviewer())


def disable_signature(job):
    job.signature.move(ReviewState.DISABLED, by=make.reviewer())


def suspend_application(job):
    applications.suspend(job.application, by=job.created_by, reason="A key was lost.")


def suspend_enterprise(job):
    job.enterprise.state, job.enterprise.state_reason = EnterpriseState.SUSPENDED, "Complaints."
    job.enterprise.save()


@pytest.mark.parametrize("spoil", [disable_version, disable_signature, suspend_application, suspend_enterprise])
@pytest.mark.parametrize(("status", "deed"), [(JobStatus.CHECKED, jobs.confirm), (JobStatus.PAUSED, jobs.resume)])
def test_what_the_job_relies_on_is_checked_again(alice, spoil, status, deed):
    job = make.job(by=alice, status=status)
    spoil(job)
    with pytest.raises(NotAllowed):
        deed(job, by=alice)
    assert SendJob.objects.get(pk=job.pk).status == status


def test_pause_and_resume(alice):
    job = make.job(by=alice, status=JobStatus.SENDING)
    jobs.pause(job, by=alice)
    assert job.status == JobStatus.PAUSED
    jobs.resume(job, by=alice)
    assert job.status == JobStatus.SENDING
    assert job.finished_at is None


@pytest.mark.parametrize("status", [JobStatus.SENDING, JobStatus.PAUSED])
def test_stop_ends_it_and_has_its_rows_withheld(alice, status, django_capture_on_commit_callbacks, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "console.lib.queue.current_app.send_task", lambda task, **how: asked.append((task, how["kwargs"]))
    )
    job = make.job(by=alice, status=status)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.stop(job, by=alice)
    assert job.status == JobStatus.STOPPED
    assert job.finished_at is None, "until its rows are withheld"
    assert asked == [("sending.withhold_rows", {"job_id": job.pk})]


@pytest.mark.parametrize("status", [JobStatus.UPLOADED, JobStatus.CHECKED, JobStatus.SCHEDULED])
def test_cancel_before_the_first_message(alice, status):
    job = make.job(by=alice, status=status)
    jobs.cancel(job, by=alice)
    assert job.status == JobStatus.CANCELLED


ALLOWED = {
    "confirm": {JobStatus.CHECKED},
    "pause": {JobStatus.SENDING},
    "resume": {JobStatus.PAUSED},
    "stop": {JobStatus.SENDING, JobStatus.PAUSED},
    "cancel": {JobStatus.UPLOADED, JobStatus.UNREADABLE, JobStatus.CHECKED, JobStatus.SCHEDULED},
}


@pytest.mark.parametrize("status", list(JobStatus))
@pytest.mark.parametrize("deed", list(ALLOWED))
def test_every_deed_is_allowed_exactly_where_it_should_be(alice, status, deed):
    """An old page must not resume by confirming, nor start by resuming."""
    job = make.job(by=alice, status=status)
    if status in ALLOWED[deed]:
        getattr(jobs, deed)(job, by=alice)
        return
    with pytest.raises(NotAllowed):
        getattr(jobs, deed)(job, by=alice)
    assert SendJob.objects.get(pk=job.pk).status == status


def test_previews_walk_the_good_rows_only(alice):
    job = make.job(by=alice, rows=3, invalid=2, status=JobStatus.CHECKED)
    first = previews.at(job)
    assert first is not None
    assert (first.row, first.position, first.previous, first.next) == (2, 0, None, 1)
    assert first.text == f"{job.signature}尊敬的王女士，您本月消费0元。"
    assert first.characters == len(first.text)
    assert first.segments == 1
    last = previews.at(job, 4)
    assert last is not None
    assert (last.position, last.previous, last.next) == (2, 1, None)


def test_no_preview_where_nothing_will_be_sent(alice):
    assert previews.at(make.job(by=alice, rows=0, invalid=1, status=JobStatus.CHECKED)) is None
    assert previews.at(make.job(by=alice, status=JobStatus.UPLOADED)) is None
