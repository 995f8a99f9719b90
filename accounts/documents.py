"""Keeping the documents of an enterprise."""

from __future__ import annotations

import weakref

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Document, Enterprise, User
from accounts.models.document import DocumentPurpose
from console.lib.documents import Checked
from console.lib.errors import NotAllowed

FILES_MAX = 500  # of one enterprise
BYTES_MAX = 200 << 20


@transaction.atomic
def store(uploaded: Checked, *, enterprise: Enterprise, by: User, purpose: DocumentPurpose) -> Document:
    """Keep a checked document (see `accounts.forms.document`). Raises NotAllowed when the enterprise has no room left.

    The file lies on the disk at once, and goes again when the transaction around this is rolled back.
    """
    _refuse_when_full(enterprise, len(uploaded.data))
    document = Document(
        enterprise=enterprise,
        purpose=purpose,
        name=uploaded.name,
        content_type=uploaded.content_type,
        size=len(uploaded.data),
        sha256=uploaded.sha256,
        uploaded_by=by,
    )
    document.file.save(uploaded.name, ContentFile(uploaded.data), save=False)
    transaction.on_commit(_Keep(document.file.storage, document.file.name or ""))
    document.save()
    audit.record(
        by=by,
        verb="document.stored",
        object_id=document.pk,
        enterprise_id=enterprise.pk,
        name=document.name,
        size=document.size,
    )
    return document


def discard(document: Document, *, by: User | None) -> None:
    """Forget one that nothing rests on: row and file, the file once the transaction is committed."""
    storage, name = document.file.storage, document.file.name or ""
    audit.record(
        by=by,
        verb="document.discarded",
        object_id=document.pk,
        enterprise_id=document.enterprise_id,
        name=document.name,
    )
    document.delete()
    transaction.on_commit(lambda: storage.delete(name))


def _refuse_when_full(enterprise: Enterprise, more: int) -> None:
    # Locked, so that two uploads at once do not both take the last place.
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    used = enterprise.documents.aggregate(files=Count("pk"), size=Sum("size", default=0))
    if used["files"] >= FILES_MAX or used["size"] + more > BYTES_MAX:
        raise NotAllowed(
            _(
                "Your enterprise keeps %(files)s documents with %(used)s MB; at most %(most)s documents and "
                "%(megabytes)s MB are kept. Ask the platform’s staff for more room."
            )
            % {"files": used["files"], "used": used["size"] >> 20, "most": FILES_MAX, "megabytes": BYTES_MAX >> 20}
        )


class _Keep:
    """What happens to a new file: called at the commit, it stays.

    Django has no hook for the other case, but drops its commit hooks on a rollback, of savepoints too; the file goes
    together with the hook.
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self._remove = weakref.finalize(self, storage.delete, name)

    def __call__(self) -> None:
        self._remove.detach()
