"""What enterprises handed in, for their own people and for the platform's staff."""

from __future__ import annotations

import structlog
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import Document
from accounts.permissions import PersonRequest, policy

# Whatever a browser takes the file for: it runs nothing, loads nothing, and no other site may show it.
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
# Browsers lay out a picture that stands alone with a style of their own; without this it sticks to a corner.
SHOWN = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
log = structlog.get_logger(__name__)


@policy("documents.view")
@require_safe
@transaction.atomic
def document(request: PersonRequest, pk: int) -> HttpResponse:
    """The file to save. Pictures, which we wrote ourselves, may be shown too (`?inline=1`); a PDF never."""
    found = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)
    try:
        file = found.file.open("rb")
    except FileNotFoundError as error:
        log.error("document.file_missing", document=found.pk)
        raise Http404 from error
    shown = found.is_image and "inline" in request.GET
    if request.user.is_staff_member:
        audit.record(
            by=request.user,
            verb="document.viewed",
            object_id=found.pk,
            enterprise_id=found.enterprise_id,
            name=found.name,
        )
    headers = HEADERS | ({"Content-Security-Policy": SHOWN} if shown else {})
    return FileResponse(  # type: ignore[return-value]  # answered in pieces, which only the handler notices
        file, as_attachment=not shown, filename=found.download_name, content_type=found.content_type, headers=headers
    )
