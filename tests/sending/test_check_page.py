"""The page of a job that was checked and waits for a person: figures, columns, what it takes, and its confirmation."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Role
from accounts.models.application import Region
from sending import counts, jobs
from sending.intake.merged import summary_of
from sending.models import (
    CountDelta,
    FileState,
    JobFile,
    JobStatus,
    LatePolicy,
    Message,
    MessageState,
    RememberedColumns,
    SendJob,
    Source,
)
from templates_app.models import MessageType
from tests import make
from tests.sending import reading

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
HEADINGS = ["手机号", "姓名", "金额"]
WITH_ERRORS = [
    HEADINGS,
    ["13800138000", "王女士", "12.50"],
    ["1380013", "李先生", "13.50"],
    ["13800138001", "", "1280"],
    ["+86 159-0013-9002", "欧阳修远", "99999.99"],
    ["13800138000", "王先生", "3"],
]


@pytest.fixture
def alice(db):
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def page(client, alice):
    """Signed in as alice; the text of a job's page, in one line."""
    client.force_login(alice)

    def get(job, **query):
        response = client.get(reverse("job", args=[job.pk]), query)
        assert response.status_code == 200
        return in_one_line(response)

    return get


def in_one_line(response):
    return re.sub(r"\s+", " ", response.content.decode())


def confirmation(job, **fields):
    """What the form posts."""
    return {"when": "now", "consent": "on", "token": jobs.token_of(job), **fields}


def confirm(client, job, **fields):
    return client.post(reverse("job-confirm", args=[job.pk]), confirmation(job, **fields))


def columns_of(file, *targets, **fields):
    """What the form of the columns posts: where A, B, … go."""
    chosen = {f"column-{place}": target for place, target in enumerate(targets)}
    return {"file": file.pk, "header": "yes", **chosen, **fields}


# What was found


@pytest.mark.django_db(transaction=True)
def test_every_row_is_counted_once_and_refused_ones_stand_in_their_place(page, alice):
    make.carrier()
    job = reading.job(alice, WITH_ERRORS, version=make.template(by=alice))
    text = page(job)
    assert "5 rows in the file" in text
    assert 'aria-label="1 good, 1 repaired, 3 refused"' in text
    assert "Send 2 messages" in text and "Schedule 2 messages" in text
    for label in ("Number too short", "A variable has no value", "Number already in an earlier row"):
        assert re.search(rf'<th scope="row">{label}</th><td class="num">1</td>', text)
    assert "row 6: 138****8000, first in row 2" in text
    assert "row 4: 138****8001, variable ${1} (Name 姓名) has no value" in text
    assert "3 refused rows (.xlsx)" in text
    # in their place: the row, its cells with the bad one marked, the reason
    table = text[text.index('id="refused-rows"') :]
    rows = re.findall(r"<tr> <th scope=\"row\".*?</tr>", table)[:3]
    assert ["cell-bad" in cell for cell in re.findall(r"<td>.*?</td>", rows[0])] == [True, False, False]
    assert ["cell-bad" in cell for cell in re.findall(r"<td>.*?</td>", rows[1])] == [False, True, False]
    assert "empty" in rows[1] and "Variable ${1} (Name 姓名) has no value" in rows[1]
    assert "Number already in an earlier row: first in row 2" in rows[2] and ">6<" in rows[2]
    assert "13800138001" not in text and "138****8001" in table


def test_owners_see_the_numbers_of_refused_rows_in_full(client, alice):
    job = make.job(by=alice, rows=1, invalid=1, status=JobStatus.CHECKED)
    Message.objects.of_job(job).filter(row=3).update(raw="138 0013", number="")
    client.force_login(make.user(role=Role.OWNER, of=alice.enterprise))
    assert "138 0013" in client.get(reverse("job", args=[job.pk])).content.decode()
    client.force_login(alice)
    assert "138 0013" not in client.get(reverse("job", args=[job.pk])).content.decode()


def test_viewers_see_the_figures_but_nobodys_values(client, alice):
    job = make.job(by=alice, rows=1, invalid=1, status=JobStatus.CHECKED)
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise, language="en"))
    text = in_one_line(client.get(reverse("job", args=[job.pk])))
    assert "1 good, 0 repaired, 1 refused" in text
    assert "王女士" not in text and 'id="refused-rows"' not in text
    assert "Send 1 message" not in text and "Check and add" not in text


def test_only_the_first_refused_rows_are_shown(page, alice):
    text = page(make.job(by=alice, rows=1, invalid=30, status=JobStatus.CHECKED))
    assert "The first 20 refused rows" in text
    table = text[text.index('id="refused-rows"') :]
    assert len(re.findall(r'<th scope="row" class="num mono nowrap">', table)) == 20


def test_what_others_call_themselves_is_text(page, alice):
    job = make.job(by=alice, name="<script>alert(1)</script>", rows=1, invalid=1, status=JobStatus.CHECKED)
    Message.objects.filter(job=job).update(raw="<i>x</i>", number="<i>x</i>", values=["<b>a</b>", "<b>c</b>"])
    text = page(job)
    assert "<script>alert" not in text and "<i>x" not in text and "<b>a" not in text


# Columns


@pytest.mark.django_db(transaction=True)
def test_columns_are_chosen_column_by_column_and_remembered(client, page, alice):
    version = make.template(by=alice)
    rows = [["a", "b", "c"], ["13800138000", "12.50", "王女士"], ["13800138001", "1", "李"]]
    job = reading.job(alice, rows, version=version)
    assert job.status == JobStatus.CHECKED  # by their order, and wrong: ${1} is the name
    text = page(job)
    assert "not all found by their headings" in text and "by its content" in text and "by its position" in text
    assert "<span>A</span>" in text or re.search(r'mono muted me-2">A</span>a<', text)
    file = job.files.get()
    answer = client.post(reverse("job-columns", args=[job.pk]), columns_of(file, "number", "value:2", "value:1"))
    assert answer.url == reverse("job", args=[job.pk])
    job.refresh_from_db()
    assert (job.status, SendJob.objects.count()) == (JobStatus.UPLOADED, 1)
    reading.read(job)
    assert Message.objects.of_job(job).earliest("id").values == ["王女士", "12.50"]
    assert "as you chose them" in page(job)
    held = RememberedColumns.objects.get()
    assert (held.number, held.values, held.header) == (0, {"1": 2, "2": 1}, True)
    assert "remembered from an earlier file with these headings" in page(reading.job(alice, rows, version=version))


@pytest.mark.django_db(transaction=True)
def test_a_file_whose_columns_nobody_can_tell_is_read_by_chosen_ones(client, page, alice):
    job = reading.job(alice, [["w", "x", "y", "z"], ["A", "13800138000", "3", "B"]], version=make.template(by=alice))
    assert job.status == JobStatus.UNREADABLE
    text = page(job)
    assert "Which column is which?" in text and "138****8000" in text and "13800138000" not in text
    # what can be told is suggested
    selects = re.findall(r'<select.*?name="column-\d".*?</select>', text)
    assert [re.findall(r'value="([^"]*)" selected', select) for select in selects] == [[""], ["number"], [""], [""]]
    file = job.files.get()
    client.post(reverse("job-columns", args=[job.pk]), columns_of(file, "value:1", "number", "value:2"))
    assert reading.read(job).status == JobStatus.CHECKED
    assert Message.objects.of_job(job).get().values == ["A", "3"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (("value:1", "value:2", ""), "Choose the column that the numbers are in."),
        (("number", "value:1", ""), "Choose a column for ${2} Amount 金额"),
        (("number", "number", "value:1"), "Number stands at column A already."),
        (("number", "value:1", "value:1"), "stands at column B already."),
        (("number", "nonsense", "value:1"), "Select a valid choice"),
    ],
)
def test_columns_that_do_not_fit_are_explained_and_stay_chosen(client, alice, targets, words):
    job = reading.job(alice, [HEADINGS, ["13800138000", "王女士", "1"]], version=make.template(by=alice))
    client.force_login(alice)
    answer = client.post(reverse("job-columns", args=[job.pk]), columns_of(job.files.get(), *targets))
    text = in_one_line(answer)
    assert answer.status_code == 422 and words in text
    chosen = [
        re.search(r'value="([^"]*)" selected', s) for s in re.findall(r'<select.*?name="column-.*?</select>', text)
    ]
    assert [found and found[1] for found in chosen] == [target if target != "nonsense" else None for target in targets]
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED


@pytest.mark.django_db(transaction=True)
def test_another_sheet_is_read_and_hidden_ones_cannot_be_chosen(client, page, alice):
    rows = [["手机号"], ["13800138000"]]
    sheets = {"March": [["mobile"], ["13900139000"], ["13900139001"]], "Old": rows, "Empty": []}
    job = reading.job(alice, reading.book(rows, sheets=sheets, hidden=["Old"]))
    text = page(job)
    assert "Sheet “March” was not read." in text
    assert re.search(r'<option value="Old" disabled> ?Old \(hidden\)', text)
    assert re.search(r'<option value="Empty" disabled> ?Empty \(empty\)', text)
    file, address = job.files.get(), reverse("job-columns", args=[job.pk])
    refused = client.post(address, columns_of(file, "number", sheet="Old"))
    assert refused.status_code == 422 and "This sheet is hidden or empty." in refused.content.decode()
    client.post(address, columns_of(file, "number", sheet="March"))
    reading.read(job)
    assert set(Message.objects.of_job(job).values_list("number", flat=True)) == {"+8613900139000", "+8613900139001"}


@pytest.mark.django_db(transaction=True)
def test_of_duplicates_with_other_values_the_last_can_be_kept(client, page, alice):
    rows = [HEADINGS, ["13800138000", "王女士", "1"], ["13800138000", "王女士", "2"]]
    job = reading.job(alice, rows, version=make.template(by=alice))
    assert "1 row has a number that another one has too, with other values." in page(job)
    wanted = columns_of(job.files.get(), "number", "value:1", "value:2", duplicates="last")
    client.post(reverse("job-columns", args=[job.pk]), wanted)
    reading.read(job)
    assert Message.objects.of_job(job).get(state=MessageState.QUEUED).values == ["王女士", "2"]
    assert re.search(r'value="last"[^>]* checked', page(job))
    same = reading.job(alice, [HEADINGS, *[["13800138000", "王女士", "1"]] * 2], version=job.version)
    assert 'name="duplicates"' not in page(same)


@pytest.mark.django_db(transaction=True)
def test_a_first_row_without_headings_counts_as_a_recipient(client, page, alice):
    job = reading.job(alice, [["13800138000"], ["13800138001"]])
    assert re.search(r'value="no"[^>]* checked', page(job)) and job.total == 2
    client.post(reverse("job-columns", args=[job.pk]), columns_of(job.files.get(), "number", header="yes"))
    assert reading.read(job).total == 1


def test_a_file_that_is_gone_or_of_others_is_not_read_again(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    other = make.job(by=make.user(), status=JobStatus.CHECKED)
    client.force_login(alice)
    for file in (other.files.get(), job.files.get()):  # the second has no preview, as those of earlier versions
        answer = client.post(reverse("job-columns", args=[job.pk]), columns_of(file, "number"), follow=True)
        assert "cannot be read by other columns any more" in answer.content.decode()
    assert not JobFile.objects.filter(state=FileState.READING).exists()


@pytest.mark.django_db(transaction=True)
def test_columns_chosen_in_two_windows_are_read_once(client, alice):
    job = reading.job(alice, [["手机号"], ["13800138000"]])
    client.force_login(alice)
    address, chosen = reverse("job-columns", args=[job.pk]), columns_of(job.files.get(), "number")
    client.post(address, chosen)
    second = client.post(address, chosen, follow=True)
    assert "cannot be read by other columns any more" in second.content.decode()
    assert AuditEntry.objects.filter(verb="job.columns_changed").count() == 1
    assert reading.read(job).total == 1


def test_typed_numbers_have_no_columns_to_choose(page, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    job.files.update(source=Source.TYPED, preview={"headers": ["A"], "header": False, "rows": [[1, ["1"]]]})
    assert 'id="columns"' not in page(job)


@pytest.mark.django_db(transaction=True)
def test_operators_see_no_number_of_the_first_rows(client, page, alice):
    job = reading.job(alice, [["手机号"], ["13800138000"]])
    assert "138****8000" in page(job) and "13800138000" not in page(job)
    client.force_login(make.user(role=Role.OWNER, of=alice.enterprise))
    assert "13800138000" in client.get(reverse("job", args=[job.pk])).content.decode()


# What it takes


def takes(client, job, **query):
    return in_one_line(client.get(reverse("job-takes", args=[job.pk]), query, **HTMX))


def figure(text, label):
    found = re.search(rf"<dt>{label}</dt><dd>(?:<strong>)?(.*?)(?:</strong>)?</dd>", text)
    return re.sub(r"<[^>]+>", "", found[1]) if found else None


def summarised(job, **summary):
    file = job.files.get()
    file.summary |= summary
    file.save()
    return job


def test_segments_are_told_by_size_and_in_all(page, alice):
    make.carrier(rate=100)
    sizes = {"segments": {"1": 700, "2": 200, "3": 50, "4": 30, "5": 15, "6": 5}, "segments_total": 1475}
    text = page(summarised(make.job(by=alice, status=JobStatus.CHECKED), good=1000, **sizes))
    assert figure(text, "1 segment") == "700 messages" and figure(text, "4 segments") == "30 messages"
    assert figure(text, "5 to 6 segments") == "20 messages" and figure(text, "Segments") == "1,475"
    assert "70 characters fit into one segment, 67 into each of several (UCS-2)" in text
    assert figure(text, "At 100 segments a second").startswith("15 s, until ")


def test_abroad_the_character_that_costs_is_named(page, alice):
    version = make.template(
        by=alice, region=Region.INTERNATIONAL, text="Hi ${1}", variables=[make.VARIABLES[0] | {"meaning": "name"}]
    )
    job = make.job(by=alice, version=version, rows=0, invalid=3, status=JobStatus.CHECKED)
    why = {"character": "ł", "row": 17, "in": "1"}
    mixed = {"segments": {"1": 3}, "segments_total": 3, "alphabets": {"gsm7": 2, "ucs2": 1}, "why_ucs2": why}
    text = page(summarised(job, good=3, **mixed))
    assert figure(text, "In GSM-7") == "2 messages" and figure(text, "In UCS-2") == "1 message"
    assert "The first because of “ł” in ${1} (name), row 17." in text
    summarised(job, alphabets={"gsm7": 3, "ucs2": 0}, why_ucs2={})
    text = page(job)
    assert "GSM-7: 160 characters fit into one segment" in text and "In UCS-2" not in text
    summarised(job, alphabets={"ucs2": 3}, why_ucs2={"character": "你", "row": 0, "in": "text"})
    assert "Because of “你” in the text." in page(job)


def test_the_end_follows_the_time_and_the_speed_chosen(client, alice):
    make.carrier(rate=100)
    job = summarised(make.job(by=alice, status=JobStatus.CHECKED), good=3000, segments_total=3000)
    client.force_login(alice)
    begin = timezone.localtime().replace(hour=12, minute=0) + timedelta(days=1)
    later = {"when": "later", "at": f"{begin:%Y-%m-%dT%H:%M}"}
    assert figure(takes(client, job, **later), "At 100 segments a second").endswith("12:00")
    slow = takes(client, job, speed_limit=1, **later)
    assert figure(slow, "At 1 segment a second").startswith("50 min, until ") and "12:50<" in slow
    ends = takes(client, job, speed_limit=1, until=f"{begin:%Y-%m-%dT12:10}", **later)
    assert "the rest is withheld then" in ends
    # what cannot be read is passed over here; the form says so when it is posted
    assert figure(takes(client, job, when="later", at="soon", speed_limit="fast"), "At 100 segments a second")


def test_at_night_there_is_advice_and_promotions_wait(client, alice):
    make.carrier(rate=100)
    client.force_login(alice)
    night = {"when": "later", "at": f"{timezone.localtime() + timedelta(days=1):%Y-%m-%d}T23:30"}
    notices = make.job(by=alice, status=JobStatus.CHECKED)
    text = takes(client, notices, **night)
    assert "23:30 is at night" in text and "Held up by the night" not in text
    assert "at night" not in takes(client, notices, **night | {"at": night["at"].replace("23:30", "10:00")})
    version = make.template(by=alice, type=MessageType.PROMOTION, text="新品八折${1}${2}拒收请回复R")
    text = takes(client, make.job(by=alice, version=version, status=JobStatus.CHECKED), **night)
    assert figure(text, "Held up by the night") == "3 messages" and "Quiet hours until" in text


def test_without_a_carrier_nothing_is_promised(page, alice):
    text = page(make.job(by=alice, status=JobStatus.CHECKED))
    assert "No carrier serves this region." in text and "<dt>At " not in text


# The same file again


def test_the_same_file_and_template_as_before_is_said(page, alice):
    version = make.template(by=alice)
    before = make.job(by=alice, version=version, name="October", status=JobStatus.DONE)
    job = make.job(by=alice, version=version, status=JobStatus.CHECKED)
    words = "This file went out before with this template."
    assert words not in page(job)
    job.files.update(digest=before.files.get().digest)
    text = page(job)
    assert words in text and f'<a href="{reverse("job", args=[before.pk])}">October</a>' in text and ", Alice." in text
    for status in (JobStatus.CHECKED, JobStatus.CANCELLED):
        unsent = make.job(by=alice, version=version, name="November", status=status)
        unsent.files.update(digest=before.files.get().digest)
        assert "November" not in page(job)


def test_another_template_or_enterprise_is_no_repetition(page, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    for by in (alice, make.user()):
        make.job(by=by, status=JobStatus.DONE).files.update(digest=job.files.get().digest)
    assert "This file went out before" not in page(job)


# Confirming


def test_confirming_from_the_page(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    answer = confirm(client, job)
    job.refresh_from_db()
    assert answer.url == reverse("job", args=[job.pk])
    assert (job.status, job.confirmed_by, job.released) == (JobStatus.SENDING, alice, 3)
    assert job.files.get().state == FileState.CONFIRMED
    assert AuditEntry.objects.get(verb="job.sending", object_id=job.pk).detail["consent"] is True


def test_nothing_is_sent_without_the_declarations(client, alice):
    client.force_login(alice)
    job = make.job(by=alice, status=JobStatus.CHECKED)
    answer = confirm(client, job, consent="", speed_limit="7")
    text = in_one_line(answer)
    assert answer.status_code == 422 and "Without that nothing may be sent." in text
    assert 'name="speed_limit" value="7"' in text and "cross_border" not in text
    version = make.template(by=alice, region=Region.INTERNATIONAL, text="Hi ${1} ${2}")
    abroad = make.job(by=alice, version=version, status=JobStatus.CHECKED)
    answer = confirm(client, abroad)
    assert answer.status_code == 422 and "the notice about sending abroad" in answer.content.decode()
    assert confirm(client, abroad, cross_border="on").status_code == 302
    for one, status in ((job, JobStatus.CHECKED), (abroad, JobStatus.SENDING)):
        one.refresh_from_db()
        assert one.status == status


def test_a_plan_is_read_in_the_enterprises_zone(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    begin = (timezone.localtime() + timedelta(days=1)).replace(second=0, microsecond=0)
    until = begin + timedelta(hours=3)
    confirm(
        client, job, when="later", at=f"{begin:%Y-%m-%dT%H:%M}", until=f"{until:%Y-%m-%dT%H:%M}", late_policy="ask",
        late_minutes="30", speed_limit="50",
    )  # fmt: skip
    job.refresh_from_db()
    assert (job.status, job.scheduled_at, job.send_until) == (JobStatus.SCHEDULED, begin, until)
    assert (job.late_policy, job.late_minutes, job.speed_limit) == (LatePolicy.ASK, 30, 50)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"at": "2020-01-01T09:00"}, "at", "That is in the past"),
        ({"at": "2099-01-01T09:00"}, "at", "within 31 days"),
        ({"at": ""}, "at", "Say when"),
        ({"at": "soon"}, "at", "Write the time like"),
        ({"when": "now", "until": "2020-01-01T09:00"}, "until", "before the job begins"),
        ({"when": "now", "speed_limit": "0"}, "speed_limit", "From 1 to 100,000"),
        ({"late_minutes": "1441"}, "late_minutes", "which is a day"),
    ],
)
def test_what_does_not_fit_is_explained_at_its_field_and_stays(client, alice, fields, field, words):
    make.carrier()
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    begin = f"{timezone.localtime() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    posted = {"when": "later", "at": begin, "late_policy": "drop", "late_minutes": "5"} | fields
    answer = confirm(client, job, **posted)
    text = in_one_line(answer)
    assert answer.status_code == 422
    error = text[text.index(f'id="id_{field}-error"') :]
    assert words in error[: error.index("</p>")]
    assert f'aria-describedby="id_{field}-' in text
    assert re.search(r'name="consent"[^>]* checked', text) and '<option value="drop" selected>' in text
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED


def test_who_confirms_what_has_changed_is_shown_what_it_is_now(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    old = confirmation(job, speed_limit="7")
    job.files.update(checked_at=timezone.now())  # read by other columns, in another window
    answer = client.post(reverse("job-confirm", args=[job.pk]), old)
    text = in_one_line(answer)
    assert answer.status_code == 422 and "This job has changed since you looked" in text
    assert jobs.token_of(job) in text and old["token"] not in text and 'name="speed_limit" value="7"' in text
    for missing in ({}, {"token": ""}):
        assert (
            client.post(reverse("job-confirm", args=[job.pk]), {"when": "now", "consent": "on"} | missing).status_code
            == 422
        )
    assert confirm(client, job).status_code == 302


def test_two_who_confirm_start_it_once(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(alice)
    posted = confirmation(job)
    for _again in range(2):
        answer = client.post(reverse("job-confirm", args=[job.pk]), posted, follow=True)
    assert "This job is “Sending” by now" in answer.content.decode()
    assert AuditEntry.objects.filter(verb="job.sending", object_id=job.pk).count() == 1


def test_a_job_of_refused_rows_only_says_what_to_do(page, alice):
    text = page(make.job(by=alice, rows=0, invalid=2, status=JobStatus.CHECKED))
    assert "No row can be sent." in text and "add them to this job" in text and 'id="confirm"' not in text


def test_the_page_asks_for_as_much_of_twenty_rows_as_of_two(client, alice, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(alice)
    costs = []
    for n in (2, 20):
        job = make.job(by=alice, rows=n, invalid=n, status=JobStatus.CHECKED)
        client.get(reverse("job", args=[job.pk]))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("job", args=[job.pk]))
        costs.append(len(captured))
    assert costs[0] == costs[1] < 60


def test_codes_and_not_the_summary_say_what_is_refused_now(page, alice):
    """A later file corrects rows: their code changes, the first file's summary does not."""
    job = make.job(by=alice, rows=3, invalid=4, status=JobStatus.CHECKED)
    summarised(job, problems={"too_short": {"n": 4, "example": {"row": 5, "raw": "1****", "detail": ""}}})
    first_refused = (job.first_id or 0) + 3
    Message.objects.filter(pk=first_refused).update(code="superseded", detail="2:too_short:")
    for code, n in (("too_short", -1), ("superseded", 1)):
        CountDelta.objects.create(
            job=job, hour=timezone.now(), country="CN", state=MessageState.INVALID, code=code, n=n, segments=0
        )
    assert counts.verify(job) == {}
    text = page(job)
    assert 'aria-label="3 good, 0 repaired, 3 refused"' in text and "7 rows in the file" in text
    assert re.search(r"Corrected in a later file</span> <strong>1</strong>", text)
    assert '<th scope="row">Number too short</th><td class="num">3</td>' in text
    assert "row 5" not in text and "row 6" in text  # the example is one that still stands
    assert 'mono nowrap">5<' not in text


def test_of_two_files_the_longest_and_the_costliest_message_are_each_of_the_right_one(alice):
    job = make.job(by=alice, rows=4, status=JobStatus.CHECKED)
    short = {"row": 2, "id_offset": 0, "segments": 2, "characters": 80}
    long = {"row": 3, "id_offset": 1, "segments": 1, "characters": 150}
    summarised(job, longest=short, costliest=short)
    second = job.files.create(
        number=2, state=FileState.CHECKED, first=2, total=2, summary={"longest": long, "costliest": long}
    )
    found = summary_of([job.files.get(number=1), second])
    assert found["longest"] == long | {"file": 2, "id_offset": 3}
    assert found["costliest"] == short | {"file": 1}


def test_a_form_of_a_stranger_does_not_confirm(client, alice):
    job = make.job(by=alice, status=JobStatus.CHECKED)
    client.force_login(make.user(role=Role.OWNER))
    assert confirm(client, job).status_code == 404
    assert client.post(reverse("job-add", args=[job.pk]), {"token": uuid.uuid4()}).status_code == 404
