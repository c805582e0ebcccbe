"""Addresses of hits across zones."""

from __future__ import annotations

from django.urls import path

from kulla.centre.crossing import views

app_name = "crossing"
urlpatterns = [
    path("", views.index, name="index"),
    path("zone/<str:zone>", views.opt, name="opt"),
    path("hits/<uuid:uid>/<str:said>", views.decide, name="decide"),
]
