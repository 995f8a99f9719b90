"""From the file to the ledger: all of it or nothing, once, whatever the file does and whoever dies."""

import signal
import subprocess
import sys
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.models.application import Region
from sending import intake, jobs
from sending.intake import loading, process
from sending.models import CountDelta, JobFile, JobStatus, Message, SendJob
from sending.models.message import BLOCK_SHIFT, MONTH_SHIFT, month_number
from tests import make
from tests.console.sheets import files

pytestmark = pytest.mark.django_db(transaction=True)


def read(job):
    intake.read(file_of(job).pk)
    job.refresh_from_db()
    return job


def file_of(job):
    return job.files.get()


def ledger(job):
    return Message.objects.of_job(job).order_by("id")


def test_a_sheet_becomes_rows_counts_and_a_checked_job(tmp_path, job_of):
    rows: list[list[object]] = [
        ["手机号", "note"],
        ["13800138000", ""],
        ["+86 138-0013-8001", ""],
        [13800138002, ""],
        ["13800138000", "again"],
        ["", ""],
        ["1.38E+10", ""],
        ["13800138003", "nobody sees me"],
    ]
    job = read(job_of(files.xlsx(tmp_path / "a.xlsx", rows, row=2, column=1, hide=[10])))
    assert job.status == JobStatus.CHECKED and job.checked_at
    found = ledger(job).values_list("row", "number", "raw", "repairs", "state", "code", "detail", "segments", "country")
    assert list(found) == [
        (4, "+8613800138000", "", 0, 0, "", "", 1, "CN"),
        (5, "+8613800138001", "+86 138-0013-8001", 3, 0, "", "", 1, "CN"),
        (6, "+8613800138002", "13800138002", 4, 0, "", "", 1, "CN"),
        (7, "+8613800138000", "13800138000", 0, 9, "duplicate", "4", 0, "CN"),
        (9, "", "1.38E+10", 0, 9, "digits_lost", "", 0, ""),
        (10, "+8613800138003", "13800138003", 0, 9, "hidden", "", 0, "CN"),
    ]
    assert [message.id - job.first_id for message in ledger(job)] == list(range(6))
    assert job.first_id >> MONTH_SHIFT == month_number(timezone.now())
    summary = file_of(job).summary
    assert (job.total, summary["good"], summary["repaired"], summary["refused"], summary["hidden"]) == (6, 1, 2, 3, 1)
    assert summary["columns"] == {"number": "手机号", "values": {}} and summary["headers"] == ["手机号", "note"]
    assert set(summary["problems"]) == {"duplicate", "digits_lost", "hidden"}
    assert "13800138" not in str(summary)
    assert (file_of(job).reader, file_of(job).rows_read) == (None, 6)
    assert AuditEntry.objects.filter(verb="job.checked", object_id=job.pk, by=None).count() == 1


def assert_counts_agree(job):
    told = CountDelta.objects.filter(job=job).values_list("country", "state", "code").order_by()
    held = ledger(job).order_by().values_list("country", "state", "code")
    assert set(told.annotate(Sum("n"), Sum("segments"))) == set(held.annotate(Count("id"), Sum("segments")))
    hours = set(CountDelta.objects.filter(job=job).values_list("hour", "carrier_id"))
    created = ledger(job).first().created_at
    assert hours == {(created.replace(minute=0, second=0, microsecond=0), 0)}


def test_counts_agree_with_the_rows_and_the_summary(tmp_path, job_of):
    rows = [["mobile"]] + [[f"138{i % 700:08d}" if i % 10 else "x" * (i % 3)] for i in range(1000)]
    job = read(job_of(files.xlsx(tmp_path / "a", rows)))
    assert_counts_agree(job)
    states = dict(ledger(job).order_by().values_list("state").annotate(Count("id")))
    assert states == {
        0: file_of(job).summary["good"] + file_of(job).summary["repaired"],
        9: file_of(job).summary["refused"],
    }
    assert sum(found["n"] for found in file_of(job).summary["problems"].values()) == file_of(job).summary["refused"]


def test_variables_by_header_with_their_problems(tmp_path, job_of, alice):
    version = make.template(by=alice)
    rows: list[list[object]] = [
        ["金额", "手机号", "Name"],
        [99.5, "13800138000", "王\\女\t士".replace("\t", " ")],
        [1234567, "13800138001", "O'Neil"],
        ["", "13800138002", 'say "hi"'],
        ["3", "13800138003", 'say "hi" \\N'],
    ]
    job = read(job_of(files.xlsx(tmp_path / "a", rows), version=version))
    assert list(ledger(job).values_list("values", "code", "detail")) == [
        (["王\\女 士", "99.5"], "", ""),
        (["O'Neil", "1234567"], "value_forbidden", "1:'"),
        (['say "hi"', ""], "value_missing", "2"),
        (['say "hi" \\N', "3"], "", ""),
    ]
    assert file_of(job).summary["longest"]["row"] == 5
    assert file_of(job).summary["columns"] == {"number": "手机号", "values": {"1": "Name", "2": "金额"}}


def test_an_international_application(tmp_path, job_of, alice):
    version = make.template(by=alice, text="Hello there", variables=[], region=Region.INTERNATIONAL)
    rows = [["phone"], ["+1 415 555 0132"], ["+85291234567"], ["+8613800138000"]]
    job = read(job_of(files.xlsx(tmp_path / "a", rows), version=version))
    assert list(ledger(job).values_list("number", "country", "code")) == [
        ("+14155550132", "US", ""),
        ("+85291234567", "HK", ""),
        ("", "", "country"),
    ]


def test_a_csv_in_gb18030(tmp_path, job_of, alice):
    (tmp_path / "a.csv").write_bytes("姓名;手机号;金额\n王女士;13800138000;5\n".encode("gb18030"))
    job = read(job_of(tmp_path / "a.csv", version=make.template(by=alice)))
    assert list(ledger(job).values_list("values", flat=True)) == [["王女士", "5"]]


def far_apart(path):
    """Two cells, a million rows and two hundred columns apart: seven gigabytes for whoever makes room for all."""
    body = b'<row r="1"><c r="A1" t="inlineStr"><is><t>mobile</t></is></c></row>'
    body += b'<row r="1048576"><c r="GR1048576"><v>13800138000</v></c></row>'
    return files.by_hand(path, body)


def wrote(path, content):
    path.write_bytes(content)
    return path


def cut_short(path):
    return wrote(path, files.xlsx(path, [["mobile"], ["13800138000"]]).read_bytes()[:-200])


@pytest.mark.parametrize(
    ("make_file", "code"),
    [
        (lambda path: wrote(path, b"%PDF-1.7"), "not_a_sheet"),
        (lambda path: files.ole2(path, "EncryptedPackage"), "encrypted"),
        (lambda path: files.ole2(path, "Workbook"), "old_xls"),
        (lambda path: wrote(path, b""), "empty"),
        (cut_short, "damaged"),
        (lambda path: files.bomb(path, 5 << 30, declared=4 << 30), "bomb"),
        (lambda path: files.bomb(path, 5 << 30, declared=2000), "bomb"),
        (lambda path: files.zipped(path, files.BASE | {"xl/vbaProject.bin": b"x"}), "macros"),
        (lambda path: files.xlsx(path, [["mobile"]]), "no_rows"),
        (lambda path: files.xlsx(path, [["a"], ["b"]]), "no_number_column"),
        (lambda path: files.xlsx(path, [["x"] * 300]), "too_many_columns"),
        (far_apart, "too_big_memory"),
    ],
)
def test_files_that_cannot_be_used_say_why_and_the_worker_lives_on(tmp_path, job_of, make_file, code):
    job = read(job_of(make_file(tmp_path / "a.xlsx")))
    assert (job.status, file_of(job).fault["code"]) == (JobStatus.UNREADABLE, code)
    assert not ledger(job).exists() and not CountDelta.objects.filter(job=job).exists()


def test_a_variable_without_column_names_it(tmp_path, job_of, alice):
    path = files.xlsx(tmp_path / "a", [["mobile", "姓名"], ["13800138000", "王"]])
    job = read(job_of(path, version=make.template(by=alice)))
    assert file_of(job).fault["code"] == "variable_without_column"
    assert file_of(job).fault["variables"] == [{"name": "2", "meaning": "Amount 金额", "code": "${2}"}]


def test_a_million_rows_and_one_are_too_many(tmp_path, job_of):
    job = read(job_of(files.by_hand(tmp_path / "a", files.numbers(1_000_001))))
    assert file_of(job).fault == {"code": "too_many_rows", "limit": 1_000_000}
    assert not ledger(job).exists()


def test_too_many_rows_found_late_leave_nothing(tmp_path, job_of, settings):
    settings.UPLOAD_MAX_ROWS = 20_000
    job = read(job_of(files.by_hand(tmp_path / "a", files.numbers(20_030))))
    assert file_of(job).fault["code"] == "too_many_rows" and not ledger(job).exists()
    settings.UPLOAD_MAX_ROWS = 20_030
    assert read(job_of(files.by_hand(tmp_path / "b", files.numbers(20_030)))).total == 20_030


@pytest.fixture
def meanwhile(monkeypatch):
    """`meanwhile(deed)`: do `deed(child)` once the first rows have been taken."""

    def arrange(deed):
        chunks = process.Child.chunks

        def interrupted(self):
            for number, chunk in enumerate(chunks(self)):
                yield chunk
                if number == 0:
                    deed(self)

        monkeypatch.setattr(process.Child, "chunks", interrupted)

    return arrange


@pytest.fixture
def long_file(tmp_path):
    return files.by_hand(tmp_path / "long", files.numbers(120_000))


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, "too_big_memory"), (signal.SIGXCPU, "too_slow"), (signal.SIGSEGV, "damaged")],
)
def test_a_child_that_dies_halfway_leaves_nothing(long_file, job_of, meanwhile, number, code):
    meanwhile(lambda child: child._process.send_signal(number))
    job = read(job_of(long_file))
    assert (job.status, file_of(job).fault) == (JobStatus.UNREADABLE, {"code": code})
    assert not ledger(job).exists() and not CountDelta.objects.filter(job=job).exists()


def test_a_child_stopped_with_the_machine_is_nobodys_fault(long_file, job_of, meanwhile):
    meanwhile(lambda child: child._process.terminate())
    job = read(job_of(long_file))
    assert (job.status, file_of(job).fault) == (JobStatus.UPLOADED, {}) and not ledger(job).exists()


def test_a_reader_that_fails_is_followed_by_another_with_the_same_ids(long_file, job_of, monkeypatch):
    job = job_of(long_file)
    with monkeypatch.context() as patched:
        patched.setattr(loading, "_count", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            intake.read(file_of(job).pk)
    job.refresh_from_db()
    first = job.first_id
    assert job.status == JobStatus.UPLOADED and not ledger(job).exists()
    assert read(job).status == JobStatus.UPLOADED  # the dead reader's lease still counts
    job.files.update(reader_until=Now())
    assert read(job).status == JobStatus.CHECKED
    assert (job.first_id, file_of(job).read_attempts, ledger(job).count()) == (first, 2, 120_000)


def test_after_three_attempts_nobody_tries_any_more(tmp_path, job_of):
    job = job_of(files.xlsx(tmp_path / "a", [["mobile"], ["13800138000"]]))
    job.files.update(read_attempts=3, reader=uuid.uuid4(), reader_until=Now())
    assert file_of(read(job)).fault == {"code": "gave_up"}


def test_two_readers_at_once_load_once(long_file, job_of):
    job = job_of(long_file)
    errors = []

    def reader():
        try:
            intake.read(file_of(job).pk)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=reader) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.refresh_from_db()
    assert not errors
    assert (job.status, file_of(job).read_attempts, ledger(job).count()) == (JobStatus.CHECKED, 1, 120_000)
    assert_counts_agree(job)
    intake.read(file_of(job).pk)
    assert ledger(job).count() == 120_000


def test_a_reader_that_lost_its_lease_stores_nothing(long_file, job_of, meanwhile):
    job = job_of(long_file)
    other = uuid.uuid4()
    until = timezone.now() + timedelta(minutes=1)
    meanwhile(lambda child: in_thread(lambda: JobFile.objects.update(reader=other, reader_until=until)))
    read(job)
    assert (job.status, file_of(job).reader, ledger(job).count()) == (JobStatus.UPLOADED, other, 0)


def test_cancelling_while_it_is_read_ends_the_reading(long_file, job_of, meanwhile, alice):
    job = job_of(long_file)
    meanwhile(lambda child: in_thread(lambda: jobs.cancel(SendJob.objects.get(pk=job.pk), by=alice)))
    read(job)
    assert job.status == JobStatus.CANCELLED and not ledger(job).exists()


def in_thread(deed):
    """On a connection of its own, outside the reader's transaction."""

    def run():
        deed()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_child_that_takes_too_long_is_ended(long_file, job_of, monkeypatch):
    monkeypatch.setattr(loading, "WALL_SECONDS", -1)
    assert file_of(read(job_of(long_file))).fault == {"code": "too_slow"}


def test_the_kernel_ends_a_child_that_uses_too_much_time(tmp_path, job_of, monkeypatch):
    monkeypatch.setattr(loading, "CPU_SECONDS", 1)
    path = files.by_hand(tmp_path / "a", files.numbers(400_000))
    assert file_of(read(job_of(path))).fault == {"code": "too_slow"}


def test_a_child_short_of_memory_says_so(tmp_path, job_of, monkeypatch):
    monkeypatch.setattr(loading, "MEMORY", 300 << 20)
    cells = b"".join(b"<c><v>1380013%d</v></c>" % (8000 + i) for i in range(100))
    path = files.by_hand(tmp_path / "a", b"".join(b"<row>%s</row>" % cells for _ in range(40_000)))
    assert file_of(read(job_of(path))).fault == {"code": "too_big_memory"}


def test_the_lease_is_kept_with_the_progress(long_file, job_of, monkeypatch):
    monkeypatch.setattr(loading, "RENEW_SECONDS", 0.01)
    seen = []
    update = loading._Watch._renew

    def noted(self):
        update(self)
        seen.append((self._child.rows, self._child.expected))

    monkeypatch.setattr(loading._Watch, "_renew", noted)
    job = read(job_of(long_file))
    assert job.status == JobStatus.CHECKED
    assert any(0 < rows < 120_000 and expected == 120_001 for rows, expected in seen)


def test_zero_characters_do_no_harm(tmp_path, job_of):
    body = b'<row><c t="inlineStr"><is><t>mobile_x0000_</t></is></c><c t="inlineStr"><is><t>_x0000_</t></is></c></row>'
    body += b'<row><c t="inlineStr"><is><t>_x0000_x</t></is></c></row><row><c><v>13800138000</v></c></row>'
    job = read(job_of(files.by_hand(tmp_path / "a", body), wanted={"number": "A"}))
    assert job.status == JobStatus.CHECKED and [message.code for message in ledger(job)] == ["letters", ""]


def test_the_child_loads_no_django_and_no_settings():
    code = "import sys, sending.intake.child; sys.exit('django.db' in sys.modules or 'console.settings' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3]).returncode == 0


def test_what_is_not_there_to_be_read_is_left_alone(tmp_path, job_of):
    intake.read(10**9)
    job = job_of(files.xlsx(tmp_path / "a", [["mobile"], ["13800138000"]]))
    read(job)
    before = file_of(job).summary
    assert file_of(read(job)).summary == before and file_of(job).read_attempts == 1
    assert Message.objects.filter(id__gte=job.first_id, id__lt=job.first_id + (1 << BLOCK_SHIFT)).count() == 1
