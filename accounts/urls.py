from django.urls import path, register_converter

from accounts.models.application import Region
from accounts.views import administration, agreement_versions, applications, sign_in


class RegionConverter:
    """`cn` or `intl`: the two sides of the menu."""

    regex = "|".join(Region.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return Region(value).value


register_converter(RegionConverter, "region")

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("language/", sign_in.set_language, name="set-language"),
    path("<region:region>/applications/", applications.applications, name="applications"),
    path("<region:region>/applications/new/", applications.application_new, name="application-new"),
    path("<region:region>/applications/<int:pk>/", applications.application, name="application"),
    path("enterprises/", administration.enterprises, name="enterprises"),
    path("enterprises/<int:pk>/suspend/", administration.enterprise_suspend, name="enterprise-suspend"),
    path("enterprises/<int:pk>/restore/", administration.enterprise_restore, name="enterprise-restore"),
    path("agreements/", agreement_versions.agreements, name="agreements"),
    path("agreements/draft/", agreement_versions.agreement_edit, name="agreement-edit"),
    path("agreements/<int:number>/", agreement_versions.agreement_version, name="agreement-version"),
    path("agreements/<int:number>/publish/", agreement_versions.agreement_publish, name="agreement-publish"),
]
