"""The app of cases."""

from __future__ import annotations

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """The app of cases."""

    name = "kulla.centre.cases"
    label = "cases"
