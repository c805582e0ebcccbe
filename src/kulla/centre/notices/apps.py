"""The app of notices."""

from __future__ import annotations

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The app of notices."""

    name = "kulla.centre.notices"
    label = "notices"
