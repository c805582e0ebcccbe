"""Items of evidence and their custody."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kulla.centre.alerts.models import Alert
from kulla.centre.cases.models import CaseBound


class Item(CaseBound):
    """One item: its content lies encrypted in the store under `address`; `sha256` and `size` are the content's.

    The fields of the intake are ISO/IEC 27037's. `request` is the RFC 3161 request made at intake, `response` the
    authority's answer when there is one: until then the missing time-stamp is told wherever the item is. `alert` is the
    one whose events it holds, when it was made of one.
    """

    number = models.CharField(_("number"), max_length=30, unique=True)
    name = models.CharField(_("file"), max_length=255)
    note = models.TextField(_("what it is"), blank=True)
    address = models.CharField(max_length=64, db_index=True)
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    size = models.PositiveBigIntegerField(_("bytes"))
    taken = models.DateTimeField(_("taken in"), auto_now_add=True)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    source = models.CharField(_("source"), max_length=300)
    officer = models.CharField(_("officer who took it"), max_length=200)
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    device = models.CharField(_("device or path"), max_length=300)
    tool = models.CharField(_("tool"), max_length=200)
    request = models.BinaryField(default=bytes)
    response = models.BinaryField(default=bytes)
    certificates = models.BinaryField(default=bytes)
    stamped = models.DateTimeField(_("time-stamped"), null=True, blank=True)
    authority = models.CharField(_("time-stamp authority"), max_length=500, blank=True)
    disposed = models.DateTimeField(_("disposed of"), null=True, blank=True)
    alert = models.ForeignKey(
        Alert, models.SET_NULL, null=True, blank=True, related_name="kept", verbose_name=_("alert")
    )

    SEE: ClassVar[str] = "evidence.see"

    class Meta:
        ordering: ClassVar = ["-taken"]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class Custody(CaseBound):
    """One event of an item's chain. `line` is the signed event as `vault.custody` wrote it: what verifies."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="custody")
    seq = models.PositiveIntegerField()
    kind = models.CharField(_("event"), max_length=12)
    at = models.DateTimeField(_("time"))
    line = models.TextField()

    SEE: ClassVar[str] = "evidence.see"

    class Meta:
        ordering: ClassVar = ["item", "seq"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["item", "seq"], name="evidence_custody_once")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.seq} {self.kind}"
