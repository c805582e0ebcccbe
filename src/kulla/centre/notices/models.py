"""Reports that came in, letters that go out by a person's hand, and who is called when something happens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.models import Case
from kulla.centre.evidence.models import Item
from kulla.centre.people import door
from kulla.centre.people.models import Addressed, Marked, Zoned

USER = settings.AUTH_USER_MODEL
LANGUAGES = [("en", "English"), ("sq", "Shqip")]


class Channel(models.TextChoices):
    """How a report came."""

    MAIL = "mail", _("Mail")
    FILE = "file", _("File")
    FORM = "form", _("Written down here")


class State(models.TextChoices):
    """Where a report stands."""

    NEW = "new", _("New")
    TAKEN = "taken", _("In a case")
    CLOSED = "closed", _("Closed")


class Why(models.TextChoices):
    """Why a report was closed without a case."""

    SPAM = "spam", _("Spam")
    IRRELEVANT = "irrelevant", _("Not for this centre")
    ANSWERED = "answered", _("Answered, nothing to do")


class Report(Marked):
    """Somebody's report, as text. What came with it lies encrypted in `attachments`, the message itself included.

    `follows` is the report that it answers, when it bore the code of a letter of ours (see `threads`); `claims` is a
    receipt number that it named without one. `sha256` is the message's, so that a message taken twice is one report.
    """

    number = models.CharField(_("receipt number"), max_length=20, unique=True)
    channel = models.CharField(_("came by"), max_length=4, choices=Channel)
    received = models.DateTimeField(_("received"), db_index=True)
    sender = models.CharField(_("sender"), max_length=320, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=500, blank=True)
    body = models.TextField(_("text"), blank=True)
    message_id = models.CharField(max_length=600, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    faults = models.JSONField(default=list, blank=True)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.NEW)
    why = models.CharField(_("closed because"), max_length=10, choices=Why, blank=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, blank=True, related_name="reports")
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="followed")
    claims = models.CharField(max_length=20, blank=True)
    handler = models.ForeignKey(
        USER, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )

    SEE: ClassVar[str] = "reports.answer"

    class Meta:
        ordering: ClassVar = ["-received", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["zone", "sha256"], condition=~Q(sha256=""), name="notices_report_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["zone", "state", "-received"], name="notices_report_queue")]

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    @staticmethod
    def narrow(user: Any, rows: QuerySet[Report]) -> QuerySet[Report]:
        """In a case: with it. What is TLP:RED: by its handler, by who leads cases, and by the case's lead and members
        alone."""
        named = Case.members.through.objects.filter(user_id=user.pk).values("case_id")
        own = ~Q(tlp="RED") | Q(handler_id=user.pk) | Q(case__lead_id=user.pk) | Q(case__in=named)
        free = Q(case=None) & door.allowed(user, "cases.lead")
        return rows.filter(own | free, Q(case=None) | Q(case__in=door.visible(user, Case.objects.all())))


class ReportBound(Zoned):
    """What belongs to a report, and is seen by who sees it."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="%(class)ss")

    SEE: ClassVar[str] = "reports.answer"

    class Meta:
        abstract = True

    @staticmethod
    def narrow(user: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Seen with its report."""
        return rows.filter(report__in=door.visible(user, Report.objects.all()))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.zone, self.constituent_id = self.report.zone, self.report.constituent_id
        super().save(*args, **kwargs)


class Attachment(Addressed, ReportBound):
    """Something that came with a report, encrypted in the store of reports under `address`. `whole`: it is the message
    itself. `reason`: why it could not be read. `item`: the evidence it became."""

    name = models.CharField(_("file"), max_length=255)
    kind = models.CharField(_("claims to be"), max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    address = models.CharField(max_length=64)
    whole = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    item = models.ForeignKey(Item, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["-whole", "pk"]

    def __str__(self) -> str:
        return self.name


class Sending(models.TextChoices):
    """Where a letter stands."""

    DRAFT = "draft", _("Draft")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    HANDED = "handed", _("Sent by other means")
    DISCARDED = "discarded", _("Discarded")


class Letter(Addressed, ReportBound, Marked):
    """An answer to a report: a draft until a person sends it. Being sent for long, or with an `error`, means
    that the centre stopped or the server was lost meanwhile: it may or may not have gone."""

    to = models.EmailField(_("to"), max_length=320, blank=True)
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"))
    template = models.CharField(max_length=20, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES, default="en")
    state = models.CharField(_("state"), max_length=10, choices=Sending, default=Sending.DRAFT)
    made = models.DateTimeField(_("drafted"), auto_now_add=True)
    made_by = models.ForeignKey(USER, models.PROTECT, related_name="+")
    sent = models.DateTimeField(_("sent"), null=True, blank=True)
    sent_by = models.ForeignKey(USER, models.PROTECT, null=True, blank=True, related_name="+")
    confirmed = models.BooleanField(default=False)
    message_id = models.CharField(max_length=300, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-made", "-pk"]

    def __str__(self) -> str:
        return self.subject


class Template(models.Model):
    """A template of letters as this centre edited it, over the shipped one of the same name and language."""

    name = models.CharField(max_length=20)
    language = models.CharField(max_length=2, choices=LANGUAGES)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    changed = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["name", "language"], name="notices_template_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.language}"


class Mailbox(models.Model):
    """How far a mailbox was read (RFC 3501's UIDs). What failed last is told, without content."""

    name = models.CharField(max_length=63, unique=True)
    validity = models.PositiveBigIntegerField(default=0)
    uid = models.PositiveBigIntegerField(default=0)
    read = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class Shift(Addressed, Zoned):
    """Somebody's time on the rota of a zone. Of those on duty at once the lowest `order` is told first."""

    person = models.ForeignKey(USER, models.CASCADE, related_name="+", verbose_name=_("person"))
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"), db_index=True)
    order = models.PositiveSmallIntegerField(_("order"), default=1)
    made_by = models.ForeignKey(USER, models.PROTECT, related_name="+")

    SEE: ClassVar[str] = "notices.see"

    class Meta:
        ordering: ClassVar = ["start", "order", "pk"]

    def __str__(self) -> str:
        return f"{self.person_id} {self.start:%Y-%m-%d %H:%M}"


class Kind(models.TextChoices):
    """What a notice is about."""

    LEVEL = "level", _("Alert")
    ASSIGNED = "assigned", _("Assignment")
    CLOCK = "clock", _("Legal clock")


class Standing(models.TextChoices):
    """Where a notice stands."""

    OPEN = "open", _("Waits for somebody")
    KNOWN = "known", _("Acknowledged")
    UNHEARD = "unheard", _("Nobody answered")
    NOBODY = "nobody", _("Nobody to tell")


class Notice(Addressed, Zoned):
    """Something that people are told of, until one acknowledges it. It holds no value of what it is about: `level` and
    `mark` are all that leaves. `refs` are keys of what it tells of, which its page shows through the door."""

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    level = models.CharField(_("level"), max_length=13, blank=True)
    mark = models.PositiveSmallIntegerField(_("per cent"), default=0)
    count = models.PositiveIntegerField(_("times"), default=1)
    refs = models.JSONField(default=list)
    exercise = models.BooleanField(default=False)
    person = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    """Whom it concerns first; the rota after them, unless it is an assignment."""
    made = models.DateTimeField(_("since"))
    standing = models.CharField(_("state"), max_length=8, choices=Standing, default=Standing.OPEN)
    step = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(_("next step"), null=True)
    known = models.DateTimeField(_("acknowledged"), null=True)
    known_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")

    SEE: ClassVar[str] = "notices.see"

    class Meta:
        ordering: ClassVar = ["-made", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["standing", "due"], name="notices_due"),
            models.Index(fields=["zone", "-made"], name="notices_zone_made"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Told(Zoned):
    """What has led to a notice, by key: nothing is told twice, whatever stops in between."""

    key = models.CharField(max_length=300, unique=True)
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="told")

    SEE: ClassVar[str] = "notices.see"

    def __str__(self) -> str:
        return self.key


class Way(models.TextChoices):
    """Where a telling stands."""

    WAITING = "waiting", _("Waits")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")
    NONE = "none", _("Only here")
    DROPPED = "dropped", _("No longer needed")


class Telling(Zoned):
    """One person told over one channel: `mail`, the name of a webhook after `hook:`, or `page` for who has neither."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="tellings")
    person = models.ForeignKey(USER, models.CASCADE, null=True, related_name="+")
    channel = models.CharField(_("channel"), max_length=70)
    step = models.PositiveSmallIntegerField()
    state = models.CharField(_("state"), max_length=8, choices=Way, default=Way.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    due = models.DateTimeField(null=True)
    sent = models.DateTimeField(_("sent"), null=True)
    error = models.CharField(_("what failed"), max_length=200, blank=True)

    SEE: ClassVar[str] = "notices.see"

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "step", "channel", "person"], name="notices_telling_once",
                                    nulls_distinct=False),
        ]  # fmt: skip
        indexes: ClassVar = [models.Index(fields=["state", "due"], name="notices_telling_due")]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.channel}"


class Progress(models.Model):
    """How far what happened was looked through: `alert` a number of alerts, `entry` one of the audit."""

    name = models.CharField(max_length=20, unique=True)
    alert = models.BigIntegerField(default=0)
    entry = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
