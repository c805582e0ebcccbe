"""Hits across zones: off unless the zone that owns what was hit has opted in, shown to it first, and telling the other
only whom to ask."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.models import CaseBound, Observable
from kulla.centre.people.models import Addressed, Zoned

USER = settings.AUTH_USER_MODEL


class Permission(Zoned):
    """Whether a zone's observables are compared with those of others. One row a zone; none means no."""

    on = models.BooleanField(default=False)
    changed = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    SEE: ClassVar[str] = "cases.lead"

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["zone"], name="crossing_permission_once")]

    def __str__(self) -> str:
        return f"{self.zone}: {self.on}"


class State(models.TextChoices):
    """What the owning zone said."""

    NEW = "new", _("New")
    RELEASED = "released", _("The other zone may ask")
    DECLINED = "declined", _("Nothing is told")


class Hit(Addressed, Zoned):
    """For the zone that owns an observable: some other zone looks at the same value. Which zone, and in which case, is
    told neither to it nor to the other: `asker` is for the answer alone, and shown nowhere."""

    observable = models.ForeignKey(Observable, models.CASCADE, related_name="hits")
    asker = models.CharField(max_length=10)
    asker_case = models.PositiveBigIntegerField()
    made = models.DateTimeField(auto_now_add=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.NEW)
    decided = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")

    SEE: ClassVar[str] = "cases.lead"

    class Meta:
        ordering: ClassVar = ["-made"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["observable", "asker", "asker_case"], name="crossing_hit_once")
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.pk}"


class Answer(CaseBound):
    """For the zone that looked: whom to ask. It names no value, no case and no time of the other."""

    ask = models.CharField(_("ask"), max_length=10)
    value = models.CharField(max_length=1000)
    """The asking zone's own value, as it stands in its case."""
    made = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-made"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "ask", "value"], name="crossing_answer_once")]

    def __str__(self) -> str:
        return f"{self.ask} {self.pk}"
