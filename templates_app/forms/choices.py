"""Choosing one of several rows."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _


def choose_one_of(choice: Any, rows: QuerySet[Any]) -> None:
    """A select over `rows`, with the first chosen: no empty line to fall into."""
    choice.queryset = rows
    choice.empty_label = None if rows else _("None yet")
    choice.initial = rows.first()
