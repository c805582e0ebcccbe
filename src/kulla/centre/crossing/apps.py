"""The app of hits across zones."""

from __future__ import annotations

from django.apps import AppConfig


class CrossingConfig(AppConfig):
    """The app of hits across zones."""

    name = "kulla.centre.crossing"
    label = "crossing"
