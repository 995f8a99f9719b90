"""Documents of a qualification: kept while its form is put right, then its own."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import documents
from accounts.models import Document, Enterprise, User
from accounts.models.document import DocumentPurpose
from console.lib.documents import Checked
from templates_app.models import UnsentPaper

PURPOSE = {
    "certificate": DocumentPurpose.LICENCE,
    "letter": DocumentPurpose.LETTER,
    "id_front": DocumentPurpose.IDENTITY,
    "id_back": DocumentPurpose.IDENTITY,
    "id_in_hand": DocumentPurpose.IDENTITY,
}
KEPT = timedelta(days=1)
BATCH = 200


def kept(form: uuid.UUID, *, by: User) -> dict[str, Document]:
    """Field and document of what came with this form earlier."""
    rows = UnsentPaper.objects.filter(person=by, form=form).select_related("document")
    return {row.field: row.document for row in rows}


@transaction.atomic
def keep(form: uuid.UUID, papers: dict[str, Checked], *, enterprise: Enterprise, by: User) -> None:
    """Keep what was uploaded until the form is sent in, for a day. Raises NotAllowed when there is no room."""
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)  # of a form posted twice, one after another
    for field, checked in papers.items():
        before = UnsentPaper.objects.filter(person=by, form=form, field=field).select_related("document").first()
        if before and before.document.sha256 == checked.sha256 and before.document.name == checked.name:
            continue
        if before:
            _drop(before, by=by)
        document = documents.store(checked, enterprise=enterprise, by=by, purpose=PURPOSE[field])
        UnsentPaper.objects.create(person=by, form=form, field=field, document=document)


def settle(form: uuid.UUID, used: set[int], *, by: User) -> None:
    """The form was sent in with the documents `used`: what else it had kept goes."""
    for row in UnsentPaper.objects.filter(person=by, form=form).select_related("document"):
        if row.document_id in used:
            row.delete()
        else:
            _drop(row, by=by)


def forget_unsent() -> int:
    """Delete what nobody has sent in within a day; how many documents."""
    old = UnsentPaper.objects.filter(kept_at__lt=timezone.now() - KEPT)
    gone = 0
    for pk in list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            row = UnsentPaper.objects.select_for_update(skip_locked=True).select_related("document").filter(pk=pk)
            if found := row.first():
                _drop(found, by=None)
                gone += 1
    return gone


def _drop(row: UnsentPaper, *, by: User | None) -> None:
    row.delete()
    documents.discard(row.document, by=by)
