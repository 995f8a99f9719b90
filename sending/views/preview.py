"""What people will read: one row's message, and the ways to another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.permissions import PersonRequest, may
from sending import places, previews, reasons
from sending.intake import labels
from sending.intake.merged import summary_of
from sending.models import Message, SendJob
from sending.places import row_words
from sending.states import MessageState
from sending.views import tested
from sending.views.findings import to_confirm


@dataclass(frozen=True, slots=True)
class Extreme:
    """A message that stands out: where it is, and what it is called."""

    position: int
    words: str


def context(request: PersonRequest, job: SendJob) -> dict[str, Any]:
    """The row that the address asks for: `row` a position, `n` a row number (of `file`), `find` a number or word.

    Who may not read messages sees the template alone.
    """
    files = to_confirm(job)
    if not may(request.user, "messages.text"):
        return {"preview": None, "files_to_confirm": files, "reads": False}
    position, said = _wanted(request, job)
    preview = previews.at(job, position)
    return {
        "reads": True,
        "preview": preview,
        "preview_words": row_words(preview.row, preview.file) if preview else "",
        "said": said,
        "find": request.GET.get("find", "").strip(),
        "files_to_confirm": files,
        "extremes": _extremes(summary_of(files), preview),
        **tested.context(job),
    }


def _wanted(request: HttpRequest, job: SendJob) -> tuple[int, str]:
    """(position, what is to be said about it)."""
    position = whole(request.GET.get("row") or request.POST.get("row"))
    if words := request.GET.get("find", "").replace("\0", "").strip():
        return _search(job, words[:60], position)
    if label := request.GET.get("n", "").strip():
        return _jump(job, label, whole(request.GET.get("file")), position)
    return position, ""


def _search(job: SendJob, words: str, position: int) -> tuple[int, str]:
    try:
        found = previews.search(job, words, after=position)
    except previews.TooSlow:
        return position, _("The search took longer than 1.5 seconds and was ended. Search by number, or go to the row.")
    if found is not None:
        return found, ""
    if refused := previews.refused(job, words):
        return position, _("%(row)s has this number and is refused: %(why)s.") % {
            "row": _called(job, refused),
            "why": _why(job, refused),
        }
    if job.version.typed_variables:
        return position, _("No row to be sent has the number “%(words)s” or a value with it.") % {"words": words}
    return position, _("No row to be sent has the number “%(words)s”.") % {"words": words}


def _jump(job: SendJob, label: str, number: int, position: int) -> tuple[int, str]:
    parsed = labels.parse(label)
    if parsed is None:
        return position, _("Write the number of a row as the spreadsheet shows it, such as 17.")
    number, row = (number, parsed[1]) if number and parsed[0] == 1 else parsed
    file = next((one for one in to_confirm(job) if one.number == number), None)
    if file is None:
        return position, _("No file %(file)s of this job waits for confirmation.") % {"file": number}
    place = places.find(file, row)
    if place is None:
        last = file.first + file.total - 1
        return last, _("The file ends before row %(row)s. This is the last one to be sent.") % {"row": row}
    held = Message.objects.get(pk=place)
    said = ""
    if held.row != row:
        said = _("Row %(row)s has no recipient. This is the next one to be sent.") % {"row": row}
    elif held.state == MessageState.INVALID:
        said = _("Row %(row)s is refused: %(why)s. This is the next one to be sent.") % {
            "row": row,
            "why": _why(job, held),
        }
    return place - (job.first_id or 0), said


def _why(job: SendJob, message: Message) -> str:
    return reasons.of_row(job, MessageState.INVALID, message.code, message.detail)


def _called(job: SendJob, message: Message) -> str:
    words = row_words(message.row, places.Places.of(job).number_of(message.pk))
    return words[:1].upper() + words[1:]


def _extremes(summary: dict[str, Any], shown: previews.Preview | None) -> list[Extreme]:
    """The longest message and the costliest, where it is another; the row that is shown needs no link to itself."""
    found = {}
    for name, words in (("longest", _("longest in %(row)s")), ("costliest", _("costliest in %(row)s"))):
        what = summary.get(name) or {}
        if "id_offset" in what and what["id_offset"] not in found:
            row = row_words(what["row"], what.get("file", 1))
            found[what["id_offset"]] = Extreme(what["id_offset"], words % {"row": row})
    return [one for one in found.values() if shown is None or one.position != shown.position]


def whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
