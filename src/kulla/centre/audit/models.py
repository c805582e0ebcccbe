"""The chain of what was done."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One act. `hash` covers every other column and the entry before, so that one change breaks all that follow.

    `actor` is the user's name then, "" for the centre itself; `user` stays when a user is deleted: the hash covers it.
    `detail` holds ids, counts and decisions, never content.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(_("time"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False)
    actor = models.CharField(_("actor"), max_length=150, blank=True)
    action = models.CharField(_("act"), max_length=60, db_index=True)
    target = models.CharField(_("object"), max_length=200, blank=True, db_index=True)
    zone = models.CharField(_("zone"), max_length=10, blank=True)
    detail = models.JSONField(_("detail"), default=dict)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering: ClassVar = ["-seq"]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"
