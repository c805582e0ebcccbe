"""The app of evidence."""

from __future__ import annotations

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The app of evidence."""

    name = "kulla.centre.evidence"
    label = "evidence"
