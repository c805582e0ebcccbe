"""Playbooks as a centre edits them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Playbook
from kulla.centre.law.playbook import read_playbook
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.errors import ConfigError


def save_playbook(actor: User, text: str) -> Playbook:
    """Keep a playbook, over the shipped or an earlier one of its id. Cases that have its tasks keep theirs.

    Raises ValidationError with every fault of the text, each with its line.
    """
    door.need(actor, "cases.lead")
    try:
        name = read_playbook(text, "playbook").id
    except ConfigError as error:
        raise ValidationError(told(error).splitlines()) from None
    with transaction.atomic():
        row, _new = Playbook.objects.update_or_create(name=name, defaults={"text": text, "changed_by": actor})
        record(actor, "cases.playbook-save", row, playbook=name)
    return row


def drop_playbook(actor: User, name: str) -> None:
    """Take the centre's own version away: the shipped one stands again, if there is one."""
    door.need(actor, "cases.lead")
    with transaction.atomic():
        if not Playbook.objects.filter(name=name).delete()[0]:
            raise ValidationError(_("There is no playbook of your own by that name."))
        record(actor, "cases.playbook-drop", "", playbook=name)
