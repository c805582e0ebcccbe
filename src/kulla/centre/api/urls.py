"""Addresses of the API."""

from __future__ import annotations

from django.urls import path

from kulla.centre.api.views import api

urlpatterns = [path("", api.urls)]
