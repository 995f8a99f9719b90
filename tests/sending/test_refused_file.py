"""The refused rows that a job gives back: whose numbers stand in them."""

import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import Role
from sending.models import JobStatus, Source
from tests import make

pytestmark = pytest.mark.django_db


def refused(client, job, person):
    client.force_login(person)
    answer = client.get(reverse("job-refused-file", args=[job.pk]))
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    return [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]


@pytest.fixture
def operator():
    return make.user(role=Role.OPERATOR)


def job_from(source, by):
    job = make.job(by=by, rows=1, invalid=1, status=JobStatus.CHECKED)
    job.files.update(source=source)
    return job


def test_what_people_uploaded_comes_back_whole_and_without_a_prefix_that_would_be_repaired(client, operator):
    assert refused(client, job_from(Source.FILE, operator), operator) == ["13800000001"]


@pytest.mark.parametrize("source", [Source.LIST, Source.RESEND])
def test_numbers_that_somebody_else_brought_are_masked_for_whom_all_are(client, operator, source):
    job = job_from(source, operator)
    assert refused(client, job, operator) == ["138****0001"]
    owner = make.user(role=Role.OWNER, of=make.home(operator))
    assert refused(client, job, owner) == ["13800000001"]


def test_a_search_for_what_no_text_can_hold_finds_nothing(client, operator):
    job = make.job(by=operator, status=JobStatus.CHECKED)
    client.force_login(operator)
    assert client.get(reverse("job", args=[job.pk]), {"find": "a\0b"}).status_code == 200
