"""Playbooks as this centre has them: its own over the shipped ones of the same id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kulla.centre.cases.models import Playbook as Row
from kulla.centre.cases.models import Task as Given
from kulla.centre.law.playbook import Playbook, Task, read_playbook, shipped
from kulla.centre.site.words import spoken
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


def told(tasks: Iterable[Given]) -> list[Given]:
    """Tasks for a page: a text that is a playbook's, and that nobody has changed, in the reader's language."""
    steps = {f"{key}:{step.id}": step for key, book in every().items() for step in book.tasks}
    shown = []
    for task in tasks:
        step = steps.get(task.playbook)
        for name, (texts, most) in _texts(step).items() if step else ():
            if getattr(task, name) in {each[:most] for each in texts.values()}:
                setattr(task, name, spoken(texts)[:most])
        shown.append(task)
    return shown


def _texts(step: Task) -> Mapping[str, tuple[Mapping[str, str], int | None]]:
    """Column of a case's task → the step's text in each language, and how much of it the column holds."""
    return {"title": (step.title, 300), "text": (step.text, None), "evidence": (step.evidence, None),
            "done_when": (step.done, 300)}  # fmt: skip


def columns(task: Task) -> dict[str, str]:
    """A task's texts as the columns of a case's task."""
    return {
        "phase": task.phase,
        "role": task.role,
        "call": ", ".join(task.call)[:200],
        **{name: spoken(texts)[:most] for name, (texts, most) in _texts(task).items()},
    }
