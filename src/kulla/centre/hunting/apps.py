"""The app of hunting."""

from __future__ import annotations

from django.apps import AppConfig


class HuntingConfig(AppConfig):
    """The app of hunting."""

    name = "kulla.centre.hunting"
    label = "hunting"
