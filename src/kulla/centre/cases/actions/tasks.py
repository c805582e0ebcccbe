"""Tasks: from playbooks or by hand, changed, done, or left undone with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.actions.case import Changed
from kulla.centre.cases.actions.timeline import tellable
from kulla.centre.cases.models import Case, Entry, Task
from kulla.centre.cases.playbooks import columns, load
from kulla.centre.people import door
from kulla.centre.people.models import User

EDITABLE: Final = frozenset({"title", "text", "due", "role", "assignee"})
_CLOSING: Final = ("done", "done_by", "skipped")


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
    _sound(title, due)
    with transaction.atomic():
        task = Task(case=case, order=_last(case) + 1, title=title.strip()[:300], text=text, due=due, **_own(case))
        task.save()
        record(actor, "cases.task", case, task=task.pk)
    return task


def edit_task(actor: User, task: Task, version: int, values: Mapping[str, Any]) -> Task:
    """Change columns (EDITABLE) of an open task that was read at `version`; the timeline says who changed which.

    Raises Changed when somebody changed it meanwhile; ValidationError; PermissionDenied.
    """
    unknown = set(values) - EDITABLE
    if unknown:
        raise ValueError(f"not to be changed here: {sorted(unknown)}")
    with _taken(actor, task) as now:
        if now.version != version:
            raise Changed(
                _("Somebody changed this task meanwhile. Their values are shown; yours are kept beside them.")
            )
        _open(now)
        changed = sorted(name for name, value in values.items() if getattr(now, name) != value)
        for name in changed:
            setattr(now, name, values[name])
        _sound(now.title, now.due)
        if now.assignee and "assignee" in changed:
            _may_have(now.assignee, now)
        now.full_clean()
        if changed:
            _saved(now, *changed)
            said = _("Task changed: %(title)s (%(columns)s)") % {"title": now.title, "columns": ", ".join(changed)}
            Entry.objects.create(case=now.case, at=timezone.now(), author=actor, text=said, tlp=now.tlp, pap=now.pap)
            record(actor, "cases.task-edit", now.case, task=now.pk, columns=changed, version=now.version)
    return now


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
    with _taken(actor, task) as now:
        now.done = now.done_by = None
        now.skipped = ""
        _saved(now, *_CLOSING)
        record(actor, "cases.task-reopen", now.case, task=now.pk)
    return now


def assign_task(actor: User, task: Task, to: User | None) -> Task:
    """Give a task to somebody who sees the case, or to nobody."""
    with _taken(actor, task) as now:
        if to:
            _may_have(to, now)
        now.assignee = to
        _saved(now, "assignee")
        record(actor, "cases.task-assign", now.case, task=now.pk, to=to.pk if to else None)
    return now


def named(name: str) -> User:
    """The user of a name, to be given a task. Of nobody the same is said as of somebody who sees no case: a guess must
    not tell who is a user. Raises ValidationError."""
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise ValidationError(_("This person cannot see the case."))
    return found


def _close(actor: User, task: Task, skipped: str) -> Task:
    with _taken(actor, task) as now:
        _open(now)
        now.done, now.done_by, now.skipped = timezone.now(), actor, skipped
        _saved(now, *_CLOSING)
        record(actor, "cases.task-skip" if skipped else "cases.task-done", now.case, task=now.pk)
    return now


@contextmanager
def _taken(actor: User, task: Task) -> Iterator[Task]:
    """The task as it stands, nobody else's to change within: what was read for a page may be old by now."""
    door.need(actor, "cases.work", task)
    with transaction.atomic():
        turn()
        # Of the task alone: PostgreSQL locks no row behind a column that may be null.
        yield Task.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(pk=task.pk)


def _open(task: Task) -> None:
    if task.done:
        raise ValidationError(_("This task is closed: open it again first."))


def _saved(task: Task, *columns: str) -> None:
    task.version += 1
    task.save(update_fields=[*columns, "version"])


def _sound(title: str, due: datetime | None) -> None:
    if not title.strip():
        raise ValidationError(_("A task needs a title."))
    if due and not tellable(due):
        raise ValidationError(_("This time is outside of what a case can hold."))


def _may_have(user: User, task: Task) -> None:
    if not door.visible(user, Case.objects.filter(pk=task.case_id)).exists():
        raise ValidationError(_("This person cannot see the case."))


def _last(case: Case) -> int:
    return case.tasks.aggregate(last=Max("order"))["last"] or 0


def _own(case: Case) -> dict[str, Any]:
    return {"zone": case.zone, "constituent_id": case.constituent_id, "tlp": case.tlp, "pap": case.pap,
            "originators": case.originators, "caveats": case.caveats}  # fmt: skip


def overdue(task: Task) -> bool:
    """Whether the task should have been done by now."""
    return task.done is None and task.due is not None and task.due < timezone.now() - timedelta(seconds=1)
