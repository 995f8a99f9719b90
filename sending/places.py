"""Where a row stands: which of a job's files it is of, how people call it, and where row 17 of a file is found.

Each row of a file has a place of its own, in the order of the sheet, so that no row stands behind its number: what the
spreadsheet calls row 17 is found within the first 17 places, by the primary key alone.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from django.utils.translation import gettext as _

from console.figures import num
from sending.intake import labels
from sending.models import JobFile, Message, SendJob


@dataclass(frozen=True, slots=True)
class Places:
    """Those of the files of one job that have rows, in their order."""

    files: list[JobFile]

    @classmethod
    def of(cls, job: SendJob) -> Places:
        return cls(list(job.files.filter(total__gt=0).order_by("first")))

    def file_of(self, message_id: int) -> JobFile | None:
        """The file that a row of the job is of; None where no file has brought it."""
        at = bisect_left(self.files, message_id + 1, key=lambda file: file.first_id) - 1
        return self.files[at] if at >= 0 and message_id < self.files[at].end_id else None

    def number_of(self, message_id: int) -> int:
        """The file's number within the job, from 1."""
        file = self.file_of(message_id)
        return file.number if file else 1

    def label(self, message_id: int, row: int) -> str:
        """As a file of refused rows has it: "17", "17 (2)"."""
        return labels.label(row, self.number_of(message_id))


def row_words(row: int, file: int = 1) -> str:
    """ "row 8,902", "row 17 of file 2"."""
    if file == 1:
        return _("row %(row)s") % {"row": num(row)}
    return _("row %(row)s of file %(file)s") % {"row": num(row), "file": file}


def find(file: JobFile, row: int) -> int | None:
    """Id of the file's row that the spreadsheet calls `row`, or of the next one that it has; None beyond its end."""
    places = range(min(file.total, row))
    at = bisect_left(places, row, key=lambda place: _row_at(file.first_id + place))
    return file.first_id + at if at < file.total else None


def _row_at(message_id: int) -> int:
    return Message.objects.values_list("row", flat=True).get(pk=message_id)
