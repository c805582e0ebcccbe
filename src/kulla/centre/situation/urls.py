"""Addresses of the situation."""

from __future__ import annotations

from django.urls import path

from kulla.centre.situation import views

app_name = "situation"
urlpatterns = [path("", views.index, name="index")]
