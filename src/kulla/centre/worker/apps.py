"""The app of the worker: what it read, and how the centre is."""

from __future__ import annotations

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    """What the worker remembers in the database."""

    name = "kulla.centre.worker"
    label = "worker"
