"""What people will read: every row can be reached, by its place, its number, its values, and only what will be sent."""

import time

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Role
from sending import job_files, places, previews
from sending.models import FileState, JobFile, JobStatus, Message, MessageState
from tests import make

HTMX = {"HTTP_HX_REQUEST": "true"}
# (row, number, values, code) as the check would have left them
PEOPLE = [
    (2, "+8613800138000", ["王女士", "12.50"], ""),
    (3, "", ["李先生", "13.50"], "too_short"),
    (4, "+8613900139001", ["陈女士", "1280"], ""),
    (5, "+8615900139002", ["欧阳修远", "99999.99"], ""),
    (6, "+8613900139001", ["陈女士", "1280"], "duplicate"),
    # of a second file
    (2, "+8613700137000", ["赵女士", "1"], ""),
    (3, "+8613700137001", ["钱先生", "2"], ""),
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db):
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def ask(client, alice):
    """The part with the message, as htmx asks for it: its text, and the row that the address bar is left with."""
    client.force_login(alice)

    def get(job, **query):
        answer = client.get(reverse("job-preview", args=[job.pk]), query, **HTMX)
        assert answer.status_code == 200
        return answer.content.decode(), answer.headers.get("HX-Push-Url", "").rpartition("=")[2]

    return get


def checked(alice, rows):
    """A checked job of these rows, all of them in one file."""
    job = make.job(by=alice, rows=len(rows), status=JobStatus.CHECKED)
    for place, (row, number, values, code) in enumerate(rows):
        state = MessageState.INVALID if code else MessageState.QUEUED
        Message.objects.filter(pk=(job.first_id or 0) + place).update(
            row=row, number=number, values=values, code=code, detail="4" if code == "duplicate" else "", state=state
        )
    longest = {"row": 5, "id_offset": 3, "segments": 1, "characters": 40}
    file = job.files.get()
    file.summary |= {"longest": longest, "costliest": longest}
    file.save()
    return job


@pytest.fixture
def people(alice):
    return checked(alice, PEOPLE[:5])


@pytest.fixture
def two_files(alice):
    """The second file brought the last two rows."""
    job = checked(alice, PEOPLE)
    job.files.update(total=5)
    JobFile.objects.create(
        job=job, number=2, state=FileState.CHECKED, file_name="more.xlsx", first=5, total=2, summary={"good": 2}
    )
    return job


def shown(job, position):
    found = previews.at(job, position)
    assert found
    return found


def test_refused_rows_are_passed_over(people):
    seen: list[tuple] = []
    position: int | None = 0
    while position is not None:
        found = shown(people, position)
        seen.append((found.position, found.row, found.values["1"], found.previous))
        position = found.next
    assert seen == [(0, 2, "王女士", None), (2, 4, "陈女士", 0), (3, 5, "欧阳修远", 2)]


def test_a_message_is_rendered_counted_and_its_values_are_marked(ask, people):
    found = shown(people, 3)
    assert found.text == f"{people.head}尊敬的欧阳修远，您本月消费99999.99元。"
    assert (found.characters, found.segments) == (len(found.text), 1)
    text, row = ask(people, row=3)
    assert "<mark>欧阳修远</mark>" in text and "row 5" in text and row == "3"


def test_rows_are_reached_by_the_number_the_spreadsheet_shows(ask, people):
    assert ask(people, n="4")[1] == "2"
    text, row = ask(people, n="3")
    assert row == "2" and "Row 3 is refused: Number too short." in text
    assert "Write the number of a row" in ask(people, n="four", row=2)[0]
    text, row = ask(people, n="900")
    assert row == "3" and "The file ends before row 900" in text


def test_blank_rows_in_the_middle_lead_to_the_next_one(ask, alice):
    job = checked(alice, [(2, "+8613800138000", ["王", "1"], ""), (43, "+8613800138001", ["李", "2"], "")])
    text, row = ask(job, n="20")
    assert row == "1" and "Row 20 has no recipient." in text and "row 43" in text
    assert ask(job, n="43")[1] == "1" and "has no recipient" not in ask(job, n="43")[0]


def test_a_row_of_the_second_file_is_called_by_both(ask, two_files):
    text, row = ask(two_files, n="3", file=2)
    assert row == "6" and "row 3 of file 2" in text and "<mark>钱先生</mark>" in text
    assert ask(two_files, n="3 (2)")[1] == "6"
    assert "No file 3 of this job" in ask(two_files, n="3", file=3)[0]
    assert places.find(two_files.files.get(number=2), 3) == two_files.first_id + 6


@pytest.mark.parametrize(
    "words",
    ["13900139001", "+86 139 0013 9001", "0086-13900139001", "１３９００１３９００１", "1390", "+861390", "86139001"],
)
def test_a_number_is_found_however_it_is_written(people, words):
    assert previews.search(people, words) == 2


def test_the_next_match_follows_all_around(people):
    assert previews.search(people, "13") == 0
    assert previews.search(people, "13", after=0) == 2
    assert previews.search(people, "13", after=2) == 0
    assert previews.search(people, "女士", after=0) == 2
    assert previews.search(people, "女士", after=2) == 0


@pytest.mark.parametrize(
    ("words", "position"), [("欧阳", 3), ("99999.99", 3), ("1280", 2), ("nobody", None), ("%", None)]
)
def test_a_word_is_looked_for_in_the_values(people, words, position):
    assert previews.search(people, words) == position


def test_a_search_that_finds_nothing_says_so(ask, people):
    text, row = ask(people, find="nobody", row=2)
    assert row == "2" and "No row to be sent has the number “nobody” or a value with it." in text
    assert "<i>" not in ask(people, find="<i>")[0]


def test_a_refused_number_is_told_of(ask, alice):
    job = checked(alice, [(2, "+8613800138000", ["王", "1"], ""), (3, "+8613999999999", ["李", "2"], "blocklisted")])
    text, row = ask(job, find="13999999999")
    assert row == "0" and "Row 3 has this number and is refused: On the blocklist." in text


def test_a_search_that_takes_too_long_is_ended_and_said(ask, people, monkeypatch):
    monkeypatch.setattr(previews, "SEARCH_MS", 1)

    def slow(*_args):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")

    monkeypatch.setattr(previews, "_by_word", slow)
    text, row = ask(people, find="nobody", row=2)
    assert "took longer than 1.5 seconds" in text and row == "2"
    assert previews.search(people, "13800138000") == 0  # and the next one has its time again


def test_rows_of_a_file_that_was_left_out_are_not_shown(alice, two_files):
    assert previews.search(two_files, "13700137000") == 5
    job_files.leave_out(two_files.files.get(number=2), by=alice)  # its rows are withheld a little later
    assert Message.objects.get(pk=two_files.first_id + 5).state == MessageState.QUEUED
    assert previews.search(two_files, "13700137000") is None and previews.search(two_files, "赵") is None
    assert shown(two_files, 5).position == 3


def test_the_longest_and_the_costliest_are_a_link_away(ask, people):
    text, _row = ask(people)
    assert "longest in row 5" in text and "?row=3" in text
    assert "longest in" not in ask(people, row=3)[0]  # it is shown


def test_without_a_script_the_page_itself_goes_there(client, alice, people):
    client.force_login(alice)
    page = client.get(reverse("job", args=[people.pk]), {"find": "欧阳"}).content.decode()
    assert "<mark>欧阳修远</mark>" in page and "row 5" in page
    away = client.get(reverse("job-preview", args=[people.pk]), {"n": "4"})
    assert away.status_code == 302 and away.url == f"{reverse('job', args=[people.pk])}?n=4#preview"


def test_a_page_that_is_behind_is_loaded_again(client, alice, people):
    client.force_login(alice)
    people.move(JobStatus.CANCELLED, by=alice)
    for name in ("job-preview", "job-takes", "job-tests"):
        answer = client.get(reverse(name, args=[people.pk]), **HTMX)
        assert answer.headers["HX-Refresh"] == "true", name


def test_who_may_not_read_messages_sees_the_template(client, alice, people):
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise, language="en"))
    for name, headers in (("job", {}), ("job-preview", HTMX)):
        page = client.get(reverse(name, args=[people.pk]), {"find": "王女士", "row": 3}, **headers).content.decode()
        assert "欧阳" not in page and "陈女士" not in page and "${1}" in page
        assert "<mark>" not in page


def test_nothing_to_send_is_nothing_to_show(ask, alice):
    job = checked(alice, [(2, "", ["王", "1"], "too_short")])
    assert previews.at(job) is None
    assert "No row can be sent yet" in ask(job)[0]


def test_any_row_of_very_many_is_found_at_once(alice):
    """Of 200,000 here; each look is by key, so that five times as many cost the same."""
    job = make.job(by=alice, rows=200_000, status=JobStatus.CHECKED)
    file = job.files.get()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sending_message")
    looks = {
        "at": lambda: previews.at(job, 150_000),
        "row": lambda: places.find(file, 190_001),
        "number": lambda: previews.search(job, "13800199999"),
        "beginning": lambda: previews.search(job, "138001999"),
        "broad": lambda: previews.search(job, "138", after=199_998),
        "word": lambda: previews.search(job, "199998"),
        "nothing": lambda: previews.search(job, "nobody"),
    }
    for name, look in looks.items():
        began = time.monotonic()
        look()
        assert time.monotonic() - began < 0.3, name
