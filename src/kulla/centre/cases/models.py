"""A case and what hangs on it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kulla.centre.people.models import Addressed, Marked, User

USER = settings.AUTH_USER_MODEL


class State(models.TextChoices):
    """How far a case is."""

    OPEN = "open", _("Open")
    CONTAINED = "contained", _("Contained")
    RESOLVED = "resolved", _("Resolved")
    CLOSED = "closed", _("Closed")


class Case(Marked):
    """One incident that people work on. `version` grows with every change: a form that was filled from an older one is
    refused, and shows both."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=200)
    summary = models.TextField(_("summary"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN, db_index=True)
    rsit = models.CharField(_("RSIT type"), max_length=60, blank=True)
    severity = models.CharField(_("NIS2 severity"), max_length=20, blank=True)
    severity_why = models.TextField(_("why this severity"), blank=True)
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=3,
        choices=[(1, _("1 – drop everything")), (2, _("2 – today")), (3, _("3 – this week")), (4, "4"), (5, "5")],
    )
    lead = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="led", verbose_name=_("lead"))
    members: models.ManyToManyField[User, Any] = models.ManyToManyField(
        USER, blank=True, related_name="cases", verbose_name=_("members")
    )
    exercise = models.BooleanField(_("exercise: nothing may leave"), default=False)
    handover = models.TextField(_("hand-over note"), blank=True)
    related = models.ManyToManyField("self", blank=True, verbose_name=_("related cases"))
    opened = models.DateTimeField(_("opened"), auto_now_add=True)
    changed = models.DateTimeField(_("changed"), auto_now=True)
    closed = models.DateTimeField(_("closed"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    SEE: ClassVar[str] = "cases.see"

    class Meta:
        ordering: ClassVar = ["-opened"]
        indexes: ClassVar = [models.Index(fields=["zone", "state", "priority", "-opened"], name="cases_queue")]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @staticmethod
    def narrow(user: Any, rows: QuerySet[Case]) -> QuerySet[Case]:
        """TLP:RED is for named people: the lead and the members."""
        named = Case.members.through.objects.filter(user_id=user.pk).values("case_id")
        return rows.filter(~Q(tlp="RED") | Q(lead_id=user.pk) | Q(pk__in=named))


class CaseBound(Marked):
    """What belongs to a case: it has the case's zone and constituent, and is seen by who sees the case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="%(class)ss", verbose_name=_("case"))

    SEE: ClassVar[str] = "cases.see"

    class Meta:
        abstract = True

    @staticmethod
    def narrow(user: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Seen with its case; what is itself TLP:RED by the case's lead and members alone."""
        from kulla.centre.people.door import visible

        named = Case.members.through.objects.filter(user_id=user.pk).values("case_id")
        own = ~Q(tlp="RED") | Q(case__lead_id=user.pk) | Q(case__in=named)
        return rows.filter(own, case__in=visible(user, Case.objects.all()))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.zone, self.constituent_id = self.case.zone, self.case.constituent_id
        if self._state.adding:
            self.originators = self.originators or list(self.case.originators)
            self.caveats = self.caveats or list(self.case.caveats)
        super().save(*args, **kwargs)


class Source(models.TextChoices):
    """Where an entry of a timeline came from."""

    NOTE = "note", _("Note")
    ALERT = "alert", _("Alert")
    IMPORT = "import", _("Import")
    EVIDENCE = "evidence", _("Evidence")
    REPORT = "report", _("Report")
    DECISION = "decision", _("Decision")


class Entry(Addressed, CaseBound):
    """One line of a case's timeline. `at` is when it happened, `made` when it was written down.

    `ref` names what it tells of (alert:uid, evidence:id, file:line); `withdrawn` strikes it through: nothing is
    deleted.
    """

    at = models.DateTimeField(_("happened"), db_index=True)
    made = models.DateTimeField(_("written"), auto_now_add=True)
    author = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+", verbose_name=_("author"))
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.NOTE)
    text = models.TextField(_("text"))
    host = models.CharField(_("host"), max_length=255, blank=True)
    ref = models.CharField(max_length=200, blank=True)
    key = models.BooleanField(_("key event"), default=False)
    withdrawn = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        verbose_name_plural = "entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "ref"], condition=~Q(ref=""), name="cases_entry_ref_once"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Task(Addressed, CaseBound):
    """Something to be done, from a playbook or a person. `role` says whose work it is, `evidence` what to take first,
    `done_when` what its end looks like. `version` grows with every change, as a case's does."""

    order = models.PositiveIntegerField(default=0)
    phase = models.CharField(_("phase"), max_length=30, blank=True)
    title = models.CharField(_("task"), max_length=300)
    text = models.TextField(_("how"), blank=True)
    role = models.CharField(_("role"), max_length=30, blank=True)
    call = models.CharField(_("whom to call"), max_length=200, blank=True)
    evidence = models.TextField(_("evidence to take first"), blank=True)
    done_when = models.CharField(_("done when"), max_length=300, blank=True)
    playbook = models.CharField(max_length=100, blank=True)
    due = models.DateTimeField(_("due"), null=True, blank=True)
    assignee = models.ForeignKey(
        USER, models.SET_NULL, null=True, blank=True, related_name="tasks", verbose_name=_("assigned to")
    )
    done = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")
    skipped = models.CharField(_("not done, because"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["order", "pk"]

    def __str__(self) -> str:
        return self.title


OBSERVABLES = (
    *("address", "domain", "url", "host", "account", "mail", "file", "md5", "sha1", "sha256"),
    *("process", "registry", "vulnerability", "other"),
)


class Observable(Addressed, CaseBound):
    """A thing seen in a case: an address, a hash, a name. `indicator`: worth looking for elsewhere."""

    kind = models.CharField(_("kind"), max_length=15, choices=[(each, each) for each in OBSERVABLES])
    value = models.CharField(_("value"), max_length=1000, db_index=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    indicator = models.BooleanField(_("indicator"), default=False)
    first = models.DateTimeField(_("first seen"), null=True, blank=True)
    last = models.DateTimeField(_("last seen"), null=True, blank=True)
    added_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["kind", "value"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "kind", "value"], name="cases_observable_once")
        ]

    def __str__(self) -> str:
        return self.value


class Bearer(Addressed, CaseBound):
    """Who has duties in a case: the entity under NIS2, the centre itself, a controller of personal data. The clocks are
    computed from its decisions (`law.clocks`), never stored: a corrected decision corrects every clock."""

    kind = models.CharField(_("duty-bearer is"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    jurisdiction = models.CharField(_("jurisdiction"), max_length=10)
    traits = models.JSONField(default=list, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, blank=True)
    towards = models.CharField(_("answers"), max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "kind", "name", "jurisdiction", "towards"], name="cases_bearer_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Decision(CaseBound):
    """What a person recorded of a bearer: that it is aware, that a document was sent, that a duty does not exist.

    `at` is when it happened. A later decision on the same thing counts instead of an earlier one, and both stay.
    """

    bearer = models.ForeignKey(Bearer, models.PROTECT, related_name="decisions")
    verb = models.CharField(max_length=10)
    subject = models.CharField(max_length=60)
    at = models.DateTimeField(_("when it happened"))
    recorded = models.DateTimeField(auto_now_add=True)
    person = models.ForeignKey(USER, models.PROTECT, related_name="+")
    reason = models.TextField(_("reason"))
    ref = models.CharField(_("reference"), max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["recorded", "pk"]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"


class Draft(Addressed, CaseBound):
    """A document that was drafted: a proposal until a person signs it. The files are made anew from `brief` whenever
    they are asked for; once signed they stand in it as `signed`, and `sha256` is that PDF's."""

    kind = models.CharField(_("document"), max_length=40)
    language = models.CharField(_("language"), max_length=2, choices=[("en", "English"), ("sq", "Shqip")])
    brief = models.JSONField(default=dict)
    missing = models.JSONField(default=list)
    made = models.DateTimeField(_("drafted"), auto_now_add=True)
    made_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    signed = models.DateTimeField(_("signed"), null=True, blank=True)
    signed_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-made"]

    def __str__(self) -> str:
        return self.kind


class Hold(Addressed, CaseBound):
    """A legal hold: nothing it covers is erased, whatever retention says. Lifting it takes two people.

    `since`, `until` and `query` say which events; `evidence` and the case itself are always held.
    """

    reason = models.TextField(_("reason"))
    since = models.DateTimeField(_("events from"), null=True, blank=True)
    until = models.DateTimeField(_("events until"), null=True, blank=True)
    query = models.CharField(_("events that match"), max_length=1000, blank=True)
    placed = models.DateTimeField(auto_now_add=True)
    placed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    lift_asked = models.DateTimeField(null=True, blank=True)
    lift_asked_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")
    lift_why = models.TextField(_("why it may be lifted"), blank=True)
    lifted = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["-placed"]

    def __str__(self) -> str:
        return self.reason[:60]


class Playbook(models.Model):
    """A playbook as this centre edited it, over the shipped one of the same name."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    text = models.TextField(_("playbook (TOML)"))
    changed = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name
