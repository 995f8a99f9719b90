"""Answering with a page, or for htmx with the named part of it."""

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.cache import patch_vary_headers


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, part: str = "", status: int = 200
) -> TemplateResponse:
    """The whole page; for an htmx request (not a boosted one) only its partial `part`."""
    htmx = getattr(request, "htmx", None)
    name = f"{template}#{part}" if part and htmx and not htmx.boosted else template
    response = TemplateResponse(request, name, context, status=status)
    patch_vary_headers(response, ["HX-Request"])  # else the browser's Back shows a part as the page
    return response
