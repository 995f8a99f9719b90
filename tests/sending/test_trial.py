"""Sending before the real name is verified, by somebody who has to accept the agreement first, or in mode 2."""

import threading
import uuid
import zoneinfo
from datetime import datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from accounts import agreements, modes
from accounts.models import Enterprise, OwnNumber, Role, ServiceMode
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import dispatch, due, jobs, sendable, trial
from sending.intake import upload
from sending.models import JobStatus, Message, SendJob
from templates_app import drafts, signatures
from templates_app.models import Signature
from tests import make

pytestmark = pytest.mark.django_db
SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.fixture
def home():
    return make.enterprise(verified=False)


@pytest.fixture
def alice(home):
    return make.user(role=Role.OWNER, of=home, language="en")


@pytest.fixture
def version(alice):
    return make.template(by=alice)


def own_all(home, rows):
    """Rows of `make.job` go to +8613800000000 upward."""
    for n in range(rows):
        OwnNumber.objects.get_or_create(
            enterprise=home, number=f"+86138{n:08}", defaults={"verified_at": timezone.now()}
        )


def checked(alice, version, rows):
    return make.job(by=alice, version=version, rows=rows, status=JobStatus.CHECKED)


def submitted(job, at):
    """As if the gateway had handed over all rows then, and the job was done."""
    Message.objects.of_job(job).update(state=2, submitted_at=at)
    job.move(JobStatus.DONE, by=None, finished_at=at)


def test_rows_to_others_are_refused_with_how_many(alice, home, version):
    own_all(home, 2)
    job = checked(alice, version, 1000)
    with pytest.raises(NotAllowed, match="998 of 1,000 rows go to numbers that are not your own verified ones"):
        jobs.confirm(job, by=alice)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED


def test_a_number_counts_only_once_it_is_verified_and_of_this_enterprise(alice, home, version):
    job = checked(alice, version, 1)
    make.own_number(of=home, number="+8613800000000", verified=False)
    make.own_number(of=make.enterprise(), number="+8613800000000")
    with pytest.raises(NotAllowed, match="1 of 1 rows goes"):
        jobs.confirm(job, by=alice)
    OwnNumber.objects.update(verified_at=timezone.now())
    jobs.confirm(job, by=alice)
    assert job.status == JobStatus.SENDING


def test_refused_rows_do_not_count(alice, home, version):
    own_all(home, 3)
    job = make.job(by=alice, version=version, rows=3, invalid=200, status=JobStatus.CHECKED)
    jobs.confirm(job, by=alice)


def test_fifty_a_day(alice, home, version):
    own_all(home, 51)
    with pytest.raises(NotAllowed, match="has 51 messages"):
        jobs.confirm(checked(alice, version, 51), by=alice)
    jobs.confirm(checked(alice, version, 30), by=alice)
    with pytest.raises(NotAllowed, match="20 are left; this job has 21"):
        jobs.confirm(checked(alice, version, 21), by=alice)
    jobs.confirm(checked(alice, version, 20), by=alice)
    with pytest.raises(NotAllowed, match="0 are left"):
        jobs.confirm(checked(alice, version, 1), by=alice)
    jobs.confirm(checked(alice, version, 50), by=alice, plan=jobs.Plan(at=timezone.now() + timedelta(days=2)))


def test_a_verified_enterprise_has_no_such_limits(alice, home, version):
    Enterprise.objects.filter(pk=home.pk).update(verified_at=timezone.now())
    job = checked(alice, version, 60)
    assert trial.of(job) is None
    jobs.confirm(job, by=alice)


def test_a_day_ends_at_midnight_of_the_platforms_zone(alice, home, version, time_machine):
    own_all(home, 50)
    time_machine.move_to(datetime(2026, 11, 20, 23, 59, tzinfo=SHANGHAI), tick=False)
    job = checked(alice, version, 50)
    jobs.confirm(job, by=alice)
    submitted(job, datetime(2026, 11, 20, 23, 59, 30, tzinfo=SHANGHAI))
    late = checked(alice, version, 50)
    with pytest.raises(NotAllowed, match=r"2026-11-20 \(Asia/Shanghai\)"):
        jobs.confirm(late, by=alice)
    time_machine.move_to(datetime(2026, 11, 21, 0, 1, tzinfo=SHANGHAI), tick=False)
    jobs.confirm(late, by=alice)


def test_another_zone_begins_no_new_day(alice, home, version, time_machine):
    own_all(home, 50)
    sent, later = (datetime(2026, 11, 20, *clock, tzinfo=SHANGHAI) for clock in ((18, 30), (19, 5)))
    time_machine.move_to(sent, tick=False)
    job = checked(alice, version, 50)
    jobs.confirm(job, by=alice)
    submitted(job, sent)
    time_machine.move_to(later, tick=False)
    Enterprise.objects.filter(pk=home.pk).update(time_zone="Pacific/Pago_Pago")  # where it is five past midnight
    with pytest.raises(NotAllowed, match="0 are left"):
        jobs.confirm(checked(alice, version, 1), by=alice)


def test_what_waits_over_midnight_counts_when_it_leaves(alice, home, version, time_machine):
    own_all(home, 50)
    time_machine.move_to(datetime(2026, 11, 20, 23, 59, tzinfo=SHANGHAI), tick=False)
    jobs.confirm(checked(alice, version, 50), by=alice)
    time_machine.move_to(datetime(2026, 11, 21, 0, 1, tzinfo=SHANGHAI), tick=False)
    with pytest.raises(NotAllowed, match="0 are left"):
        jobs.confirm(checked(alice, version, 1), by=alice)


def test_stopped_rows_that_never_left_do_not_count(alice, home, version):
    own_all(home, 50)
    job = checked(alice, version, 50)
    jobs.confirm(job, by=alice)
    jobs.stop(job, by=alice)
    jobs.confirm(checked(alice, version, 50), by=alice)


def test_resuming_is_asked_again(alice, home, version):
    own_all(home, 50)
    first = checked(alice, version, 40)
    jobs.confirm(first, by=alice)
    jobs.pause(first, by=alice)
    jobs.confirm(checked(alice, version, 20), by=alice)
    with pytest.raises(NotAllowed, match="30 are left; this job has 40"):
        jobs.resume(first, by=alice)
    assert "30 are left" in sendable.obstacle(first)
    OwnNumber.objects.filter(number="+8613800000000").delete()
    with pytest.raises(NotAllowed, match="1 of 40 rows goes"):
        jobs.resume(first, by=alice)


def test_a_job_that_is_sending_is_not_in_its_own_way(alice, home, version):
    own_all(home, 50)
    job = checked(alice, version, 50)
    jobs.confirm(job, by=alice)
    assert sendable.obstacle(job) == ""
    jobs.pause(job, by=alice)
    assert sendable.obstacle(job) == ""
    jobs.resume(job, by=alice)


def test_the_clock_starts_only_what_still_fits(alice, home, version):
    own_all(home, 50)
    at = timezone.now() + timedelta(days=2)
    job = checked(alice, version, 30)
    jobs.confirm(job, by=alice, plan=jobs.Plan(at=at))
    with pytest.raises(NotAllowed, match="20 are left"):
        jobs.confirm(checked(alice, version, 21), by=alice, plan=jobs.Plan(at=at + timedelta(minutes=1)))
    other = checked(alice, version, 20)
    jobs.confirm(other, by=alice, plan=jobs.Plan(at=at + timedelta(minutes=1)))
    SendJob.objects.filter(pk__in=[job.pk, other.pk]).update(scheduled_at=timezone.now() - timedelta(seconds=1))
    OwnNumber.objects.filter(number="+8613800000025").delete()
    due.start_due_jobs()
    job.refresh_from_db()
    other.refresh_from_db()
    assert (job.status, other.status) == (JobStatus.PAUSED, JobStatus.SENDING)
    assert "1 of 30 rows goes" in sendable.obstacle(job)


def test_a_job_that_fell_due_goes_before_one_that_is_only_scheduled(alice, home, version):
    own_all(home, 50)
    fallen, later = checked(alice, version, 50), checked(alice, version, 50)
    for days, job in enumerate((fallen, later), start=1):
        jobs.confirm(job, by=alice, plan=jobs.Plan(at=timezone.now() + timedelta(days=days)))
    SendJob.objects.filter(pk=fallen.pk).update(scheduled_at=timezone.now() - timedelta(seconds=1))
    SendJob.objects.filter(pk=later.pk).update(scheduled_at=timezone.now() + timedelta(seconds=5))
    due.start_due_jobs()
    fallen.refresh_from_db()
    later.refresh_from_db()
    assert fallen.status == JobStatus.SENDING and later.status != JobStatus.SENDING


def test_what_another_enterprise_sends_does_not_count(alice, home, version):
    other = make.user(role=Role.OWNER, of=make.enterprise(verified=False))
    own_all(make.home(other), 50)
    jobs.confirm(checked(other, make.template(by=other), 50), by=other)
    own_all(home, 50)
    jobs.confirm(checked(alice, version, 50), by=alice)


def test_the_check_page_says_it_before(alice, home, version, client):
    client.force_login(alice)
    own_all(home, 3)
    fits, strangers = checked(alice, version, 3), checked(alice, version, 4)
    page = client.get(f"/jobs/{fits.pk}/").content.decode()
    assert "On trial." in page and "Send 3 messages" in page
    page = client.get(f"/jobs/{strangers.pk}/").content.decode()
    assert "1 of 4 rows goes" in page and "Send 4 messages" not in page
    jobs.confirm(fits, by=alice)
    own_all(home, 50)
    page = client.get(f"/jobs/{checked(alice, version, 48).pk}/").content.decode()
    assert "47 are left" in page and "Schedule 48 messages" in page
    form = {"when": "now", "consent": "on", "token": jobs.token_of(strangers)}
    answer = client.post(f"/jobs/{strangers.pk}/confirm/", form, follow=True)
    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_at_once_do_not_both_take_the_last_places(alice, home, version):
    own_all(home, 30)
    ours = [checked(alice, version, 30) for _ in range(4)]
    barrier, faults = threading.Barrier(len(ours)), []

    def confirm(job):
        try:
            barrier.wait()
            jobs.confirm(job, by=alice)
        except NotAllowed as fault:
            faults.append(str(fault))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=confirm, args=[job]) for job in ours]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) == 3 and all("20 are left" in fault for fault in faults)
    assert SendJob.objects.filter(status=JobStatus.SENDING).count() == 1


class TestAgreement:
    @pytest.fixture
    def home(self):
        return make.enterprise()

    def test_nobody_confirms_schedules_or_resumes_without_it(self, alice, version):
        job, paused = checked(alice, version, 1), make.job(by=alice, version=version, status=JobStatus.PAUSED)
        make.agreement()
        for deed in (
            lambda: jobs.confirm(job, by=alice),
            lambda: jobs.confirm(job, by=alice, plan=jobs.Plan(at=timezone.now() + timedelta(days=1))),
            lambda: jobs.resume(paused, by=alice),
        ):
            with pytest.raises(NotAllowed, match="service agreement"):
                deed()
        agreements.accept(alice, number=1, origin=None)
        jobs.confirm(job, by=alice)
        jobs.resume(paused, by=alice)

    def test_nor_on_the_command_line(self, alice, version):
        job = checked(alice, version, 1)
        make.agreement()
        with pytest.raises(CommandError, match="service agreement"):
            call_command("jobs", "confirm", str(job.pk), "--by", alice.email)

    def test_what_was_confirmed_before_still_starts(self, alice, version):
        job = make.job(by=alice, version=version, status=JobStatus.SCHEDULED)
        SendJob.objects.filter(pk=job.pk).update(scheduled_at=timezone.now())
        make.agreement()
        assert due.start_due_jobs() == 1
        job.refresh_from_db()
        assert job.status == JobStatus.SENDING


class TestMode2:
    @pytest.fixture
    def home(self):
        return make.enterprise()

    @pytest.fixture
    def changed(self, alice, home):
        return lambda mode=ServiceMode.PACKAGE_ONLY: modes.choose(home, mode, by=alice)

    def test_mainland_jobs_stand_still_at_once_and_go_on_after(self, alice, version, changed):
        mainland = make.job(by=alice, version=version)
        abroad = make.job(by=alice, version=make.template(by=alice, region=Region.INTERNATIONAL))
        changed()
        assert [job.id for job in dispatch.waiting_jobs()] == [abroad.pk]
        assert "international messages only" in sendable.obstacle(mainland)
        changed(ServiceMode.PAY_PER_USE)
        assert {job.id for job in dispatch.waiting_jobs()} == {abroad.pk, mainland.pk}

    def test_mainland_jobs_are_neither_confirmed_resumed_nor_started(self, alice, version, changed):
        job, paused = checked(alice, version, 1), make.job(by=alice, version=version, status=JobStatus.PAUSED)
        scheduled = make.job(by=alice, version=version, status=JobStatus.SCHEDULED)
        SendJob.objects.filter(pk=scheduled.pk).update(scheduled_at=timezone.now())
        changed()
        for deed, which in ((jobs.confirm, job), (jobs.resume, paused)):
            with pytest.raises(NotAllowed, match="mode 2"):
                deed(which, by=alice)
        due.start_due_jobs()
        scheduled.refresh_from_db()
        assert scheduled.status == JobStatus.PAUSED

    def test_mainland_files_are_not_taken_in(self, alice, home, version, changed, client):
        changed()
        home.refresh_from_db()
        with pytest.raises(NotAllowed, match="mode 2"):
            upload.receive(
                enterprise=home,
                by=alice,
                token=uuid.uuid4(),
                name="x",
                version=version,
                recipients=upload.Recipients(ContentFile(b"x", "x.csv")),
            )
        client.force_login(alice)
        page = client.get("/jobs/new/").content.decode()
        assert "Your service mode covers international messages only." in page

    def test_nothing_of_the_mainland_is_sent_in(self, alice, changed):
        app = make.application(by=alice)
        draft = drafts.draft_of(make.template(by=alice, sign=make.signature(by=alice, app=app)))
        changed()
        app.refresh_from_db()
        signature = Signature(enterprise=make.home(alice), application=app, name="清禾新店", type="notification")
        with pytest.raises(NotAllowed, match="mode 2"):
            signatures.submit(signature, by=alice)
        saved = drafts.save_draft(drafts.replace(draft, name="Another", application=app), by=alice)
        saved = type(saved).objects.get(pk=saved.pk)
        with pytest.raises(NotAllowed, match="mode 2"):
            drafts.submit(saved, by=alice)
