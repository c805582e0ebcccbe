"""The app of situation."""

from __future__ import annotations

from django.apps import AppConfig


class SituationConfig(AppConfig):
    """The app of situation."""

    name = "kulla.centre.situation"
    label = "situation"
