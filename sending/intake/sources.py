"""Files that no person brings: typed numbers, a saved list, and the rows of an earlier job, made into a csv to read."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
from typing import Any, TextIO

from django.core.files import File
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.figures import num
from console.lib import phone
from console.lib.errors import NotAllowed
from sending.intake.upload import Recipients
from sending.models import JobFile, Message, RecipientList, Source
from sending.states import RESENDABLE
from templates_app.models import TemplateVersion

TYPED_MAX = 1_000
_CHUNK = 5_000
_BREAKS = re.compile(r"[,;，；、|\t\r\n]+")


def typed(version: TemplateVersion, text: str) -> Recipients:
    """Numbers typed or pasted, divided by commas, semicolons or line ends; a template with variables needs a file.

    What is between two marks is one row, whatever it is: the check says what is wrong with it. Raises NotAllowed.
    """
    if version.typed_variables:
        raise NotAllowed(
            _("This template has variables, which typed numbers bring no values for. Upload a spreadsheet.")
        )
    rows = [piece.strip() for piece in _BREAKS.split(text) if piece.strip()]
    if not rows:
        raise NotAllowed(_("Type or paste at least one number."))
    if len(rows) > TYPED_MAX:
        raise NotAllowed(
            ngettext(
                "You typed %(n)s number; at most %(most)s can be typed. Upload a spreadsheet for more.",
                "You typed %(n)s numbers; at most %(most)s can be typed. Upload a spreadsheet for more.",
                len(rows),
            )
            % {"n": num(len(rows)), "most": num(TYPED_MAX)}
        )
    body = "".join('"' + row.replace('"', '""') + '"\n' for row in rows)
    file = ContentFile(body.encode(), name=_("typed numbers") + ".csv")
    return Recipients(file, Source.TYPED, wanted_columns={"header": False, "number": 0})


def of_list(held: RecipientList) -> Recipients:
    """The numbers and values of a saved list. Raises NotAllowed where its file is gone."""
    try:
        file = held.file.open("rb")
    except (FileNotFoundError, ValueError) as error:
        raise NotAllowed(_("The file of this list is not kept any more. Save the list anew.")) from error
    # As lists are made: the number first; the values' columns are found by their headers.
    return Recipients(File(file, name=f"{held.name}.csv"), Source.LIST, held, {"header": True, "number": 0})


def provide(file: JobFile) -> None:
    """The csv of a file whose rows come from an earlier job, made before it is read for the first time."""
    if file.source != Source.RESEND or file.file:
        return
    with tempfile.TemporaryFile(prefix="resend-") as raw:
        out = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
        _write_rows(file, out)
        out.detach()
        raw.seek(0)
        file.digest = hashlib.file_digest(raw, "sha256").hexdigest()
        file.file_size = os.fstat(raw.fileno()).st_size
        file.file.save(file.file_name, File(raw), save=False)
    file.save(update_fields=["file", "file_size", "digest"])


def _write_rows(file: JobFile, out: TextIO) -> None:
    earlier = file.job.resend_of
    assert earlier is not None
    writer = csv.writer(out)
    names = [variable.name for variable in earlier.version.typed_variables]
    writer.writerow(["number", *(f"${{{name}}}" for name in names)])
    states = RESENDABLE[file.job.resend_which]
    rows = Message.objects.of_job(earlier).filter(state__in=states).order_by("id")
    for number, values in rows.values_list("number", "values").iterator(chunk_size=_CHUNK):
        writer.writerow([phone.plain(number), *values])


def resend_columns(version: TemplateVersion) -> dict[str, Any]:
    """What `provide` writes, as `JobFile.wanted_columns` has it."""
    values = {variable.name: place for place, variable in enumerate(version.typed_variables, 1)}
    return {"header": True, "number": 0, "values": values}
