"""`manage.py jobs` and `manage.py demo`: what scripts read, and one clear line where something is wrong."""

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import Enterprise, Role, User
from sending.management.commands import jobs as command
from sending.models import Carrier, JobStatus, MessageState, SendJob
from templates_app.models import MessageTemplate
from tests import make

# Reading a file happens in transactions of its own.
pytestmark = pytest.mark.django_db(transaction=True)
STATES = [state.key for state in MessageState]


@pytest.fixture
def owner():
    return make.user(role=Role.OWNER, of=make.enterprise(name="清禾"))


@pytest.fixture
def version(owner):
    return make.template(by=owner)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    """Nobody takes the file, so the command reads it itself, and need not wait long."""
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.05)


def sheet(path, *rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return str(path)


def run(*args, **options):
    out = io.StringIO()
    call_command("jobs", *args, stdout=out, **options)
    return out.getvalue()


def create(version, file, *more):
    where = ["--enterprise", version.enterprise.name, "--template", version.template.name, "--file", file]
    return run("create", *where, *more)


PEOPLE = [["手机号", "姓名", "金额"], ["13800138000", "王女士", "12.50"], ["1380013", "李先生", "3"]]


def test_create_checks_the_file_and_says_what_was_found(version, owner, tmp_path):
    told = json.loads(create(version, sheet(tmp_path / "people.xlsx", *PEOPLE), "--json"))
    job = SendJob.objects.get()
    assert told["id"] == job.pk
    assert (told["status"], told["total"]) == ("checked", 2)
    assert list(told["rows"]) == STATES
    assert (told["rows"]["queued"], told["rows"]["invalid"]) == (1, 1)
    assert told["problems"] == {"too_short": 1}
    assert (job.created_by, job.name, job.confirmed_by) == (owner, "people", None)


def test_create_and_confirm_with_columns_by_heading_and_ids(version, owner, tmp_path):
    file = sheet(tmp_path / "list.xlsx", ["tel", "x", "y"], ["13800138000", "5", "王女士"])
    told = json.loads(
        run(
            "create",
            "--enterprise",
            str(version.enterprise_id),
            "--template",
            str(version.template_id),
            "--file",
            file,
            "--number",
            "tel",
            "--value",
            "1=y",
            "--value",
            "${2}=x",
            "--name",
            "November",
            "--confirm",
            "--json",
        )
    )
    job = SendJob.objects.get()
    assert told["status"] == "sending"
    assert (job.name, job.confirmed_by) == ("November", owner)
    assert job.files.get().wanted_columns == {"number": "tel", "values": {"1": "y", "2": "x"}}


def test_a_time_is_read_in_the_enterprises_zone_and_confirms(version, tmp_path):
    file = sheet(tmp_path / "people.xlsx", *PEOPLE)
    soon = timezone.localtime() + timedelta(days=2)
    told = json.loads(create(version, file, "--at", f"{soon:%Y-%m-%dT%H:%M}", "--json"))
    assert told["status"] == "scheduled"
    assert SendJob.objects.get().scheduled_at == soon.replace(second=0, microsecond=0)


def test_an_unreadable_file_is_told_as_json_and_in_a_sentence(version, tmp_path, capsys):
    file = tmp_path / "people.xlsx"
    file.write_bytes(b"%PDF-1.7 not a sheet")
    out = io.StringIO()
    where = ["--enterprise", version.enterprise.name, "--template", version.template.name, "--file", str(file)]
    with pytest.raises(CommandError, match="PDF"):
        call_command("jobs", "create", *where, "--json", stdout=out)
    assert json.loads(out.getvalue())["status"] == "unreadable"


def test_nothing_to_confirm_is_an_error_but_the_job_is_told(version, tmp_path):
    out = io.StringIO()
    file = sheet(tmp_path / "people.xlsx", PEOPLE[0], PEOPLE[2])
    where = ["--enterprise", version.enterprise.name, "--template", version.template.name, "--file", file]
    with pytest.raises(CommandError, match="No row of this job can be sent"):
        call_command("jobs", "create", *where, "--confirm", "--json", stdout=out)
    assert json.loads(out.getvalue())["rows"]["invalid"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--enterprise": "nobody"}, "There is no enterprise with the name or id nobody"),
        ({"--template": "nothing"}, "There is no template of this enterprise"),
        ({"--file": "/nowhere/people.xlsx"}, "cannot be opened"),
        ({"--value": "Name"}, "write the variable"),
        ({"--at": "soon"}, "write the time like"),
    ],
)
def test_mistakes_are_one_clear_line(version, tmp_path, change, words):
    given = {
        "--enterprise": version.enterprise.name,
        "--template": version.template.name,
        "--file": sheet(tmp_path / "people.xlsx", *PEOPLE),
    }
    flat = [part for pair in (given | change).items() for part in pair]
    with pytest.raises(CommandError, match=words) as said:
        run("create", *flat)
    assert "\n" not in str(said.value)
    assert not SendJob.objects.exists()


def test_an_unapproved_template_is_not_sent(owner, tmp_path):
    version = make.template(by=owner, approved=None)
    with pytest.raises(CommandError, match="cannot be sent"):
        create(version, sheet(tmp_path / "people.xlsx", *PEOPLE))


def test_a_job_is_shown_and_controlled_by_its_number(version, owner):
    job = make.job(by=owner, version=version, rows=2, status=JobStatus.CHECKED)
    assert json.loads(run("show", str(job.pk), "--json"))["rows"]["queued"] == 2
    for deed, status in (("confirm", "sending"), ("pause", "paused"), ("resume", "sending"), ("stop", "stopped")):
        assert json.loads(run(deed, str(job.pk), "--json"))["status"] == status
    with pytest.raises(CommandError, match="cannot become"):
        run("pause", str(job.pk))
    assert str(job.pk) in run("list")
    assert "2 rows" in run("show", str(job.pk))
    with pytest.raises(CommandError, match="There is no job 999999"):
        run("show", "999999")


def test_the_demo_loads_once_and_twice():
    def load(*args):
        out = io.StringIO()
        call_command("demo", *args, stdout=out)
        return out.getvalue()

    first = json.loads(load("--json"))
    tables = (User, Enterprise, MessageTemplate, Carrier)
    before = [table.objects.count() for table in tables]
    assert json.loads(load("--json")) == first
    assert [table.objects.count() for table in tables] == before
    template = MessageTemplate.objects.get(name=first["template"], enterprise__name=first["enterprise"])
    assert MessageTemplate.objects.sendable().filter(pk=template.pk).exists()
    assert {person["role"] for person in first["sign_ins"]} >= {"owner", "reviewer", "administrator"}
    assert set(first["application"]) == {"key", "secret"}
    assert first["sign_ins"][0]["email"] in load()
