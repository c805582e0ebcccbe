"""The app of api."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The app of api."""

    name = "kulla.centre.api"
    label = "api"
