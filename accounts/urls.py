from django.urls import path, register_converter

from accounts import views
from accounts.models.application import Region


class RegionConverter:
    """`cn` or `intl`: the two sides of the menu."""

    regex = "|".join(Region.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return Region(value).value


register_converter(RegionConverter, "region")

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("language/", views.set_language, name="set-language"),
    path("<region:region>/applications/", views.applications, name="applications"),
    path("<region:region>/applications/new/", views.application_new, name="application-new"),
    path("<region:region>/applications/<int:pk>/", views.application, name="application"),
]
