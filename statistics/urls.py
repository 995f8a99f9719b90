from statistics import records, views

from django.urls import path

urlpatterns = [
    path("", views.overview, name="overview"),
    path("enterprises/<int:pk>/", records.enterprise_record, name="enterprise-record"),
]
