"""Zones, roles and what each role may do: the tables that the door reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Zone(models.TextChoices):
    """The compartments of a centre. A row belongs to one; only who works in it sees the row."""

    CIVIL = "civil", _("Civil")
    MILITARY = "military", _("Military")
    JOINT = "joint", _("Joint")


LETTERS: Final[Mapping[Zone, str]] = {Zone.CIVIL: "C", Zone.MILITARY: "M", Zone.JOINT: "J"}
"""What a zone is in the numbers of its cases and reports (`people.numbering`)."""


class Role(models.TextChoices):
    """What a person is in a zone."""

    ANALYST = "analyst", _("Analyst")
    OWNER = "owner", _("Register owner")
    OFFICER = "officer", _("Case officer")
    DIRECTOR = "director", _("Director")
    LIAISON = "liaison", _("Liaison")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


_DESK = frozenset({Role.ANALYST, Role.OFFICER, Role.DIRECTOR})
_CASE = frozenset({Role.OFFICER, Role.DIRECTOR})

VERBS: Final[Mapping[str, frozenset[Role]]] = {
    "people.manage": frozenset({Role.ADMINISTRATOR}),
    "audit.read": frozenset({Role.AUDITOR, Role.DIRECTOR}),
    "events.search": _DESK,
    "events.retrohunt": _DESK,
    "alerts.see": _DESK | {Role.LIAISON},
    "alerts.triage": _DESK,
    "alerts.tune": frozenset({Role.ANALYST, Role.DIRECTOR}),
    "cases.see": _DESK | {Role.LIAISON},
    "cases.work": _DESK,
    "cases.lead": _CASE,
    "cases.hold": _CASE,
    "evidence.see": _CASE,
    "evidence.take": _DESK,
    "evidence.export": _CASE,
    "registers.see": _DESK | {Role.OWNER},
    "registers.reveal": frozenset({Role.OWNER, Role.OFFICER, Role.DIRECTOR}),
    "leaks.trace": _CASE,
    "reports.answer": _DESK | {Role.LIAISON},
    "situation.see": _DESK | {Role.LIAISON, Role.AUDITOR},
    "notices.see": _DESK | {Role.LIAISON, Role.ADMINISTRATOR},
    "notices.rota": frozenset({Role.DIRECTOR, Role.ADMINISTRATOR}),
    "health.see": _DESK | {Role.LIAISON, Role.AUDITOR, Role.ADMINISTRATOR},
    "centre.manage": frozenset({Role.ADMINISTRATOR}),
}
"""Verb → the roles that have it. A verb that is not here belongs to nobody."""
