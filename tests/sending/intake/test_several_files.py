"""Several files in one job: corrected rows, numbers that it has already, rows that wait for their own confirmation."""

import uuid

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from console.lib.errors import NotAllowed
from sending import blocklist, counts, dispatch, intake, job_files, jobs, ledger
from sending.intake import upload
from sending.models import BlockSource, FileState, JobStatus, MessageState, SendJob
from tests import make
from tests.console.sheets import files
from tests.sending.intake.test_loading import file_of, read
from tests.sending.intake.test_loading import ledger as rows_of

pytestmark = pytest.mark.django_db(transaction=True)


def add(job, by, *rows, header="手机号,Row in the file"):
    """A further file of the job, read."""
    content = "\n".join([header, *rows]).encode()
    file = upload.add(
        job,
        by=by,
        token=uuid.uuid4(),
        recipients=upload.Recipients(ContentFile(content, name="more.csv")),
    )
    intake.read(file.pk)
    file.refresh_from_db()
    job.refresh_from_db()
    return file


@pytest.fixture
def flawed(tmp_path, job_of):
    """A checked job: rows 2 and 3 good, 4 too short, 5 not a number."""
    return read(job_of(files.xlsx(tmp_path / "a", [["手机号"], ["13800138000"], ["13800138001"], ["1380"], ["x"]])))


def refused(job):
    return list(rows_of(job).filter(state=9).values_list("row", "code", "detail"))


def test_a_corrected_file_stands_for_the_refused_rows_it_names(flawed, alice):
    file = add(flawed, alice, "13800138002,4", "13800138003,5")
    assert (flawed.status, flawed.total, file.first, file.total) == (JobStatus.CHECKED, 6, 4, 2)
    assert refused(flawed) == [(4, "superseded", "2:too_short:"), (5, "superseded", "2:letters:")]
    assert counts.verify(flawed) == {} and counts.of_job(flawed)[MessageState.QUEUED] == 4


def test_numbers_that_the_job_has_already_are_refused_in_further_files(flawed, alice):
    file = add(flawed, alice, "13800138001,4", "13800138005,")
    assert file.summary["problems"]["duplicate"]["n"] == 1
    assert refused(flawed)[-1] == (2, "duplicate", "3")
    third = add(flawed, alice, "13800138005,")
    assert refused(flawed)[-1] == (2, "duplicate", "3 (2)") and third.number == 3
    assert counts.verify(flawed) == {}


def test_a_file_that_is_left_out_gives_back_what_it_had_corrected(flawed, alice):
    file = add(flawed, alice, "13800138002,4")
    job_files.leave_out(file, by=alice)
    assert refused(flawed)[:2] == [(4, "too_short", ""), (5, "letters", "")]
    assert dispatch.withhold_file(file.pk) == 1
    assert counts.verify(flawed) == {} and counts.of_job(flawed)[MessageState.QUEUED] == 2


def test_a_file_read_by_other_columns_takes_its_earlier_rows_along(flawed, alice):
    file = add(flawed, alice, "13800138002,4,13800138012", "13800138003,5,x", header="手机号,Row in the file,other")
    job_files.reread(file, by=alice, wanted={"number": 2})
    flawed.refresh_from_db()
    assert flawed.status == JobStatus.UPLOADED
    intake.read(file.pk)
    flawed.refresh_from_db()
    assert (flawed.status, flawed.total) == (JobStatus.CHECKED, 6)
    assert list(rows_of(flawed).filter(id__gte=flawed.first_id + 4).values_list("number", "code")) == [
        ("+8613800138012", ""),
        ("", "letters"),
    ]
    assert counts.verify(flawed) == {}


def test_a_further_file_that_cannot_be_read_leaves_the_job_as_it_was(flawed, alice):
    file = add(flawed, alice, "x", "y", header="a")
    assert (file.state, file.fault["code"]) == (FileState.UNREADABLE, "no_number_column")
    assert (flawed.status, flawed.total) == (JobStatus.CHECKED, 4)
    again = add(flawed, alice, "13800138009,")
    assert (again.number, again.first) == (3, 4) and counts.verify(flawed) == {}


def test_an_unreadable_job_goes_on_with_another_file(tmp_path, job_of, alice):
    job = read(job_of(files.xlsx(tmp_path / "a", [["a"], ["b"]])))
    assert job.status == JobStatus.UNREADABLE
    add(job, alice, "13800138000,")
    assert (job.status, job.total) == (JobStatus.CHECKED, 1)


def test_rows_of_a_further_file_wait_for_their_own_confirmation(flawed, alice):
    jobs.confirm(flawed, by=alice)
    assert flawed.released == 4
    add(flawed, alice, "13800138002,4")
    assert (flawed.status, flawed.total, flawed.released) == (JobStatus.SENDING, 5, 4)
    token = jobs.token_of(flawed)
    assert jobs.confirm_more(flawed, by=alice, token=token) == 1
    assert flawed.released == 5
    with pytest.raises(NotAllowed):
        jobs.confirm_more(flawed, by=alice)


def test_who_confirms_must_have_seen_the_newest_file(flawed, alice):
    token = jobs.token_of(flawed)
    add(flawed, alice, "13800138002,4")
    with pytest.raises(jobs.Changed):
        jobs.confirm(flawed, by=alice, token=token)


def test_two_further_files_at_once_are_read_one_after_the_other(flawed, alice):
    recipients = [upload.Recipients(ContentFile(b"mobile\n13800138007\n", name=f"{n}.csv")) for n in (1, 2)]
    upload.add(flawed, by=alice, token=uuid.uuid4(), recipients=recipients[0])
    with pytest.raises(NotAllowed):
        upload.add(SendJob.objects.get(pk=flawed.pk), by=alice, token=uuid.uuid4(), recipients=recipients[1])


def test_a_further_file_posted_twice_is_one(flawed, alice):
    token = uuid.uuid4()
    posted = [
        upload.add(flawed, by=alice, token=token, recipients=upload.Recipients(ContentFile(b"mobile\n1", name="a.csv")))
        for _ in range(2)
    ]
    assert posted[0] == posted[1] and flawed.files.count() == 2


def test_failed_rows_are_sent_again_as_a_linked_job(alice):
    job = make.job(by=alice, rows=4, status=JobStatus.DONE)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sending_message SET state = 4 WHERE id >= %s AND id < %s", [job.first_id, (job.first_id or 0) + 2]
        )
    token = uuid.uuid4()
    again = job_files.resend(job, by=alice, token=token, which="failed")
    assert job_files.resend(job, by=alice, token=token, which="failed") == again
    read(again)
    assert (again.status, again.resend_of, again.total) == (JobStatus.CHECKED, job, 2)
    sent = list(rows_of(again).values_list("number", "values"))
    assert sent == list(rows_of(job)[:2].values_list("number", "values"))


def test_columns_that_somebody_chose_are_remembered_for_files_with_the_same_headers(tmp_path, job_of, alice):
    version = make.template(by=alice, text="${1},您好", variables=[make.VARIABLES[0]])
    path = files.xlsx(tmp_path / "a", [["phone", "x", "y"], ["13800138000", "a", "b"]])
    job = read(job_of(path, version=version))
    assert job.status == JobStatus.UNREADABLE
    job_files.reread(file_of(job), by=alice, wanted={"header": True, "number": 0, "values": {"1": 2}})
    assert read(job).status == JobStatus.CHECKED
    later = read(job_of(path, version=version))
    assert later.status == JobStatus.CHECKED and rows_of(later).get().values == ["b"]
    assert file_of(later).summary["found_by"]["values"] == {"1": "remembered"}


def test_leaving_out_the_wrong_file_bars_none_of_its_numbers(flawed, alice):
    wrong = add(flawed, alice, "13800138007,", "13800138008,")
    job_files.leave_out(wrong, by=alice)
    right = add(flawed, alice, "13800138007,", "13800138008,")
    assert right.summary["good"] == 2 and not right.summary["problems"]


def test_a_job_goes_on_when_further_rows_are_confirmed_while_it_is_being_finished(flawed, alice, monkeypatch):
    jobs.confirm(flawed, by=alice)
    skip(flawed)
    add(flawed, alice, "13800138002,4")
    asked = ledger.unsettled

    def confirmed_meanwhile(first_id, *, end_id=None):
        monkeypatch.setattr(ledger, "unsettled", asked)
        found = asked(first_id, end_id=end_id)
        jobs.confirm_more(SendJob.objects.get(pk=flawed.pk), by=alice)
        return found

    monkeypatch.setattr(ledger, "unsettled", confirmed_meanwhile)
    assert dispatch.finish_jobs() == 0
    flawed.refresh_from_db()
    assert flawed.status == JobStatus.SENDING and [job.id for job in dispatch.waiting_jobs()] == [flawed.pk]


def skip(job):
    """Nothing of what was confirmed is queued any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sending_message SET state = 3 WHERE state = 0 AND id >= %s AND id < %s",
            [job.first_id, job.first_id + job.released],
        )


def test_leaving_out_the_only_good_file_leaves_one_that_can_still_be_read(flawed, alice):
    unreadable = add(flawed, alice, "x", header="a")
    job_files.leave_out(flawed.files.get(number=1), by=alice)
    flawed.refresh_from_db()
    assert flawed.status == JobStatus.UNREADABLE
    job_files.reread(unreadable, by=alice, wanted={"header": False, "number": 0})
    intake.read(unreadable.pk)
    flawed.refresh_from_db()
    assert flawed.status == JobStatus.CHECKED


def test_leaving_out_the_last_file_gives_the_job_up(flawed, alice):
    job_files.leave_out(flawed.files.get(), by=alice)
    flawed.refresh_from_db()
    assert flawed.status == JobStatus.CANCELLED


def test_a_file_behind_which_others_stand_cannot_be_read_again_and_the_reason_is_true(flawed, alice):
    later = add(flawed, alice, "13800138007,")
    job_files.leave_out(later, by=alice)
    with pytest.raises(NotAllowed, match="A later file was added"):
        job_files.reread(flawed.files.get(number=1), by=alice, wanted={"number": 0})


def test_two_files_are_not_read_again_at_once(flawed, alice):
    unreadable = add(flawed, alice, "x", header="a")
    job_files.reread(flawed.files.get(number=1), by=alice, wanted={"number": 0})
    with pytest.raises(NotAllowed, match="being read"):
        job_files.reread(unreadable, by=alice, wanted={"number": 0})


def test_rows_of_a_left_out_file_are_withheld_however_late_the_sweeper_comes(flawed, alice):
    file = add(flawed, alice, "13800138007,")
    job_files.leave_out(file, by=alice)
    flawed.files.filter(pk=file.pk).update(settled_at="2020-01-01T00:00:00Z")
    assert dispatch.withhold_all() == 1 and dispatch.withhold_all() == 0
    jobs.confirm(SendJob.objects.get(pk=flawed.pk), by=alice)


def test_a_stopped_job_gives_back_the_refused_rows_whose_correction_never_left(flawed, alice):
    jobs.confirm(flawed, by=alice)
    add(flawed, alice, "13800138002,4")
    jobs.stop(flawed, by=alice)
    assert refused(flawed)[0] == (4, "too_short", "")
    dispatch.withhold_rows(flawed.pk)
    assert counts.verify(flawed) == {}
    assert set(rows_of(flawed).filter(state=8).values_list("code", flat=True)) == {"stopped"}


def test_no_file_is_added_to_a_job_whose_time_is_over(flawed, alice):
    jobs.confirm(flawed, by=alice)
    SendJob.objects.filter(pk=flawed.pk).update(send_until="2020-01-01T00:00:00Z")
    with pytest.raises(NotAllowed, match="time of this job is over"):
        add(flawed, alice, "13800138002,4")


def test_whoever_is_blocked_at_the_moment_of_sending_has_no_time_and_no_carrier(flawed, alice):
    jobs.confirm(flawed, by=alice)
    blocklist.add("+8613800138000", by=None, source=BlockSource.REPLY)
    owner = dispatch.take_lease()
    blocklist.claim(
        sender=blocklist.Sender.of(flawed), owner=owner, carrier_id=make.carrier().pk, job_id=flawed.pk, after_id=0,
        first_id=flawed.first_id, parts=10,
    )  # fmt: skip
    skipped = rows_of(flawed).get(state=MessageState.SKIPPED)
    assert (skipped.code, skipped.submitted_at, skipped.carrier_id, skipped.owner) == ("opted_out", None, None, None)
    assert counts.verify(flawed) == {}


def test_a_resent_row_needs_no_repair(alice):
    job = make.job(by=alice, rows=2, status=JobStatus.DONE)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sending_message SET state = 7 WHERE id >= %s AND id < %s", [job.first_id, (job.first_id or 0) + 2]
        )
    again = read(job_files.resend(job, by=alice, token=uuid.uuid4(), which="unknown"))
    assert (file_of(again).summary["good"], file_of(again).summary["repaired"]) == (2, 0)
