"""Telling an enterprise what happened: into its inbox, and to the contacts who want to know."""

from typing import Any

from accounts.models import Enterprise, Notice, NoticeKind


def tell(enterprise: Enterprise, kind: NoticeKind, code: str, *, path: str = "", **facts: Any) -> Notice:
    """Store a notice in the deed's transaction. `code` and `facts` make its sentence; `path` leads to what it is about."""
    return Notice.objects.create(enterprise=enterprise, kind=kind, code=code, facts=facts, path=path)
