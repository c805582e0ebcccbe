"""What the console keeps of registers: reveals of accounts, and traces of leaks."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.models import CaseBound
from kulla.centre.evidence.models import Item
from kulla.centre.people.models import Addressed, Zoned

USER = settings.AUTH_USER_MODEL


class Reveal(Addressed, Zoned):
    """An account behind a pseudonym: asked for by one person with a reason, agreed to by another. The name itself is
    not kept: it is told again, to these two, from the reads."""

    register = models.CharField(_("register"), max_length=100)
    pseudonym = models.CharField(_("pseudonym"), max_length=40)
    reason = models.TextField(_("reason"))
    asked = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    agreed = models.DateTimeField(null=True, blank=True)
    agreed_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")

    SEE: ClassVar[str] = "registers.reveal"

    class Meta:
        ordering: ClassVar = ["-asked"]

    def __str__(self) -> str:
        return f"{self.register} {self.pseudonym}"


class State(models.TextChoices):
    """How far a trace is."""

    ASKED = "asked", _("Waits for the second person")
    READY = "ready", _("Waits for its turn")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Trace(Addressed, CaseBound):
    """A trace of a leaked file: asked for with a purpose, agreed to by a second person, then run.

    `stage` is the last that began, `said` what the run told on its way (no content), `outcome` its first lines,
    `reports` the evidence items that it made.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="traces", verbose_name=_("leaked file"))
    registers = models.JSONField(_("registers"), default=list)
    purpose = models.CharField(_("purpose"), max_length=500)
    language = models.CharField(_("language of the report"), max_length=2, default="en")
    asked = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    second = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")
    agreed = models.DateTimeField(null=True, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ASKED, db_index=True)
    stage = models.CharField(_("stage"), max_length=100, blank=True)
    said = models.TextField(blank=True)
    outcome = models.TextField(_("outcome"), blank=True)
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    reports = models.ManyToManyField(Item, blank=True, related_name="+")

    SEE: ClassVar[str] = "leaks.trace"

    class Meta:
        ordering: ClassVar = ["-asked"]

    def __str__(self) -> str:
        return f"{self.case.number} {self.item.number}"
