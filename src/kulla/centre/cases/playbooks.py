"""Playbooks as this centre has them: its own over the shipped ones of the same id."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kulla.centre.cases.models import Playbook as Row
from kulla.centre.law.playbook import Playbook, Task, read_playbook, shipped
from kulla.errors import ConfigError


def every() -> Mapping[str, Playbook]:
    """Playbooks by id. One of ours that cannot be read any more is left out: the shipped one stands instead."""
    found = dict(shipped())
    for row in Row.objects.order_by("name"):
        try:
            found[row.name] = read_playbook(row.text, row.name)
        except ConfigError:
            continue
    return found


def load(name: str) -> Playbook:
    """The playbook of an id. Raises ValidationError when there is none."""
    try:
        return every()[name]
    except KeyError:
        raise ValidationError(_("There is no such playbook.")) from None


def names() -> list[tuple[str, str]]:
    """(id, name in the reader's language), in the order of ids."""
    return [(key, spoken(each.name)) for key, each in sorted(every().items())]


def spoken(texts: Mapping[str, str]) -> str:
    """The text in the reader's language, English when there is none."""
    return texts.get((get_language() or "en")[:2]) or texts.get("en", "")


def columns(task: Task) -> dict[str, str]:
    """A task's texts as the columns of a case's task."""
    return {
        "phase": task.phase,
        "title": spoken(task.title)[:300],
        "text": spoken(task.text),
        "role": task.role,
        "call": ", ".join(task.call)[:200],
        "evidence": spoken(task.evidence),
        "done_when": spoken(task.done)[:300],
    }
