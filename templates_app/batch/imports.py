"""Taking in a sheet of templates: read and kept, then confirmed, then each row made a template; forgotten after a day.

Rows go through `drafts.save_draft` and `drafts.submit`, as from the editor. Knows nothing about HTTP.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit, modes
from accounts.models import Enterprise, User
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit, hint
from console.lib.sheets import SheetFault, small
from templates_app import drafts
from templates_app.batch import columns, problems
from templates_app.batch.checking import Checked, Checker
from templates_app.models import TemplateImport
from templates_app.models.template_import import KEPT

ROWS_MAX = 500
BYTES_MAX = 2 << 20
COLUMNS_MAX = 50
CELL_MAX = 4000  # characters; longer than anything that is allowed, so that it is refused and comes back whole
HEADERS_WITHIN = 5  # rows from the top, in which the headers are looked for
RUN_TASK = "templates_app.run_import"


def receive(
    *, enterprise: Enterprise, by: User, region: str, token: uuid.UUID, name: str, chunks: Iterable[bytes]
) -> TemplateImport:
    """Read the sheet and keep its rows. The same `token` again gives the same import. Raises NotAllowed."""
    if known := TemplateImport.objects.filter(enterprise=enterprise, token=token).first():
        return known
    modes.check_region(enterprise, region)
    try:
        table = small.read(chunks, rows=ROWS_MAX + 1, columns=COLUMNS_MAX, characters=CELL_MAX)
    except SheetFault as fault:
        raise NotAllowed(problems.words(fault)) from fault
    made = TemplateImport(enterprise=enterprise, by=by, region=region, token=token, rows=_rows(table, region))
    made.file_name = PurePath(name.replace("\0", "")).name[:200]
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        # The form's other post was faster.
        if known := TemplateImport.objects.filter(enterprise=enterprise, token=token).first():
            return known
        raise NotAllowed(_("This form was used before. Load the page again and upload the file anew.")) from error
    return made


def _rows(table: small.Table, region: str) -> list[dict[str, Any]]:
    wanted = [column.key for column in columns.of_region(region)]
    titles = [columns.find(cells) for _number, cells in table.rows[:HEADERS_WITHIN]]
    place = next((place for place, found in enumerate(titles) if len(found) > 1), 0)
    found = {key: index for key, index in titles[place].items() if key in wanted}
    if missing := [column.header for column in columns.of_region(region) if column.key in columns.NEEDED - set(found)]:
        words = _("The file has no column %(columns)s. Fill in the sample file; keep its row of headers.")
        raise NotAllowed(words % {"columns": _(", ").join(f"“{header}”" for header in missing)})
    rows = []
    for number, cells in table.rows[place + 1 :]:
        held = {key: cells[index] for key, index in found.items() if index < len(cells) and cells[index]}
        if held:
            rows.append({"row": number, "cells": held, "hidden": number in table.hidden})
    if not rows:
        raise NotAllowed(_("The file has no templates below its headers. Fill in the sample file, and upload that."))
    if len(rows) > ROWS_MAX:
        raise NotAllowed(
            _("The file has more than %(limit)s templates. Split it into several files.") % {"limit": ROWS_MAX}
        )
    return rows


def check(found: TemplateImport) -> list[Checked]:
    """Every row as it would fare now, in the reader's language."""
    return Checker(found.enterprise, found.region).check(found.rows)


@transaction.atomic
def confirm(found: TemplateImport, *, send_in: bool, by: User) -> None:
    """Let the rows become templates, in the background. Once more does nothing."""
    modes.check_region(found.enterprise, found.region)
    open_ones = TemplateImport.objects.filter(pk=found.pk, confirmed_at__isnull=True)
    if open_ones.update(confirmed_at=timezone.now(), send_in=send_in, by=by):
        audit.record(
            by=by,
            verb="templateimport.confirmed",
            object_id=found.pk,
            enterprise_id=found.enterprise_id,
            label=found.file_name,
        )
        after_commit(RUN_TASK, import_id=found.pk)


def run(import_id: int) -> None:
    """Make templates of the rows that were confirmed. Harmless to call at any time, and several times at once."""
    found = TemplateImport.objects.under_way().select_related("enterprise", "by").filter(pk=import_id).first()
    if found is None:
        return
    with translation.override(found.by.language):
        rest = [row for row in found.rows if str(row["row"]) not in found.results]
        for checked in Checker(found.enterprise, found.region).check(rest):
            _make(found, checked)
    TemplateImport.objects.under_way().filter(pk=import_id).update(done_at=timezone.now())


@transaction.atomic
def _make(found: TemplateImport, checked: Checked) -> None:
    """One row, and the note of what became of it, together: whoever comes second finds the note."""
    held = TemplateImport.objects.select_for_update().filter(pk=found.pk).first()
    key = str(checked.number)
    if held is None or key in held.results:
        return
    held.results[key] = _result(checked, send_in=bool(held.send_in), by=found.by)
    held.save(update_fields=["results"])


def _result(checked: Checked, *, send_in: bool, by: User) -> dict[str, Any]:
    """{"template": id} or {"faults": [words]}."""
    faults = checked.faults if send_in else checked.blocking
    if checked.draft is None or faults:
        return {"faults": faults}
    try:
        with transaction.atomic():
            version = drafts.save_draft(checked.draft, by=by)
            if send_in:
                drafts.submit(version, by=by)
    except NotAllowed as problem:
        return {"faults": [str(problem)]}
    return {"template": version.template_id}


def tidy() -> None:
    """Forget what is a day old; go on with what was confirmed and stands still."""
    now = timezone.now()
    TemplateImport.objects.filter(created_at__lt=now - KEPT).exclude(
        confirmed_at__isnull=False, done_at__isnull=True
    ).delete()
    for pk in TemplateImport.objects.under_way().values_list("pk", flat=True):
        hint(RUN_TASK, import_id=pk)
