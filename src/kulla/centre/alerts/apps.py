"""The app of alerts."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The app of alerts."""

    name = "kulla.centre.alerts"
    label = "alerts"
