"""Taking a file in: who may, once per form; and a sample that passes its own check."""

import hashlib
import io
import threading
import uuid
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from accounts.models.application import ApplicationState, Region
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from console.lib.sheets import open_sheet
from console.lib.values import Variable as Checked
from console.lib.values import rule
from sending import intake
from sending.intake import samples, sources, upload
from sending.models import JobFile, JobStatus, Message, SendJob
from templates_app.models import MessageType, VariableKind
from templates_app.models.template import Variable
from tests import make

SHEET = b"mobile\n13800138000\n"


def receive(version, by, *, token=None, content=SHEET, wanted_columns=None, **more):
    return upload.receive(
        enterprise=by.enterprise,
        by=by,
        token=token or uuid.uuid4(),
        name="March",
        version=version,
        recipients=upload.Recipients(ContentFile(content, name="dir/people.csv"), wanted_columns=wanted_columns or {}),
        **more,
    )


@pytest.fixture
def version(alice):
    return make.template(by=alice, text="Hello", variables=[])


@pytest.mark.django_db
def test_a_received_file_is_a_job_and_a_hint(version, alice, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        job = receive(version, alice, wanted_columns={"number": " mobile ", "values": {"9": "x"}, "evil": 1})
    assert len(callbacks) == 1
    file = job.files.get()
    assert (job.status, file.file_name, file.file_size) == (JobStatus.UPLOADED, "people.csv", len(SHEET))
    assert file.digest == hashlib.sha256(SHEET).hexdigest()
    assert (job.signature, job.application) == (version.template.signature, version.template.application)
    assert (job.priority, file.wanted_columns) == (1, {"number": "mobile"})
    assert Path(file.file.path).read_bytes() == SHEET and "people" not in file.file.name


@pytest.mark.django_db
def test_the_same_token_twice_is_one_job(version, alice):
    token = uuid.uuid4()
    assert receive(version, alice, token=token) == receive(version, alice, token=token)
    assert SendJob.objects.filter(token=token).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_token_at_the_same_moment_is_one_job_and_one_file(version, alice):
    token, found = uuid.uuid4(), []
    start = threading.Barrier(4)

    def post():
        start.wait()
        found.append(receive(version, alice, token=token).pk)
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1
    stored = Path(JobFile.objects.get(token=token).file.path)
    assert list(stored.parent.iterdir()) == [stored]


@pytest.mark.django_db
def test_a_token_of_another_enterprise_gives_nothing_away(version, alice):
    token = uuid.uuid4()
    receive(version, alice, token=token)
    mallory = make.user(name="Mallory")
    with pytest.raises(NotAllowed, match="used before"):
        receive(make.template(by=mallory, text="Hi", variables=[]), mallory, token=token)


@pytest.mark.django_db
def test_what_may_not_be_sent_is_refused_with_the_reason(version, alice, settings):
    mallory = make.user(name="Mallory")
    with pytest.raises(NotAllowed, match="another enterprise"):
        receive(version, mallory)
    with pytest.raises(NotAllowed, match="not approved"):
        receive(make.template(by=alice, approved=None), alice)
    with pytest.raises(NotAllowed, match="one by one"):
        receive(make.template(by=alice, type=MessageType.VERIFICATION), alice)
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(NotAllowed, match="at most 10"):
        receive(version, alice)
    settings.UPLOAD_MAX_BYTES = 1000
    version.template.application.state = ApplicationState.SUSPENDED
    with pytest.raises(NotAllowed, match="suspended"):
        receive(version, alice)
    alice.enterprise.state = EnterpriseState.CLOSED
    with pytest.raises(NotAllowed, match="Closed"):
        receive(version, alice)
    assert not SendJob.objects.filter(enterprise=alice.enterprise).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("region", Region)
def test_a_sample_filled_in_as_it_is_passes_the_check(alice, language, region, tmp_path):
    kinds = {"TEXT": "Name 姓名", "CHARDIGIT": "", "MONEY": "amount / 金额", "DATETIME": "day", "PHONE": "手机"}
    variables = [
        {"name": str(i), "kind": kind, "longest": 15, "meaning": meaning, "example": ""}
        for i, (kind, meaning) in enumerate(kinds.items(), 1)
    ]
    version = make.template(by=alice, text="A${1}B${2}C${3}D${4}E${5}F", variables=variables, region=region)
    sample = samples.sample_file(version, language)
    (tmp_path / "a").write_bytes(sample)
    assert len(list(open_sheet(tmp_path / "a").rows())) == 3
    assert translation.get_language() == "en"
    job = receive(version, alice, content=sample)
    intake.read(job.files.get().pk)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED, job.files.get().fault
    assert list(Message.objects.of_job(job).values_list("code", flat=True)) == ["", ""]
    assert len(job.files.get().summary["columns"]["values"]) == 5


OLDER = [
    {"name": "1", "kind": "TXT", "longest": 3, "meaning": "", "example": ""},
    {"name": "2", "kind": "NUM", "longest": 2, "meaning": "", "example": ""},
    {"name": "3", "kind": "NUM", "longest": 2, "meaning": "", "example": ""},
    {"name": "4", "kind": "DATE", "longest": 10, "meaning": "", "example": ""},
    {"name": "5", "kind": "CLOCK", "longest": 8, "meaning": "Hour 时间", "example": ""},
]
OLDER_TEXT = "A${TXT_3}B${NUM_2}C${NUM_2}D${DATE}E${TIME}F"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_sample_of_older_variables_passes_the_check_too(alice, language, tmp_path):
    version = make.template(
        by=alice, text=OLDER_TEXT, variables=OLDER, region=Region.INTERNATIONAL, countries=["SG", "DE"]
    )
    sample = samples.sample_file(version, language)
    (tmp_path / "a").write_bytes(sample)
    rows = [cells for _row, cells in open_sheet(tmp_path / "a").rows()]
    assert rows[0][1:] == ["${TXT_3}", "${2}", "${3}", "${DATE}", "Hour 时间"]
    assert rows[1][2:] == ["7", "7", "2026/03/31", "09:30"]
    job = receive(version, alice, content=sample)
    intake.read(job.files.get().pk)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED, job.files.get().fault
    assert set(Message.objects.of_job(job).values_list("code", "country")) == {("", "SG")}
    assert set(job.files.get().summary["found_by"]["values"].values()) == {"heading"}
    message = Message.objects.of_job(job).first()
    assert message
    text = version.render(message.values)
    assert text.endswith("B7C7D2026/03/31E09:30F")


@pytest.mark.parametrize("kind", VariableKind)
@pytest.mark.parametrize("longest", [1, 5, 20])
def test_every_kind_has_an_example_that_fits_its_length_where_one_can(kind, longest):
    example = samples._example(Variable("1", kind, longest))
    assert len(example) <= longest
    assert not example or rule(Checked("1", kind, longest))(example) is None
    assert example or kind in {VariableKind.TIME, VariableKind.OLD_DATE, VariableKind.OLD_TIME}


@pytest.mark.django_db(transaction=True)
def test_rows_to_other_countries_than_the_templates_are_refused_and_said(alice, client):
    version = make.template(by=alice, text="Hi", variables=[], region=Region.INTERNATIONAL, countries=["SG"])
    job = receive(version, alice, content=b"mobile\n+6581234567\n+12025550123\n")
    intake.read(job.files.get().pk)
    job.refresh_from_db()
    rows = Message.objects.of_job(job).order_by("id").values_list("code", "detail", "country")
    assert list(rows) == [("", "", "SG"), ("country_not_in_template", "US", "US")]
    client.force_login(alice)
    page = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "Country not among those of the template" in page
    assert "United States is not among the countries that the template is approved for: Singapore" in page
    refused = client.get(reverse("job-refused-file", args=[job.pk]))
    (sheet,) = load_workbook(io.BytesIO(b"".join(refused.streaming_content))).worksheets
    assert "United States" in [cell.value for cell in sheet[2]][-1]


@pytest.mark.django_db(transaction=True)
def test_typed_numbers_become_a_file_of_one_column(version, alice):
    recipients = sources.typed(version, '13800138000, 13800138001；+86 138 0013 8002\n"x",,\n')
    job = upload.receive(
        enterprise=alice.enterprise, by=alice, token=uuid.uuid4(), name="", version=version, recipients=recipients
    )
    intake.read(job.files.get().pk)
    job.refresh_from_db()
    assert list(Message.objects.of_job(job).order_by("id").values_list("row", "number", "code")) == [
        (1, "+8613800138000", ""),
        (2, "+8613800138001", ""),
        (3, "+8613800138002", ""),
        (4, "", "letters"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", " ,;\n", "\n".join(str(13800138000 + i) for i in range(1001))])
def test_no_number_or_too_many_typed_are_refused(version, text):
    with pytest.raises(NotAllowed):
        sources.typed(version, text)


@pytest.mark.django_db
def test_typed_numbers_bring_no_values(alice):
    with pytest.raises(NotAllowed, match="variables"):
        sources.typed(make.template(by=alice), "13800138000")
