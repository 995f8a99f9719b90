from django.urls import path

from templates_app.views import applications, editor, reviews, signatures, templates

urlpatterns = [
    path("<region:region>/applications/new/", applications.application_new, name="application-new"),
    path("cn/signatures/", signatures.signatures, name="signatures"),
    path("cn/signatures/new/", signatures.signature_new, name="signature-new"),
    path("cn/signatures/<int:pk>/", signatures.signature, name="signature"),
    path("cn/signatures/<int:pk>/withdraw/", signatures.signature_withdraw, name="signature-withdraw"),
    path("<region:region>/templates/", templates.templates, name="templates"),
    path("<region:region>/templates/new/", editor.template_new, name="template-new"),
    path("<region:region>/templates/<int:pk>/", templates.template, name="template"),
    path("<region:region>/templates/<int:pk>/new-version/", templates.version_new, name="template-new-version"),
    path("<region:region>/templates/versions/<int:pk>/", editor.template_edit, name="template-edit"),
    path("templates/versions/<int:pk>/withdraw/", templates.version_withdraw, name="version-withdraw"),
    path("templates/versions/<int:pk>/discard/", templates.version_discard, name="version-discard"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<str:kind>/<int:pk>/", reviews.review, name="review"),
]
