"""The address book. Every view declares its policy (`accounts.permissions`); a test walks this list.

Errors are answered by Django's own handlers with our pages 400, 403, 404, 500 and 403_csrf, too many attempts by 429.
"""

from django.urls import URLPattern, URLResolver, include, path

from accounts.identity.throttling import too_many
from console.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("", include("statistics.urls")),
    path("", include("accounts.urls")),
    path("", include("templates_app.urls")),
    path("", include("sending.urls")),
]
handler429 = too_many  # asked for by django-allauth's limits
