from statistics import promise_views, records, views

from django.urls import path

urlpatterns = [
    path("", views.overview, name="overview"),
    path("promise/", promise_views.promise, name="promise"),
    path("reviews/promise/", promise_views.review_promise, name="review-promise"),
    path("enterprises/<int:pk>/", records.enterprise_record, name="enterprise-record"),
]
