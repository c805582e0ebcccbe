"""What every page shares, as an app: its templates, tags and static files."""

from __future__ import annotations

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The project's own app."""

    name = "kulla.centre.site"
    label = "site"
