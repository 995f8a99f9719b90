"""Writing the record of deeds, in the transaction of the deed.

Nothing here keeps secrets or numbers in full: `record` masks what it is given. The database chains the entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model

from accounts import origin
from accounts.models.audit import AuditEntry
from accounts.models.person import User
from console.lib.redaction import HIDDEN, clean, mask

LABEL_MAX = 200
_WORDS = re.compile(r"[a-z]+")
_SECRET_WORDS = frozenset(
    {"password", "passwords", "secret", "secrets", "token", "tokens", "authorization", "seed", "private", "recovery"}
)
Values = Mapping[str, Any]


def record(
    *,
    by: User | None,
    verb: str,
    object_id: int,
    enterprise_id: int | None,
    label: str = "",
    before: Values | None = None,
    after: Values | None = None,
    **detail: Any,
) -> AuditEntry:
    """One entry; `by=None` is the system. `label` is what the object is called now, `before` and `after` hold the
    fields that changed (see `changes`), `detail` figures and names. Secrets and numbers are masked here.
    """
    return AuditEntry.objects.create(
        by=by,
        origin=origin.current(),
        verb=verb,
        object_id=object_id,
        enterprise_id=enterprise_id,
        label=mask(label)[:LABEL_MAX],
        detail=_masked(detail),
        before=_masked(before or {}),
        after=_masked(after or {}),
    )


def changes(instance: Model, fields: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after): those of `fields` in which `instance` differs from its stored row. To be asked before saving:

        before, after = audit.changes(contact, ["name", "email"])
        contact.save()
        audit.record(…, before=before, after=after)

    Both are empty when nothing changes; for a row not stored yet `before` is.
    """
    names = [instance._meta.get_field(name).attname for name in fields]  # type: ignore[union-attr]
    new = {name: getattr(instance, name) for name in names}
    old = type(instance)._base_manager.filter(pk=instance.pk).values(*names).first() if instance.pk else None
    if old is None:
        return {}, new
    changed = [name for name in names if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _masked(values: Values) -> Any:
    return clean({key: _plain(value) for key, value in values.items()}, _is_secret)


def _is_secret(key: str) -> bool:
    return bool(_SECRET_WORDS.intersection(_WORDS.findall(key.lower())))


def _plain(value: Any) -> Any:
    """`value` as JSON can hold it; bytes are never text for people here."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
