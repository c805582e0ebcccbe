"""Alerts as the desk triages them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.models import Case
from kulla.centre.people import door
from kulla.centre.people.models import Addressed, Marked, Zoned

USER = settings.AUTH_USER_MODEL


class Level(models.TextChoices):
    """Sigma's levels."""

    INFORMATIONAL = "informational", _("Informational")
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    CRITICAL = "critical", _("Critical")


class Status(models.TextChoices):
    """Where an alert stands."""

    NEW = "new", _("New")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    ESCALATED = "escalated", _("Escalated")
    CLOSED = "closed", _("Closed")


class Reason(models.TextChoices):
    """Why an alert was closed."""

    TRUE = "true", _("True: it happened, and it matters")
    BENIGN = "benign", _("Benign: it happened, and it is allowed")
    FALSE = "false", _("False: it did not happen")


class Alert(Marked):
    """One alert; `uid` is `kulla.alert.Alert.id`: the same input loaded again meets the same row.

    `entities` is a list of {kind, name}; `group` joins alerts of one rule about one entity, and `rank` orders the queue
    as a hunt's report is ordered. `evidence` is a list of {kind, id}; `detail` is what the hunt said of it (why the
    rule matched, the first events), and holds no personal value of a register.
    """

    uid = models.CharField(max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=10, db_index=True)
    title = models.CharField(_("title"), max_length=300)
    level = models.CharField(_("level"), max_length=13, choices=Level)
    severity = models.PositiveSmallIntegerField(default=0)
    """The level as a number, 0 to 4: what the queue sorts by."""
    rank = models.FloatField(_("rank"), default=0)
    first = models.DateTimeField(_("first"), null=True)
    last = models.DateTimeField(_("last"), null=True, db_index=True)
    made = models.DateTimeField(_("made"), auto_now_add=True)
    events = models.PositiveBigIntegerField(_("events"), default=1)
    rule_id = models.CharField(_("rule"), max_length=100, blank=True)
    group = models.CharField(max_length=32)
    entities = models.JSONField(default=list)
    host = models.CharField(_("host"), max_length=255, blank=True, db_index=True)
    account = models.CharField(_("account"), max_length=255, blank=True, db_index=True)
    register = models.CharField(_("register"), max_length=63, blank=True, db_index=True)
    tags = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    explanation = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.NEW)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="alerts",
        verbose_name=_("assigned to"),
    )  # fmt: skip
    case = models.ForeignKey(Case, models.SET_NULL, null=True, blank=True, related_name="alerts")
    acknowledged = models.DateTimeField(null=True, blank=True)
    closed = models.DateTimeField(null=True, blank=True)
    admins_only = models.BooleanField(default=False)
    """About an administrator of a register: the register's owner does not see it, the centre does."""
    retro = models.BooleanField(_("found by a retro-hunt"), default=False)
    grown = models.DateTimeField(null=True, blank=True)
    """When events were last added to it after somebody had decided on it."""
    act = models.BigIntegerField(default=0)
    """The last act of triage that touched it; 0 for none. It tells whether a page shows what still stands."""
    deliveries = models.JSONField(default=list)
    """What its events came with last (see `upsert`)."""

    SEE: ClassVar[str] = "alerts.see"

    class Meta:
        ordering: ClassVar = ["-severity", "-rank", "-last"]
        indexes: ClassVar = [
            models.Index(fields=["zone", "status", "-severity", "-rank", "-last"], name="alerts_queue"),
            models.Index(fields=["status", "-last"], name="alerts_status_last"),
            models.Index(fields=["group", "-last"], name="alerts_group_last"),
            # The situation's counts and medians: answered from the index alone, whatever an alert's events weigh.
            models.Index(fields=["status", "zone", "level", "constituent"], name="alerts_open_levels"),
            models.Index(fields=["status", "made", "zone", "constituent"], name="alerts_status_made"),
            models.Index(fields=["made", "zone", "constituent", "rule_id"], name="alerts_made"),
            models.Index(
                fields=["zone", "rule_id", "status", "reason", "constituent", "last"], name="alerts_rule_reasons"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @staticmethod
    def narrow(user: Any, rows: QuerySet[Alert]) -> QuerySet[Alert]:
        """Nobody sees findings about themselves."""
        return not_about(user, rows)


PARTS: Final[Mapping[str, Any]] = {
    "severity": _("severity"),
    "rarity": _("rarity"),
    "company": _("company"),
    "machine": _("machine"),
    "every day": _("every day"),
    "told above": _("told above"),
}
"""The parts of a rank by the names under which `ranking` keeps them."""


class AlertGroup(Marked):
    """The alerts of one rule about one host and account of one constituent: a row of the queue.

    It repeats what the alerts say, so that a queue of a hundred thousand alerts is read without touching them:
    `groups.refresh` keeps it. `new` to `closed` count alerts by status; `status` is the least advanced of them, `open`
    whether any is new or acknowledged; `assignee` is whoever has all the open ones. `bursts` are [start, end, count]
    in µs, which ranking takes. `changed` is when anything about the group last moved.
    """

    key = models.CharField(max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=10)
    rule_id = models.CharField(_("rule"), max_length=100, blank=True, db_index=True)
    title = models.CharField(_("title"), max_length=300)
    level = models.CharField(_("level"), max_length=13, choices=Level)
    severity = models.PositiveSmallIntegerField(default=0)
    rank = models.FloatField(_("rank"), default=0)
    why = models.CharField(max_length=300, blank=True)
    """What the rank is made of, in words."""
    host = models.CharField(_("host"), max_length=255, blank=True, db_index=True)
    account = models.CharField(_("account"), max_length=255, blank=True, db_index=True)
    register = models.CharField(_("register"), max_length=63, blank=True)
    tags = models.JSONField(default=list)
    first = models.DateTimeField(_("first"), null=True)
    last = models.DateTimeField(_("last"), null=True)
    made = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField()
    count = models.PositiveIntegerField(_("alerts"), default=0)
    events = models.PositiveBigIntegerField(_("events"), default=0)
    bursts = models.JSONField(default=list)
    new = models.PositiveIntegerField(default=0)
    acknowledged = models.PositiveIntegerField(default=0)
    escalated = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.NEW)
    open = models.BooleanField(default=True)
    assignee = models.ForeignKey(
        USER, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("assigned to")
    )
    case = models.ForeignKey(Case, models.SET_NULL, null=True, blank=True, related_name="+")
    retro = models.BooleanField(default=False)

    SEE: ClassVar[str] = "alerts.see"

    class Meta:
        ordering: ClassVar = ["-rank", "-last", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["zone", "open", "-rank", "-last", "-id"], name="alertgroup_open"),
            models.Index(fields=["zone", "-rank", "-last", "-id"], name="alertgroup_all"),
            models.Index(fields=["zone", "changed"], name="alertgroup_changed"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def entity(self) -> str:
        """Whom or what it is about, in one line."""
        return " · ".join(filter(None, (self.host, self.account, self.register)))

    @property
    def reckoned(self) -> str:
        """What the rank is made of, in the reader's language."""
        shown = self.why
        for name, words in PARTS.items():
            shown = shown.replace(name, str(words))
        return shown

    @staticmethod
    def narrow(user: Any, rows: QuerySet[AlertGroup]) -> QuerySet[AlertGroup]:
        """Nobody sees findings about themselves."""
        return not_about(user, rows)


def not_about(user: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Without the rows about the user's own account in registers."""
    own = getattr(user, "register_account", "")
    return rows.exclude(Q(account__iexact=own) & ~Q(account="")) if own else rows


class Note(Marked):
    """What somebody wrote about an alert. It has the alert's zone, and marks at least as strict."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notes")
    author = models.ForeignKey(USER, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    text = models.TextField(_("note"))

    SEE: ClassVar[str] = "alerts.see"

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return self.text[:40]

    @staticmethod
    def narrow(user: Any, rows: QuerySet[Note]) -> QuerySet[Note]:
        """Seen with its alert."""
        return rows.filter(alert__in=door.visible(user, Alert.objects.all()))


class Act(models.Model):
    """One act of triage over any number of alerts: what can be undone. `id` is that of its entry in the audit, so that
    acts are numbered in the order in which they came to stand. Rows of zones are reached through `Touched` alone."""

    id = models.BigIntegerField(primary_key=True)
    user = models.ForeignKey(USER, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("time"))
    verb = models.CharField(_("act"), max_length=12)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason, blank=True)
    assignee = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    count = models.PositiveIntegerField(default=0)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="undone")

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="alerts_act_last")]

    def __str__(self) -> str:
        return f"{self.pk} {self.verb}"


class Touched(models.Model):
    """An alert as it was before an act. Holds nothing but its state, and is reached through the alert."""

    act = models.ForeignKey(Act, models.CASCADE, related_name="touched")
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="touched")
    status = models.CharField(max_length=12)
    reason = models.CharField(max_length=8, blank=True)
    assignee = models.BigIntegerField(null=True)
    before_case = models.BigIntegerField(null=True)
    acknowledged = models.DateTimeField(null=True)
    closed = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.act_id} {self.alert_id}"


class SavedView(Addressed, Zoned):
    """A filter of the queue under a name: its author's alone, or everybody's who sees alerts of the same place."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    shared = models.BooleanField(_("for everybody of the zone"), default=False)

    SEE: ClassVar[str] = "alerts.see"

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "name"], name="alerts_view_one_name")]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def narrow(user: Any, rows: QuerySet[SavedView]) -> QuerySet[SavedView]:
        """One's own, and those that are shared."""
        return rows.filter(Q(user_id=user.pk) | Q(shared=True))


class Tuning(Zoned):
    """A Sigma filter rule that silences some of a rule's events: proposed with a preview, then active, then withdrawn.

    It holds for the zone and constituent that it bears (null: the whole zone) and for no other. `conditions` are
    [field, modifier, value]; `preview` is what it would have silenced when it was last looked at; `text` the file.
    """

    class State(models.TextChoices):
        """How far it is."""

        PROPOSED = "proposed", _("Proposed")
        ACTIVE = "active", _("Active")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    uid = models.UUIDField(unique=True)
    rule_id = models.CharField(_("rule"), max_length=100, db_index=True)
    title = models.CharField(_("title"), max_length=200)
    reason = models.TextField(_("reason"))
    conditions = models.JSONField(default=list)
    text = models.TextField(_("filter rule"))
    preview = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    alert = models.ForeignKey(Alert, models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey(USER, models.PROTECT, related_name="+", verbose_name=_("author"))
    made = models.DateTimeField(_("proposed"), auto_now_add=True)
    activated = models.DateTimeField(_("active since"), null=True, blank=True)
    activated_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")

    SEE: ClassVar[str] = "alerts.see"

    class Meta:
        ordering: ClassVar = ["-made"]

    def __str__(self) -> str:
        return self.title

    @property
    def unasked(self) -> int:
        """Alerts that the preview could not ask, since no event of theirs is kept."""
        return int(self.preview.get("alerts", 0)) - int(self.preview.get("asked", 0))
