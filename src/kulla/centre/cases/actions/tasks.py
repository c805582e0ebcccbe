"""Tasks: from playbooks or by hand; done, or left undone with a reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.models import Case, Task
from kulla.centre.cases.playbooks import columns, load
from kulla.centre.people import door
from kulla.centre.people.models import User


def apply_playbook(actor: User, case: Case, name: str) -> int:
    """Add a playbook's tasks, due from now; those it gave before are not given again. How many were added.

    Raises ValidationError for a playbook that is not there.
    """
    door.need(actor, "cases.work", case)
    playbook = load(name)
    now = timezone.now()
    with transaction.atomic():
        turn()  # two who apply it at once would give every task twice
        order = _last(case)
        have = set(case.tasks.exclude(playbook="").values_list("playbook", flat=True))
        made = [
            Task(case=case, order=order + at, playbook=f"{name}:{step.id}", due=now + step.due,
                 **columns(step), **_own(case))
            for at, step in enumerate(playbook.tasks, 1)
            if f"{name}:{step.id}" not in have
        ]  # fmt: skip
        Task.objects.bulk_create(made)
        record(actor, "cases.playbook", case, playbook=name, tasks=len(made))
    return len(made)


def add_task(actor: User, case: Case, title: str, text: str = "", due: datetime | None = None) -> Task:
    """Add one task by hand."""
    door.need(actor, "cases.work", case)
    if not title.strip():
        raise ValidationError(_("A task needs a title."))
    with transaction.atomic():
        task = Task(case=case, order=_last(case) + 1, title=title.strip()[:300], text=text, due=due, **_own(case))
        task.save()
        record(actor, "cases.task", case, task=task.pk)
    return task


def finish_task(actor: User, task: Task) -> Task:
    """Mark a task done, by whom and when."""
    return _close(actor, task, "")


def skip_task(actor: User, task: Task, why: str) -> Task:
    """Leave a task undone, with the reason that a later reader needs."""
    if not why.strip():
        raise ValidationError(_("Say why it is not done."))
    return _close(actor, task, why.strip()[:300])


def reopen_task(actor: User, task: Task) -> Task:
    """Open a task again."""
    door.need(actor, "cases.work", task)
    with transaction.atomic():
        task.done = task.done_by = None
        task.skipped = ""
        task.save()
        record(actor, "cases.task-reopen", task.case, task=task.pk)
    return task


def assign_task(actor: User, task: Task, to: User | None) -> Task:
    """Give a task to somebody who sees the case, or to nobody."""
    door.need(actor, "cases.work", task)
    if to and not door.sight(to).has("cases.see", task.zone, task.constituent_id):
        raise ValidationError(_("This person cannot see the case."))
    with transaction.atomic():
        task.assignee = to
        task.save(update_fields=["assignee"])
        record(actor, "cases.task-assign", task.case, task=task.pk, to=to.pk if to else None)
    return task


def _close(actor: User, task: Task, skipped: str) -> Task:
    door.need(actor, "cases.work", task)
    with transaction.atomic():
        task.done, task.done_by, task.skipped = timezone.now(), actor, skipped
        task.save()
        record(actor, "cases.task-skip" if skipped else "cases.task-done", task.case, task=task.pk)
    return task


def _last(case: Case) -> int:
    return case.tasks.aggregate(last=Max("order"))["last"] or 0


def _own(case: Case) -> dict[str, Any]:
    return {"zone": case.zone, "constituent_id": case.constituent_id, "tlp": case.tlp, "pap": case.pap,
            "originators": case.originators, "caveats": case.caveats}  # fmt: skip


def overdue(task: Task) -> bool:
    """Whether the task should have been done by now."""
    return task.done is None and task.due is not None and task.due < timezone.now() - timedelta(seconds=1)
