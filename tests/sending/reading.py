"""Jobs whose files were really uploaded and read, for tests of the pages that follow."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from openpyxl import Workbook, load_workbook

from accounts.models import User
from sending import intake
from sending.intake import upload
from sending.models import JobFile, SendJob
from templates_app.models import TemplateVersion
from tests import make

LETTER = "您的会员积分即将到期。"
Rows = Sequence[Sequence[object]]


def book(rows: Rows, *, sheets: Mapping[str, Rows] | None = None, hidden: Sequence[str] = ()) -> ContentFile:
    """An xlsx whose first sheet is "People"."""
    made, out = Workbook(), io.BytesIO()
    assert made.active is not None
    made.active.title = "People"
    for name, held in {"People": rows, **(sheets or {})}.items():
        sheet = made[name] if name in made.sheetnames else made.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in held:
            sheet.append(list(row))
    made.save(out)
    return ContentFile(out.getvalue(), name="people.xlsx")


def job(
    by: User, rows: Rows | ContentFile, *, version: TemplateVersion | None = None, name: str = "Members", **wanted: Any
) -> SendJob:
    """A job of that file, read; by default of a mainland template without variables."""
    version = version or make.template(by=by, text=LETTER, variables=[])
    file = rows if isinstance(rows, ContentFile) else book(rows)
    made = upload.receive(
        enterprise=make.home(by),
        by=by,
        token=uuid.uuid4(),
        name=name,
        version=version,
        recipients=upload.Recipients(file, wanted_columns=wanted),
    )
    return read(made)


def add(job: SendJob, rows: Rows | ContentFile, *, by: User) -> JobFile:
    """A further file, read."""
    file = rows if isinstance(rows, ContentFile) else book(rows)
    added = upload.add(job, by=by, token=uuid.uuid4(), recipients=upload.Recipients(file))
    read(job)
    added.refresh_from_db()
    return added


def read(job: SendJob) -> SendJob:
    """Whatever of it waits to be read."""
    for file in job.files.filter(state="reading"):
        intake.read(file.pk)
    job.refresh_from_db()
    return job


def rows_of(content: bytes) -> list[list[Any]]:
    """The cells of an xlsx's first sheet."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]
