"""Columns that people chose: remembered by the template and the headers of the file."""

from __future__ import annotations

from typing import Any

from sending.models import JobFile, RememberedColumns

MOST = 50  # of a template, those used last


def of(template_id: int) -> list[dict[str, Any]]:
    """As `child.Spec.remembered` has it."""
    newest = RememberedColumns.objects.filter(template=template_id).order_by("-used_at")[:MOST]
    return [
        {"headers": held.digest, "header": held.header, "number": held.number, "values": held.values} for held in newest
    ]


def keep(file: JobFile, columns: dict[str, Any]) -> None:
    """`columns` (indexes: {"header", "number", "values"}) for files with the headers of this one."""
    if digest := file.preview.get("digest"):
        RememberedColumns.objects.update_or_create(
            template_id=file.job.version.template_id,
            digest=digest,
            defaults={"header": columns["header"], "number": columns["number"], "values": columns["values"]},
        )
