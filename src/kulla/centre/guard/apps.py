"""The app of guard."""

from __future__ import annotations

from django.apps import AppConfig


class GuardConfig(AppConfig):
    """The app of guard."""

    name = "kulla.centre.guard"
    label = "guard"
