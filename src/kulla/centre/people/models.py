"""Users, constituents and who is what, where."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, validate_ipv46_address
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from kulla.centre.people.zones import Role, Zone
from kulla.share.marks import PAPS, TLPS, Marks

NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9-]{0,62}$", _("Small letters, digits and hyphens, beginning with a letter or digit.")
)


class Addressed(models.Model):
    """What has an address, or a form, of its own. `uid` stands in it: the row's number runs over all zones, and would
    tell how much goes on in the others."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class User(Addressed, AbstractUser):
    """Who signs in. Nobody has powers from Django's own flags: what a user may do is in their memberships."""

    language = models.CharField(_("language"), max_length=8, default="en", choices=[("en", "English"), ("sq", "Shqip")])
    timezone = models.CharField(_("time zone"), max_length=64, default="Europe/Tirane")
    identity = models.CharField(
        _("identity at a provider"),
        max_length=255,
        blank=True,
        help_text=_("As provider:subject. Whoever signs in there with this subject signs in as this user."),
    )
    register_account = models.CharField(
        _("account in registers"),
        max_length=200,
        blank=True,
        help_text=_("As it stands in registers' audit logs: findings about it are never shown to this user."),
    )

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("username"), name="people_user_one_name"),
        ]

    def __str__(self) -> str:
        return self.username


class Constituent(Addressed, models.Model):
    """An organisation that the centre serves. `name` is what folders and events know it by."""

    name = models.CharField(_("name"), max_length=63, unique=True, validators=[NAME])
    title = models.CharField(_("title"), max_length=200)
    zone = models.CharField(_("zone"), max_length=10, choices=Zone)
    sector = models.CharField(_("sector"), max_length=100, blank=True)
    essential = models.BooleanField(_("essential or important entity (NIS2)"), default=False)
    contacts = models.TextField(_("contacts"), blank=True, help_text=_("One a line: name, role, telephone, mail."))
    networks = models.TextField(_("networks"), blank=True, help_text=_("One a line, as 192.0.2.0/24 or 2001:db8::/32."))
    silent_after = models.PositiveIntegerField(_("hours without an event before it counts as silent"), default=24)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        for number, line in enumerate(self.networks.split("\n"), 1):
            address = line.strip().partition("/")[0]
            if address:
                try:
                    validate_ipv46_address(address)
                except ValidationError:
                    message = _("Line %(number)d is no network.") % {"number": number}
                    raise ValidationError({"networks": message}) from None


class Asset(models.Model):
    """A machine or service of a constituent, and how much hangs on it."""

    constituent = models.ForeignKey(Constituent, models.CASCADE, related_name="assets")
    name = models.CharField(_("host or service"), max_length=255)
    weight = models.PositiveSmallIntegerField(
        _("weight"), default=1, choices=[(1, _("ordinary")), (2, _("important")), (3, _("vital"))]
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["constituent", "name"], name="people_asset_one_name")]

    def __str__(self) -> str:
        return self.name


class Membership(Addressed, models.Model):
    """A user's role in a zone; over one constituent of it when one is named, else over all."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=15, choices=Role)
    zone = models.CharField(_("zone"), max_length=10, choices=Zone)
    constituent = models.ForeignKey(Constituent, models.CASCADE, null=True, blank=True, related_name="memberships")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "role", "zone", "constituent"],
                name="people_membership_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.zone}"

    def clean(self) -> None:
        if self.constituent and self.constituent.zone != self.zone:
            raise ValidationError({"constituent": _("This constituent is of another zone.")})


class Invitation(models.Model):
    """A one-time link by which a user sets their first password. Only the token's hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.user_id} {self.expires:%Y-%m-%d}"


class Token(Addressed, models.Model):
    """A key to the API. Only its hash is kept; it can do no more than its user, and no more than its scopes."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=100)
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Zoned(models.Model):
    """What every row that belongs to a zone is made of. The door filters on these columns, and on PostgreSQL the
    database itself does (see `people.rowsecurity`). `constituent` is null for what concerns a zone as a whole."""

    zone = models.CharField(_("zone"), max_length=10, choices=Zone, db_index=True)
    constituent = models.ForeignKey(
        Constituent, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("constituent")
    )

    SEE: ClassVar[str] = ""
    """The verb that lets a user see rows of the model."""

    class Meta:
        abstract = True


class Count(Zoned):
    """How far a zone has counted: `last` is the number given last after `start`, such as C-2026- (`numbering`)."""

    start = models.CharField(max_length=20, unique=True)
    last = models.PositiveIntegerField(default=0)

    SEE: ClassVar[str] = ""

    def __str__(self) -> str:
        return f"{self.start}{self.last}"


TLP = [(each, f"TLP:{each}") for each in TLPS]
PAP = [(each, f"PAP:{each}") for each in PAPS]


class Marked(Zoned):
    """What bears marks from its creation: TLP 2.0, PAP, originators and caveats (see `share.marks`)."""

    tlp = models.CharField(_("TLP"), max_length=12, choices=TLP, default="AMBER")
    pap = models.CharField(_("PAP"), max_length=5, choices=PAP, default="AMBER")
    originators = models.JSONField(_("originators"), default=list, blank=True)
    caveats = models.JSONField(_("caveats"), default=list, blank=True)

    class Meta:
        abstract = True

    @property
    def marks(self) -> Marks:
        """The marks as a value."""
        return Marks.of({"tlp": self.tlp, "pap": self.pap, "originators": self.originators, "caveats": self.caveats})

    @marks.setter
    def marks(self, marks: Marks) -> None:
        plain = marks.plain()
        self.tlp, self.pap = plain["tlp"], plain["pap"]
        self.originators, self.caveats = plain["originators"], plain["caveats"]
