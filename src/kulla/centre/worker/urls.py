"""Addresses of the centre's health."""

from __future__ import annotations

from django.urls import path

from kulla.centre.worker import views

app_name = "worker"
urlpatterns = [
    path("", views.index, name="index"),
    path("<int:pk>/acknowledge", views.acknowledge, name="acknowledge"),
]
