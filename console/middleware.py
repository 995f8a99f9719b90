"""What is refused before anything of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# Fields and boundaries around a file of the largest size.
SLACK_BYTES = 1024 * 1024


class UploadLimitMiddleware:
    """A body larger than any upload may be is refused by its declared length, before it fills the disk."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > settings.UPLOAD_MAX_BYTES + SLACK_BYTES:
            return render(request, "413.html", {"megabytes": settings.UPLOAD_MAX_BYTES >> 20}, status=413)
        return self.get_response(request)
