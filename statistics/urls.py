from statistics import views

from django.urls import path

urlpatterns = [path("", views.overview, name="overview")]
