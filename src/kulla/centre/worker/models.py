"""What the worker remembers: the files it took, what correlations wait for, and what is wrong with the centre."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kulla.centre.people.models import Addressed, Zoned


class State(models.TextChoices):
    """Where a file stands."""

    READING = "reading", _("Being read")
    DONE = "done", _("Read")
    REJECTED = "rejected", _("Rejected")
    QUARANTINED = "quarantined", _("Quarantined")


class SourceFile(Zoned):
    """A file of a constituent, known by its content: the same bytes delivered again are not read again.

    Everything of its first `chunks` chunks is in the lake and in the alerts. They end after `part` parts of piece
    `piece` (see `hunt.pieces`), so that reading goes on behind them after a crash. `name` is the path below the
    constituent's inbox. Times `first` and `last` are of events.
    """

    sha256 = models.CharField(max_length=64)
    name = models.CharField(_("file"), max_length=500)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.READING)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    chunks = models.PositiveIntegerField(default=0)
    piece = models.PositiveIntegerField(default=0)
    part = models.PositiveIntegerField(default=0)
    events = models.PositiveBigIntegerField(_("events"), default=0)
    hits = models.PositiveBigIntegerField(_("hits"), default=0)
    rejects = models.PositiveBigIntegerField(_("rejects"), default=0)
    problems = models.JSONField(default=list)
    """The first things that could not be read: place and reason, no content."""
    hosts = models.JSONField(default=list)
    first = models.DateTimeField(_("first event"), null=True)
    last = models.DateTimeField(_("last event"), null=True)
    deliveries = models.PositiveIntegerField(default=1)
    moved = models.BooleanField(default=False)
    """Whether the file has left the inbox. While it has not, the same bytes there are this delivery, not the next."""
    begun = models.DateTimeField(_("begun"), auto_now_add=True)
    ended = models.DateTimeField(_("ended"), null=True)

    SEE: ClassVar[str] = "health.see"

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["constituent", "sha256"], name="worker_file_once")]
        indexes: ClassVar = [models.Index(fields=["constituent", "state", "-ended"], name="worker_file_last")]

    def __str__(self) -> str:
        return self.name


class Correlating(Zoned):
    """What correlations remember of a constituent: `detect.correlate.checkpoint`, compressed by zlib. It is written in
    the transaction of the chunk that it stands after. `newest` is the time of its newest hit in µs since 1970."""

    data = models.BinaryField(default=b"")
    newest = models.BigIntegerField(null=True)
    evicted = models.PositiveBigIntegerField(default=0)

    SEE: ClassVar[str] = ""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["constituent"], name="worker_correlating_once")]

    def __str__(self) -> str:
        return f"{self.constituent_id}"


class Kind(models.TextChoices):
    """What can be wrong."""

    DISK = "disk", _("Disk nearly full")
    SILENT = "silent", _("Constituent silent")
    REJECTED = "rejected", _("File rejected")
    PARTLY = "partly", _("File read in part")
    QUARANTINED = "quarantined", _("File quarantined")
    CHANGED = "changed", _("File changed while it was read")
    FOLDER = "folder", _("Inbox of nobody")
    STOPPED = "stopped", _("Worker stopped")
    BACKLOG = "backlog", _("Inbox grows")
    STUCK = "stuck", _("File cannot be taken")
    LAKE = "lake", _("Lake not whole")
    REGISTER = "register", _("Register not readable")
    RULES = "rules", _("Rules not loaded")
    HELD = "held", _("More is held than named")
    JOB = "job", _("Job failed")


AGAIN: Final = "again"
"""The key of `STOPPED` while the worker ends again and again."""


class Health(Addressed, Zoned):
    """Something that is wrong: from `since` until `until`, or still. `key` tells two of one kind apart.

    What concerns the centre as a whole has a row in every zone. `text` is in English, without a personal value.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    key = models.CharField(max_length=200, blank=True)
    text = models.CharField(_("what"), max_length=500)
    count = models.PositiveIntegerField(_("times"), default=1)
    since = models.DateTimeField(_("since"))
    seen = models.DateTimeField(_("last seen"))
    until = models.DateTimeField(_("until"), null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)

    SEE: ClassVar[str] = "health.see"

    class Meta:
        ordering: ClassVar = ["-since", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["zone", "constituent", "kind", "key"], condition=Q(until=None), name="worker_health_open",
                nulls_distinct=False,
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"
