"""A job that was not confirmed: its file being read, unreadable, or checked and waiting for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.permissions import PersonRequest, may
from sending import alike, jobs, slowness, trial
from sending.forms import AdditionForm, ColumnsForm, ConfirmForm
from sending.forms.columns import can_be_read_again
from sending.intake import problems
from sending.job_files import followed
from sending.models import FileState, JobFile, JobStatus, SendJob
from sending.views import preview
from sending.views.findings import findings, refused_rows
from sending.views.takes import takes

LOOKS = {
    FileState.READING: ("submitting", "info"),
    FileState.UNREADABLE: ("invalid", "bad"),
    FileState.CHECKED: ("accepted", "accepted"),
    FileState.CONFIRMED: ("delivered", "delivered"),
    FileState.LEFT_OUT: ("skipped", "skipped"),
}
WAITING = frozenset({FileState.CHECKED, FileState.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a job as the list of them shows it; `corrects`: refused rows that its own stand for."""

    file: JobFile
    look: tuple[str, str]
    state: str
    corrects: int
    can_leave: bool

    @property
    def name(self) -> str:
        return self.file.file_name


def context(request: PersonRequest, job: SendJob, *, form: ConfirmForm | None = None) -> dict[str, Any]:
    """`form` says what was just refused."""
    files = list(job.files.select_related("created_by", "settled_by"))
    shown = of_files(request, job, files)
    if job.status == JobStatus.CHECKED:
        shown |= _to_confirm(request, job, form)
    return shown


def of_files(request: PersonRequest, job: SendJob, files: list[JobFile]) -> dict[str, Any]:
    """The job's files and what may be done with them, before its confirmation as well as afterwards."""
    unreadable = next((file for file in reversed(files) if file.state == FileState.UNREADABLE), None)
    newest = next((file for file in reversed(files) if file.state in WAITING), None)
    last = next((file for file in reversed(files) if file.state != FileState.LEFT_OUT), None)
    return {
        "file": last,
        "unread_names": _names(last.summary.get("unread", [])) if last else "",
        "files": [_listed(job, file, files) for file in files],
        "reading": next((file for file in files if file.state == FileState.READING), None),
        "unreadable": unreadable,
        "fault": fault(unreadable) if unreadable else None,
        "columns_form": columns_form(request, job, newest),
        "add_form": AdditionForm(job=job),
        "megabytes": settings.UPLOAD_MAX_BYTES // 2**20,
        "seen_token": jobs.token_of(job),
    }


def _names(sheets: list[str]) -> str:
    return _(", ").join(_("“%(name)s”") % {"name": name} for name in sheets)


def _to_confirm(request: PersonRequest, job: SendJob, form: ConfirmForm | None) -> dict[str, Any]:
    shown = preview.context(request, job)
    found = findings(job, shown["files_to_confirm"])
    return shown | {
        "found": found,
        "refused_rows": refused_rows(found, masked=not may(request.user, "numbers.full")) if shown["reads"] else [],
        "takes": takes(job, found, form),
        "trial": trial.of(job) if found.sendable else None,
        "alike": alike.of(job),
        "way": slowness.way(job.application.region),
        "form": form or ConfirmForm(job=job),
        "to_withhold": found.sendable,
    }


def _listed(job: SendJob, file: JobFile, files: list[JobFile]) -> Listed:
    others = any(one.pk != file.pk and one.state != FileState.LEFT_OUT for one in files)
    return Listed(
        file=file,
        look=LOOKS[FileState(file.state)],
        state=str(FileState(file.state).label),
        corrects=0 if file.state == FileState.LEFT_OUT else file.summary.get("corrects", 0),
        can_leave=file.state in WAITING and others,
    )


def fault(file: JobFile) -> dict[str, str]:
    """Why the file could not be read, and what to do."""
    title, advice = problems.describe_fault(file.fault)
    return {"title": str(title), "advice": str(advice)}


def columns_form(request: PersonRequest, job: SendJob, file: JobFile | None, posted: Any = None) -> ColumnsForm | None:
    """To choose other columns, where the top of the file is known."""
    if file is None or not can_be_read_again(file) or followed(file):
        return None
    shows = "numbers" if may(request.user, "numbers.full") else "values" if may(request.user, "messages.text") else ""
    return ColumnsForm(posted, file=file, variables=job.version.typed_variables, shows=shows)
