"""Further rows for a job, corrected and typed ones, before its confirmation and after it: nobody gets two messages."""

import re
import threading
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role
from sending import counts, dispatch, jobs
from sending.models import FileState, JobFile, JobStatus, Message, MessageState, SendJob
from tests import make
from tests.sending import reading

pytestmark = pytest.mark.django_db
HEADINGS = ["手机号", "姓名", "金额"]
WITH_ERRORS = [
    HEADINGS,
    ["13800138000", "王女士", "12.50"],
    ["1380013", "李先生", "13.50"],
    ["13800138001", "", "1280"],
    ["13800138000", "王先生", "3"],
]
CONSENT = {"consent": "on"}


@pytest.fixture
def alice(db):
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def page(client, alice):
    client.force_login(alice)

    def get(job, **headers):
        return one_line(client.get(reverse("job", args=[job.pk]), **headers))

    return get


def one_line(response):
    return re.sub(r"\s+", " ", response.content.decode())


def post(client, job, rows=None, *, numbers="", token=None, **headers):
    """The form on the page."""
    held = reading.book(rows) if rows else None
    file = {"file": SimpleUploadedFile("more.xlsx", held.read())} if held else {}
    data = {"token": token or uuid.uuid4(), "numbers": numbers, **file}
    return client.post(reverse("job-add", args=[job.pk]), data, **headers)


def refused(client, job):
    answer = client.get(reverse("job-refused-file", args=[job.pk]))
    return reading.rows_of(b"".join(answer.streaming_content))


def confirm_more(client, job, **fields):
    return client.post(reverse("job-confirm-more", args=[job.pk]), {"token": jobs.token_of(job), **CONSENT} | fields)


def sent_to(job):
    """Numbers that get a message of it, each as often as it does."""
    return sorted(Message.objects.of_job(job).filter(state=MessageState.QUEUED).values_list("number", flat=True))


# Before the confirmation


@pytest.mark.django_db(transaction=True)
def test_refused_rows_are_downloaded_corrected_and_added_to_the_same_job(client, page, alice):
    job = reading.job(alice, WITH_ERRORS, version=make.template(by=alice))
    client.force_login(alice)
    rows = refused(client, job)
    assert rows[0] == ["手机号", "姓名", "金额", "Row in the file", "Reason"]
    assert [row[3:] for row in rows[1:]] == [
        ["3", "Number too short"],
        ["4", "Variable ${1} (Name 姓名) has no value"],
        ["5", "Number already in an earlier row: first in row 2"],
    ]
    rows[1][0], rows[2][1] = "13900139000", "赵女士"
    assert post(client, job, rows).url == reverse("job", args=[job.pk])
    job.refresh_from_db()
    assert (job.status, SendJob.objects.count()) == (JobStatus.UPLOADED, 1)
    assert "Reading the file" in page(job)
    reading.read(job)
    assert sent_to(job) == ["+8613800138000", "+8613800138001", "+8613900139000"]
    text = page(job)
    assert 'aria-label="3 good, 0 repaired, 1 refused"' in text and "7 rows in 2 files" in text
    assert "Corrected in a later file</span> <strong>3</strong>" in text
    assert "row 4 of file 2: 138****8000, first in row 2" in text and "Send 3 messages" in text
    assert counts.verify(job) == {}
    # once more: what is corrected is not in the file any more, and the row names its file
    assert [row[3:] for row in refused(client, job)[1:]] == [
        ["4 (2)", "Number already in an earlier row: first in row 2"]
    ]


@pytest.mark.django_db(transaction=True)
def test_columns_that_a_person_had_to_choose_are_understood_when_they_come_back(client, alice):
    rows = [["w", "x", "y", "z"], ["A", "13800138000", "3", ""], ["B", "1380013", "4", ""]]
    job = reading.job(alice, rows, version=make.template(by=alice), number=1, values={"1": 0, "2": 2})
    client.force_login(alice)
    corrected = refused(client, job)
    assert corrected[0] == ["Mobile number", "Name 姓名", "Amount 金额", "Row in the file", "Reason"]
    corrected[1][0] = "13800138001"
    post(client, job, corrected)
    reading.read(job)
    assert list(Message.objects.of_job(job).values_list("values", "state").order_by("id")) == [
        (["A", "3"], 0), (["B", "4"], 9), (["B", "4"], 0)
    ]  # fmt: skip


def test_the_form_posted_twice_adds_one_file(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    token = uuid.uuid4()
    for _again in range(2):
        assert post(client, job, [["手机号"], ["13800138009"]], token=token).status_code == 302
    assert job.files.count() == 2
    # our script follows the address itself
    job.files.filter(number=2).update(state=FileState.LEFT_OUT)
    SendJob.objects.filter(pk=job.pk).update(status=JobStatus.CHECKED)
    answer = post(client, job, [["手机号"], ["1"]], HTTP_X_REQUESTED_WITH="upload")
    assert answer.json() == {"location": reverse("job", args=[job.pk])}


def test_while_one_file_is_read_no_other_is_taken(client, page, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    post(client, job, [["手机号"], ["13800138009"]])
    answer = post(client, job, [["手机号"], ["13800138008"]])
    assert answer.status_code == 422 and JobFile.objects.filter(job=job).count() == 2
    JobFile.objects.filter(job=job, number=2).update(rows_expected=100, rows_read=40)
    text = page(job)
    assert "40 of 100" in text and "more.xlsx" in text and "Files of this job" in text


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("list.pdf", b"%PDF"), "neither .xlsx nor .csv"),
        (SimpleUploadedFile("list.xlsx", b""), "The file is empty"),
        (None, "Choose a file, .xlsx or .csv."),
    ],
)
def test_what_is_no_sheet_is_refused_at_the_form(client, alice, file, words):
    job = make.job(by=alice, rows=1, invalid=1, status=JobStatus.CHECKED)
    client.force_login(alice)
    data = {"token": uuid.uuid4()} | ({"file": file} if file else {})
    answer = client.post(reverse("job-add", args=[job.pk]), data)
    text = one_line(answer)
    assert answer.status_code == 422 and words in text[text.index('id="add_file-error"') :]
    assert job.files.count() == 1


@pytest.mark.django_db(transaction=True)
def test_numbers_can_be_typed_where_the_message_has_no_variables(client, page, alice):
    job = reading.job(alice, [["手机号"], ["13800138000"]])
    client.force_login(alice)
    assert 'name="numbers"' in page(job)
    assert post(client, job, numbers="13800138000, 138 0013 8001\n12345").status_code == 302
    reading.read(job)
    assert sent_to(job) == ["+8613800138000", "+8613800138001"]
    text = page(job)
    assert "Typed numbers" in text and 'aria-label="1 good, 1 repaired, 2 refused"' in text
    too_many = post(client, job, numbers="\n".join(str(13_800_000_000 + i) for i in range(1001)))
    assert too_many.status_code == 422 and "at most 1,000 can be typed" in too_many.content.decode()
    with_variables = make.job(by=alice, status=JobStatus.CHECKED)
    assert 'name="numbers"' not in page(with_variables)


def test_a_further_file_that_cannot_be_read_says_why_and_takes_columns(page, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    preview = {
        "sheet": "", "sheets": [], "header": True, "header_row": 1, "headers": ["x", "y", "z"], "titled": False,
        "first_column": 0, "rows": [[2, ["A", "13800138000", "3"]]], "digest": "d",
    }  # fmt: skip
    fault = {"code": "variable_without_column", "variables": [{"name": "2", "code": "${2}"}], "headers": ["x", "y"]}
    job.files.create(
        number=2, state=FileState.UNREADABLE, file="none", file_name="odd.xlsx", fault=fault, preview=preview
    )
    text = page(job)
    assert "The file odd.xlsx could not be read." in text and "No column was found for the variable ${2}" in text
    assert "Which column is which?" in text and "138****8000" in text
    assert "Send 3 messages" in text  # the others do not wait for it
    assert "It could not be read, so nothing of it is sent in any case." in text


@pytest.mark.django_db(transaction=True)
def test_a_file_that_waits_can_be_left_out_and_what_it_corrected_is_refused_again(client, page, alice):
    job = reading.job(alice, WITH_ERRORS, version=make.template(by=alice))
    client.force_login(alice)
    corrected = refused(client, job)[:2]
    corrected[1][0] = "13900139000"
    post(client, job, corrected)
    reading.read(job)
    text = page(job)
    assert "1 message of this file will not be sent. 1 row that it corrects is refused again." in text
    file = job.files.get(number=2)
    leave = reverse("job-leave-out", args=[job.pk])
    assert client.post(leave, {"file": file.pk}).url == reverse("job", args=[job.pk])
    dispatch.withhold_file(file.pk)
    text = page(job)
    assert 'aria-label="1 good, 0 repaired, 3 refused"' in text and "Left out" in text and "Send 1 message<" in text
    assert "Corrected in a later file" not in text and "4 rows in the file" in text
    assert len(refused(client, job)) == 4  # without those of the file that was left out
    assert "cannot become" in one_line(client.post(leave, {"file": file.pk}, follow=True))
    assert client.post(leave, {"file": "x"}).status_code == 404
    assert jobs.confirm(job, by=alice, token=jobs.token_of(job)) is None and sent_to(job) == ["+8613800138000"]


def test_the_only_file_is_not_left_out_but_the_job_cancelled(page, alice):
    text = page(make.job(by=alice, status=JobStatus.CHECKED))
    assert "Leave out" not in text and "Cancel the job" in text


def test_an_unreadable_job_takes_another_file(client, page, alice):
    job = make.job(by=alice, status=JobStatus.UNREADABLE)
    assert "Add another file" in page(job) and "Cancel the job" in page(job)
    post(client, job, [["手机号"], ["13800138009"]])
    job.refresh_from_db()
    assert (job.status, job.files.count()) == (JobStatus.UPLOADED, 2)


# Afterwards


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [JobStatus.SENDING, JobStatus.PAUSED, JobStatus.DONE])
def test_corrected_rows_of_a_job_that_was_confirmed_wait_for_their_own_confirmation(client, page, alice, status):
    job = reading.job(alice, WITH_ERRORS, version=make.template(by=alice))
    client.force_login(alice)
    jobs.confirm(job, by=alice, token=jobs.token_of(job))
    if status != JobStatus.SENDING:
        job.move(status, by=alice)
    corrected = refused(client, job)
    corrected[1][0] = "13900139000"
    assert post(client, job, corrected).status_code == 302
    text = page(job)
    assert "Reading a further file" in text and 'hx-trigger="every 2s"' in text
    reading.read(job)
    assert job.status == status and job.released == 4
    text = page(job)
    assert "3 more rows wait for your confirmation" in text
    assert 'aria-label="1 good, 0 repaired, 2 refused"' in text and "Confirm 1 more message" in text
    assert confirm_more(client, job, consent="").status_code == 302  # the box is ticked, whatever its value
    job.refresh_from_db()
    assert (job.status, job.released) == (JobStatus.SENDING if status == JobStatus.DONE else status, 7)
    assert sent_to(job) == ["+8613800138000", "+8613900139000"]
    assert counts.verify(job) == {}
    assert AuditEntry.objects.get(verb="job.more_confirmed", object_id=job.pk).detail["consent"] is True
    assert "more rows wait" not in page(job)


@pytest.fixture
def with_more(alice):
    """A job that is sending, and a further file of two rows that waits."""
    job = make.job(by=alice, rows=5, status=JobStatus.SENDING)
    file = job.files.get()
    file.total = 3
    file.save()
    SendJob.objects.filter(pk=job.pk).update(released=3)
    summary = {"good": 2, "repaired": 0, "refused": 0, "segments": {"1": 2}, "segments_total": 2}
    job.files.create(number=2, state=FileState.CHECKED, file_name="more.xlsx", first=3, total=2, summary=summary)
    job.refresh_from_db()
    return job


def test_more_is_confirmed_with_consent_and_as_it_was_seen(client, page, alice, with_more):
    text = page(with_more)
    assert "2 more rows wait for your confirmation" in text
    form = text[text.index('action="' + reverse("job-confirm-more", args=[with_more.pk])) :]
    assert 'hx-preserve="true"' in form[: form.index(">")]  # a page that asks again by itself unticks no box
    client.force_login(alice)
    address = reverse("job-confirm-more", args=[with_more.pk])
    unticked = client.post(address, {"token": jobs.token_of(with_more)})
    assert unticked.status_code == 422 and "Without that nothing may be sent." in unticked.content.decode()
    for token in ({"token": "old"}, {}):
        behind = client.post(address, CONSENT | token)
        assert behind.status_code == 422 and "has changed since you looked" in behind.content.decode()
        assert re.search(r'name="consent"[^>]* checked', behind.content.decode())
    with_more.refresh_from_db()
    assert with_more.released == 3


def test_two_who_confirm_more_do_it_once(client, alice, with_more):
    client.force_login(alice)
    token = jobs.token_of(with_more)
    first = confirm_more(client, with_more, token=token)
    second = client.post(first.request["PATH_INFO"], {"token": token, **CONSENT}, follow=True)
    assert first.status_code == 302 and "has changed since you looked" in second.content.decode()
    assert AuditEntry.objects.filter(verb="job.more_confirmed").count() == 1


def test_a_file_that_waits_is_left_out_of_a_running_job(client, page, alice, with_more):
    assert "Leave out" in page(with_more)
    client.post(reverse("job-leave-out", args=[with_more.pk]), {"file": with_more.files.get(number=2).pk})
    with_more.refresh_from_db()
    assert with_more.status == JobStatus.SENDING and "wait for your confirmation" not in page(with_more)
    confirmed = with_more.files.get(number=1)
    answer = client.post(reverse("job-leave-out", args=[with_more.pk]), {"file": confirmed.pk}, follow=True)
    assert "cannot become" in answer.content.decode()


@pytest.mark.parametrize("status", [JobStatus.STOPPED, JobStatus.CANCELLED])
def test_a_job_that_was_given_up_takes_no_more(client, page, alice, status):
    job = make.job(by=alice, status=status)
    assert 'id="add"' not in page(job)
    answer = post(client, job, [["手机号"], ["13800138009"]])
    assert answer.status_code == 422 and job.files.count() == 1


def test_who_only_looks_adds_and_confirms_nothing(client, alice, with_more):
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise, language="en"))
    text = one_line(client.get(reverse("job", args=[with_more.pk])))
    assert "2 more rows wait" in text and "Confirm 2 more" not in text and "Check and add" not in text
    for name in ("job-add", "job-leave-out", "job-confirm-more"):
        assert client.post(reverse(name, args=[with_more.pk])).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_two_people_who_add_at_once_add_one_after_the_other(alice):
    """One is taken, the other is told; whatever happens, one file is read at a time."""
    job = make.job(by=alice, status=JobStatus.CHECKED)
    statuses, gate = [], threading.Barrier(2)

    def adds(number):
        client = Client()
        client.force_login(alice)
        gate.wait()
        statuses.append(post(client, job, [["手机号"], [number]]).status_code)
        connection.close()

    threads = [threading.Thread(target=adds, args=[number]) for number in ("13800138008", "13800138009")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302, 422]
    assert job.files.filter(state=FileState.READING).count() == 1
