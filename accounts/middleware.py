"""Language and time zone of the person who asks, for the whole answer: a streamed one is written under them too."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponseBase]
Setting = Callable[[], AbstractContextManager[None]]


def _answer_within(setting: Setting, get_response: Answer, request: HttpRequest) -> HttpResponseBase:
    with setting():
        response = get_response(request)  # template responses are rendered in here
    if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse) and not response.is_async:
        response.streaming_content = _each_within(setting, response.streaming_content)  # type: ignore[arg-type]
    return response


def _each_within(setting: Setting, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Each chunk is made under the setting; between them the thread may serve somebody else."""
    waiting = iter(chunks)
    while True:
        with setting():
            try:
                chunk = next(waiting)
            except StopIteration:
                return
        yield chunk


class PersonLocaleMiddleware:
    """Language: the person's own choice, else the cookie, else what the browser asks for."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.user.language if request.user.is_authenticated else ""
        language = chosen if chosen in dict(settings.LANGUAGES) else translation.get_language_from_request(request)
        request.LANGUAGE_CODE = language
        response = _answer_within(lambda: translation.override(language), self.get_response, request)
        response.headers.setdefault("Content-Language", language)
        if isinstance(response, HttpResponse) and not chosen:
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response


class PersonTimezoneMiddleware:
    """Times are shown in the enterprise's zone."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        enterprise = getattr(request.user, "enterprise", None)
        zone = zoneinfo.ZoneInfo(enterprise.time_zone if enterprise else settings.TIME_ZONE)
        return _answer_within(lambda: timezone.override(zone), self.get_response, request)
