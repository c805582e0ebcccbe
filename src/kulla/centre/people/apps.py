"""The app of people."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PeopleConfig(AppConfig):
    """Puts up the wall between zones after every migration."""

    name = "kulla.centre.people"
    label = "people"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from kulla.centre.people import rowsecurity, signing

        user_logged_in.connect(signing.signed_in, dispatch_uid="kulla.signed-in")
        post_migrate.connect(rowsecurity.enforce, dispatch_uid="kulla.rowsecurity")
