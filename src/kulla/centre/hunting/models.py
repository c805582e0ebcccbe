"""Saved hunts, and jobs that ask the whole lake."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kulla.centre.people.models import Addressed, Zoned

USER = settings.AUTH_USER_MODEL


class SavedHunt(Addressed, Zoned):
    """A query under a name: its author's alone, or everybody's who hunts in the same place."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    shared = models.BooleanField(_("for everybody of the zone"), default=False)

    SEE: ClassVar[str] = "events.search"

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "name"], name="hunting_saved_one_name")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def narrow(user: Any, rows: QuerySet[SavedHunt]) -> QuerySet[SavedHunt]:
        """One's own, and those that are shared."""
        return rows.filter(Q(user_id=user.pk) | Q(shared=True))


class State(models.TextChoices):
    """How far a job is."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    STOPPED = "stopped", _("Stopped")


class Job(Zoned):
    """A retro-hunt: rules or indicators asked of all events that its author may search in one zone, or over one
    constituent. What it finds becomes alerts, marked as found later.

    `text` is the rules' YAML, or an indicator a line; `done` of `total` events (for indicators: parts of the list) are
    looked at; `found` counts alerts that are new; `untimed` and `evicted` hits that correlations could not use, without
    a time or for want of room. `beat` is when the runner last said that it lives.
    """

    class Kind(models.TextChoices):
        """What is looked for."""

        RULES = "rules", _("Rules")
        INDICATORS = "indicators", _("Indicators")

    uid = models.UUIDField(unique=True, default=uuid.uuid4)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    title = models.CharField(_("title"), max_length=200)
    text = models.TextField(_("what to look for"))
    level = models.CharField(_("level"), max_length=13, default="high")
    since = models.DateTimeField(_("from"), null=True, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    user = models.ForeignKey(USER, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    made = models.DateTimeField(_("asked"), auto_now_add=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING, db_index=True)
    started = models.DateTimeField(_("started"), null=True, blank=True)
    ended = models.DateTimeField(_("ended"), null=True, blank=True)
    beat = models.DateTimeField(null=True, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    hits = models.PositiveBigIntegerField(_("events that met"), default=0)
    found = models.PositiveIntegerField(_("new alerts"), default=0)
    again = models.PositiveIntegerField(_("alerts known before"), default=0)
    untimed = models.PositiveBigIntegerField(default=0)
    evicted = models.PositiveBigIntegerField(default=0)
    keys = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    SEE: ClassVar[str] = "events.retrohunt"

    class Meta:
        ordering: ClassVar = ["-made"]

    def __str__(self) -> str:
        return self.title

    @property
    def percent(self) -> int:
        """How far it is, in per cent."""
        if self.state == State.DONE:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (State.WAITING, State.RUNNING)
