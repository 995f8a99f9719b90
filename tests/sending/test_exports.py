"""Exports: every row once, safe in a spreadsheet, made by one maker whoever dies, and only for who may see it."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import load_workbook

from accounts.models import AuditEntry, Notice, Role
from console.lib.errors import NotAllowed
from console.lib.sheets import tables
from sending import export_rows, exports, making, sweeper
from sending.models import (
    ExportFormat,
    ExportRows,
    FileState,
    JobExport,
    JobFile,
    JobStatus,
    MakingState,
    Message,
    MessageState,
    SendJob,
)
from tests import make
from tests.processes import ROOT, environment

pytestmark = pytest.mark.django_db(transaction=True)
S = MessageState


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def owner(alice):
    return make.user(role=Role.OWNER, of=alice.enterprise, language="en")


@pytest.fixture
def hints(monkeypatch):
    """What was asked for, in place of a broker."""
    asked: list[tuple[str, dict]] = []
    for module in ("console.lib.queue", "sending.making"):
        monkeypatch.setattr(f"{module}.hint", lambda task, **ids: asked.append((task, ids)))
    return asked


def ask(job, by, which=ExportRows.ALL, made_as=ExportFormat.XLSX, **more):
    return exports.ask(job, by=by, token=more.pop("token", uuid.uuid4()), which=which, made_as=made_as, **more)


def made(job, by, *args, **more):
    export = ask(job, by, *args, **more)
    exports.make(export.pk)
    export.refresh_from_db()
    assert export.state == MakingState.READY
    return export


def apart(make_it, pk):
    """In a thread of its own, with a connection of its own."""
    make_it(pk)
    connection.close()


def xlsx(export):
    with export.file.open("rb") as file:
        return [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in load_workbook(file).worksheets]


def plain(export):
    with export.file.open("rb") as file:
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig"))))


def settle(job, *states, **fields):
    for place, state in enumerate(states):
        moved = {"submitted_at": timezone.now(), "settled_at": timezone.now(), "carrier_id": 1, "owner": uuid.uuid4()}
        Message.objects.filter(pk=(job.first_id or 0) + place).update(
            state=state, **{"code": "UNDELIV", **moved, **fields}
        )


# What stands in it


def test_all_rows_of_a_job_stand_in_it_with_what_became_of_them(alice):
    carrier = make.carrier(name="unicom-1")
    job = make.job(by=alice, rows=3, invalid=1)
    settle(job, S.FAILED, S.DELIVERED, carrier_id=carrier.pk)
    sheet = xlsx(made(job, alice))[0]
    assert sheet[0][:7] == ["Row", "Number", "State", "Code", "Meaning", "What to do", "Segments"]
    assert sheet[0][7] == "Sent (Asia/Shanghai)"
    failed = sheet[1]
    assert failed[:5] == ["2", "138****0000", "Failed", "UNDELIV", "could not be delivered"]
    assert failed[5].startswith("Check the number") and failed[6] == "1" and failed[9] == "unicom-1"
    assert failed[7] and failed[8] == f"{timezone.localtime():%Y-%m-%d}" + failed[8][10:]
    assert [row[2] for row in sheet[1:]] == ["Failed", "Delivered", "Queued", "Invalid"]
    assert sheet[4][:5] == ["5", "138****0003", "Invalid", "too_short", "Number too short"]
    assert sheet[3][7:10] == [None, None, None] and sheet[4][6] is None


@pytest.mark.parametrize(
    ("which", "states"),
    [
        (ExportRows.DELIVERED, [S.DELIVERED]),
        (ExportRows.FAILED, [S.FAILED, S.REJECTED, S.EXPIRED]),
        (ExportRows.UNKNOWN, [S.UNKNOWN]),
        (ExportRows.SKIPPED, [S.SKIPPED]),
        (ExportRows.REFUSED, [S.INVALID]),
    ],
)
def test_a_choice_of_rows_holds_these_and_no_others(alice, which, states):
    job = make.job(by=alice, rows=len(S))
    settle(job, *S)
    export = made(job, alice, which, ExportFormat.CSV)
    assert [row[2] for row in plain(export)[1:]] == [str(state.label) for state in sorted(states)]
    assert export.rows == len(states)


def test_numbers_are_whole_only_for_who_may_see_them(alice, owner):
    job = make.job(by=alice, rows=1)
    assert xlsx(made(job, owner))[0][1][1] == "+8613800000000"
    assert xlsx(made(job, alice))[0][1][1] == "138****0000"
    assert plain(made(job, owner, ExportRows.ALL, ExportFormat.CSV))[1][1] == "8613800000000"


def test_texts_and_values_only_where_asked_and_allowed(alice):
    job = make.job(by=alice, rows=1, invalid=1)
    sheet = plain(made(job, alice, ExportRows.ALL, ExportFormat.CSV, with_text=True))
    assert sheet[0][-3:] == ["Name 姓名", "Amount 金额", "Text"]
    assert sheet[1][-3:-1] == ["王女士", "0"] and sheet[1][-1].endswith("尊敬的王女士，您本月消费0元。")
    assert sheet[2][-1] == ""  # nothing was made of a refused row
    assert "王女士" not in str(plain(made(job, alice, ExportRows.ALL, ExportFormat.CSV)))
    victor = make.user(role=Role.VIEWER, of=alice.enterprise)
    with pytest.raises(NotAllowed, match="Your role does not see"):
        ask(job, victor, with_text=True)


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "＝1", '=HYPERLINK("http://x")', "'=1", "=", "-"]


@pytest.mark.parametrize("value", DANGEROUS)
def test_nothing_in_a_file_is_a_formula(alice, value):
    job = make.job(by=alice, rows=1, invalid=1)
    Message.objects.of_job(job).update(values=[value, value], detail="")
    Message.objects.filter(pk=(job.first_id or 0) + 1).update(raw=value, number="")
    alice.role = Role.OWNER
    alice.save()
    sheet = xlsx(made(job, alice, with_text=True))[0]
    assert sheet[1][-3] == value
    with made(job, alice, with_text=True).file.open("rb") as file:
        cells = [cell for row in load_workbook(file).active.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    for row in plain(made(job, alice, ExportRows.ALL, ExportFormat.CSV, with_text=True)):
        assert not [cell for cell in row if cell[:1] in tuple("=+-@\t\r＝＋－＠")]


def test_the_person_who_asked_reads_their_own_language(alice):
    with translation.override("zh-hans"):
        export = ask(make.job(by=alice, rows=1), alice)
    exports.make(export.pk)
    export.refresh_from_db()
    assert xlsx(export)[0][1][2] == "待发送"


def test_rows_of_several_files_name_theirs(alice):
    job = make.job(by=alice, rows=3)
    JobFile.objects.filter(job=job).update(total=2)
    JobFile.objects.create(
        job=job, number=2, file="none", file_name="more.csv", state=FileState.CONFIRMED, first=2, total=1
    )
    sheet = xlsx(made(job, alice))[0]
    assert [row[1] for row in sheet] == ["File", "people.xlsx", "people.xlsx", "more.csv"]


def test_a_long_table_goes_on_on_a_further_sheet(alice, monkeypatch):
    monkeypatch.setattr(tables, "ROWS_MAX", 4)
    sheets = xlsx(made(make.job(by=alice, rows=10), alice))
    assert [len(sheet) for sheet in sheets] == [5, 5, 3]
    assert sheets[2][0][0] == "Row" and sheets[2][2][0] == "11"


def test_a_sheet_that_grows_too_large_is_continued_too(monkeypatch):
    monkeypatch.setattr(tables, "BYTES_MAX", 10_000)
    monkeypatch.setattr(tables, "_BATCH", 10)
    out = io.BytesIO()
    assert tables.write_xlsx(out, "Rows", ["a"], ([str(i)] for i in range(1000))) > 1
    sheets = load_workbook(out).worksheets
    assert sum(sheet.max_row - 1 for sheet in sheets) == 1000


def test_what_xml_cannot_hold_comes_back_or_is_written_as_excel_does():
    out = io.BytesIO()
    texts = ["a<b&c>", " x ", "a\nb", "_x0041_", "\x01", "x" * 40_000, "\ud800", "\ufffe", ""]
    tables.write_xlsx(out, "A&B", ["h"], ([text] for text in texts))
    sheet = load_workbook(out).active
    assert sheet.title == "A&B"
    found = [row[0] for row in sheet.iter_rows(min_row=2, max_row=10, values_only=True)]
    assert found[:3] == ["a<b&c>", " x ", "a\nb"]
    assert found[3] in ("_x0041_", "_x005F_x0041_") and len(found[5]) == 32_767


def test_a_job_without_rows_gives_a_table_without_rows(alice):
    export = made(make.job(by=alice, status=JobStatus.UPLOADED), alice)
    assert [len(sheet) for sheet in xlsx(export)] == [1] and export.rows == 0


def test_rows_that_move_meanwhile_stand_in_it_once_and_as_they_were(alice, monkeypatch):
    monkeypatch.setattr(export_rows, "CHUNK", 2)
    job = make.job(by=alice, rows=6)
    moved = threading.Event()
    write = export_rows.lines

    def lines(export, *, counted):
        for place, line in enumerate(write(export, counted=counted)):
            if place == 1:
                other = threading.Thread(target=_move_all, args=(job, moved))
                other.start()
                other.join()
            yield line

    monkeypatch.setattr(export_rows, "lines", lines)
    rows = plain(made(job, alice, ExportRows.ALL, ExportFormat.CSV))[1:]
    assert moved.is_set() and [row[2] for row in rows] == ["Queued"] * 6


def _move_all(job, moved):
    Message.objects.of_job(job).update(state=S.SKIPPED, code="stopped")
    connection.close()
    moved.set()


# Asking


def test_a_form_posted_twice_makes_one_export(client, alice, hints):
    job = make.job(by=alice, rows=2)
    client.force_login(alice)
    form = {"token": uuid.uuid4(), "which": "failed", "format": "csv"}
    for _twice in range(2):
        assert client.post(reverse("job-exports", args=[job.pk]), form).url == reverse("job-exports", args=[job.pk])
    export = JobExport.objects.get()
    assert (export.which, export.format, export.created_by) == ("failed", "csv", alice)
    assert hints == [("sending.make_export", {"pk": export.pk})]
    assert AuditEntry.objects.filter(verb="job.exported", object_id=job.pk, by=alice).count() == 1


def test_an_enterprise_has_some_exports_made_at_once_and_no_more(client, alice, hints):
    job = make.job(by=alice, rows=1)
    for _some in range(exports.WAITING_MOST):
        ask(job, alice)
    with pytest.raises(NotAllowed, match="Wait until one is ready"):
        ask(job, alice)
    mallory = make.user()
    ask(make.job(by=mallory, rows=1), mallory)


@pytest.mark.parametrize("form", [{}, {"which": "everything"}, {"which": "all", "format": "exe"}])
def test_what_cannot_be_exported_is_refused_at_its_field(client, alice, hints, form):
    client.force_login(alice)
    answer = client.post(reverse("job-exports", args=[make.job(by=alice).pk]), form | {"token": uuid.uuid4()})
    assert answer.status_code == 422 and not JobExport.objects.exists() and not hints


# Making


def test_two_makers_at_once_make_one_file(alice, monkeypatch):
    export = ask(make.job(by=alice, rows=3), alice)
    inside, go, write, written = threading.Event(), threading.Event(), exports._write, []

    def slow(*args):
        written.append(1)
        inside.set()
        assert go.wait(10)
        write(*args)

    monkeypatch.setattr(exports, "_write", slow)
    first = threading.Thread(target=apart, args=(exports.make, export.pk))
    first.start()
    assert inside.wait(10)
    exports.make(export.pk)  # while the first one is in the middle of it
    go.set()
    first.join()
    export.refresh_from_db()
    assert written == [1] and export.state == MakingState.READY and export.rows == 3
    assert Notice.objects.filter(code="export.ready").count() == 1


def test_the_file_of_a_killed_maker_is_made_by_another(alice, hints):
    export = ask(make.job(by=alice, rows=2), alice)
    hints.clear()
    doomed = f"import django; django.setup(); from sending import exports; exports.make({export.pk})"
    killed = subprocess.run(
        [sys.executable, "-c", doomed], cwd=ROOT, env=environment(FAILPOINT="file_made"), capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    export.refresh_from_db()
    storage, left = export.file.storage, making.path_of(export)
    assert storage.exists(left) and export.state == MakingState.WAITING
    exports.make(export.pk)
    export.refresh_from_db()
    assert export.attempts == 1, "the dead one's lease still runs"
    past = timezone.now() - timedelta(seconds=30)
    JobExport.objects.update(maker_until=past, created_at=past)
    sweeper.ask_for_makers()
    assert hints == [("sending.make_export", {"pk": export.pk})]
    exports.make(export.pk)
    export.refresh_from_db()
    assert export.state == MakingState.READY and export.attempts == 2
    assert not storage.exists(left), "what it left is cleared away"


def test_a_maker_that_lost_its_lease_leaves_nothing(alice, monkeypatch):
    export = ask(make.job(by=alice, rows=2), alice)
    names = []

    def write(made, file, keeper):
        names.append(making.path_of(made))
        file.write(b"half")
        JobExport.objects.update(maker=uuid.uuid4())

    monkeypatch.setattr(exports, "_write", write)
    exports.make(export.pk)
    export.refresh_from_db()
    assert export.state == MakingState.WAITING and not export.file
    assert not JobExport._meta.get_field("file").storage.exists(names[0])


def test_what_fails_three_times_is_given_up_and_says_so(client, alice, monkeypatch):
    job = make.job(by=alice, rows=2)
    export = ask(job, alice)
    monkeypatch.setattr(exports, "_write", lambda *args: 1 / 0)
    for _three in range(making.ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            exports.make(export.pk)
        JobExport.objects.update(maker_until=timezone.now() - timedelta(seconds=1))
    exports.make(export.pk)
    export.refresh_from_db()
    assert export.state == MakingState.FAILED and not export.file
    assert Notice.objects.filter(code="export.failed").count() == 1
    client.force_login(alice)
    text = client.get(reverse("job-exports", args=[job.pk])).content.decode()
    assert "broke off three times" in text and "every 1s" not in text


def test_progress_is_written_while_it_is_made_and_the_page_stops_asking(client, alice, monkeypatch):
    monkeypatch.setattr(making, "RENEW_SECONDS", 0.02)
    monkeypatch.setattr(export_rows, "CHUNK", 2)
    job = make.job(by=alice, rows=6)
    export = ask(job, alice)
    client.force_login(alice)
    seen, write = [], export_rows.lines

    def lines(export, *, counted):
        for line in write(export, counted=counted):
            seen.append(_rows_of(export.pk))
            yield line

    def _rows_of(pk):
        found = []

        def look():
            deadline = timezone.now() + timedelta(seconds=0.15)
            while timezone.now() < deadline:
                found.append(JobExport.objects.get(pk=pk).rows)
            found.append(client.get(reverse("job-exports", args=[job.pk])).content.decode().count("every 1s"))
            connection.close()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert found[-1] == 1
        return found[-2]

    monkeypatch.setattr(export_rows, "lines", lines)
    exports.make(export.pk)
    assert seen == [0, 0, 2, 2, 4, 4]
    assert "every 1s" not in client.get(reverse("job-exports", args=[job.pk])).content.decode()


# Fetching


def test_a_download_is_recorded_and_named_after_its_job(client, alice):
    job = make.job(by=alice, rows=1, name="Spring sale")
    export = made(job, alice, ExportRows.FAILED)
    client.force_login(alice)
    answer = client.get(reverse("job-export", args=[job.pk, export.pk]))
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    assert answer["Content-Disposition"] == f'attachment; filename="Spring sale, Failed, {export.pk}.xlsx"'
    entry = AuditEntry.objects.get(verb="job.export_downloaded", by=alice)
    assert (entry.object_id, entry.detail["which"]) == (job.pk, "failed")


def test_no_name_of_a_job_spoils_the_name_of_its_file(client, alice):
    job = make.job(by=alice, rows=1, name='../A\r\nX: "1"|=2')
    export = made(job, alice)
    client.force_login(alice)
    answer = client.get(reverse("job-export", args=[job.pk, export.pk]))
    answer.close()
    assert answer["Content-Disposition"] == f'attachment; filename="..-A--X- -1--=2, All rows, {export.pk}.xlsx"'


def test_whole_numbers_are_fetched_only_by_who_may_see_them_now(client, alice, owner):
    job = make.job(by=alice, rows=1)
    export = made(job, owner)
    address = reverse("job-export", args=[job.pk, export.pk])
    client.force_login(alice)
    assert client.get(address).status_code == 403
    assert "Not for your role" in client.get(reverse("job-exports", args=[job.pk])).content.decode()
    client.force_login(owner)
    answer = client.get(address)
    answer.close()
    assert answer.status_code == 200
    owner.role = Role.VIEWER
    owner.save()
    assert client.get(address).status_code == 403
    assert AuditEntry.objects.filter(verb="job.export_downloaded").count() == 1


def test_what_is_not_made_or_not_ones_own_is_not_found(client, alice):
    job, other = make.job(by=alice, rows=1), make.job(by=alice, rows=1)
    waiting, export = ask(job, alice), made(job, alice)
    client.force_login(alice)
    assert client.get(reverse("job-export", args=[job.pk, waiting.pk])).status_code == 404
    assert client.get(reverse("job-export", args=[other.pk, export.pk])).status_code == 404
    client.force_login(make.user(role=Role.OWNER))
    assert client.get(reverse("job-export", args=[job.pk, export.pk])).status_code == 404
    assert client.get(reverse("job-exports", args=[job.pk])).status_code == 404


def test_after_a_week_file_and_row_are_gone(alice):
    job = make.job(by=alice, rows=1)
    old, fresh = made(job, alice), made(job, alice)
    storage, name = old.file.storage, old.file.name
    JobExport.objects.filter(pk=old.pk).update(created_at=timezone.now() - exports.KEPT)
    assert exports.forget_old() == 1
    assert not storage.exists(name) and storage.exists(fresh.file.name)
    assert JobExport.objects.get() == fresh and SendJob.objects.filter(pk=job.pk).exists()
