"""A job for any file, and what the ledger and the counts say of it."""

import uuid

import pytest
from django.core.files import File

from sending.intake import upload
from sending.models import SendJob
from tests import make

LETTER = "您的会员积分即将到期。"


@pytest.fixture
def alice():
    return make.user(name="Alice")


@pytest.fixture
def job_of(alice):
    """`job_of(path)`: a mainland job without variables; `version=` for another template."""

    def made(path, *, version=None, wanted=None) -> SendJob:
        version = version or make.template(by=alice, text=LETTER, variables=[])
        with path.open("rb") as file:
            return upload.receive(
                enterprise=version.enterprise,
                by=alice,
                token=uuid.uuid4(),
                name="March",
                version=version,
                recipients=upload.Recipients(File(file, name=path.name), wanted_columns=wanted or {}),
            )

    return made
