"""Writing the record of deeds, in the transaction of the deed."""

from typing import Any

from accounts.models import AuditEntry, User


def record(*, by: User | None, verb: str, object_id: int, enterprise_id: int | None, **detail: Any) -> AuditEntry:
    """One entry; `by=None` is the system. `detail` holds figures and names, never secrets or full numbers."""
    return AuditEntry.objects.create(by=by, verb=verb, object_id=object_id, enterprise_id=enterprise_id, detail=detail)
