"""The app of the audit."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The append-only chain."""

    name = "kulla.centre.audit"
    label = "audit"
