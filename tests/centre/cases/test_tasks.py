"""Tasks are changed by whoever works on the case; of two at once neither loses what they wrote."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from kulla.centre.audit.models import Entry as Told
from kulla.centre.cases import actions
from kulla.centre.cases.actions.case import Changed
from kulla.centre.cases.actions.tasks import assign_task
from kulla.centre.cases.models import Case, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(people: Cast) -> Case:
    return actions.open_case(people["officer-civil"], "Leak", "civil", people.places["tax"])


@pytest.fixture
def task(people: Cast, case: Case) -> Task:
    return actions.add_task(people["officer-civil"], case, "call")


def test_who_did_a_task_first_stays_who_did_it(people: Cast, task: Task) -> None:
    actions.finish_task(people["officer-civil"], task)
    acts: tuple[Callable[[], object], ...] = (
        lambda: actions.finish_task(people["analyst-civil"], task),
        lambda: actions.skip_task(people["analyst-civil"], task, "no time"),
    )
    for late in acts:
        with pytest.raises(ValidationError, match="closed"):
            late()
    task.refresh_from_db()
    assert (task.done_by, task.skipped) == (people["officer-civil"], "")


def test_a_task_is_changed_and_the_timeline_tells(people: Cast, case: Case, task: Task) -> None:
    due = timezone.now() + timedelta(hours=3)
    values: dict[str, Any] = {
        "title": "call the owner", "text": "by telephone", "due": due, "role": "officer",
        "assignee": people["analyst-tax"],
    }  # fmt: skip
    now = actions.edit_task(people["analyst-civil"], task, 1, values)
    stored = Task.objects.get()
    assert {name: getattr(stored, name) for name in values} == values
    assert (now.version, stored.version) == (2, 2)
    entry = case.entrys.get()
    assert (entry.author, entry.text) == (
        people["analyst-civil"], "Task changed: call the owner (assignee, due, role, text, title)"
    )  # fmt: skip
    assert Told.objects.get(action="cases.task-edit").detail["columns"] == sorted(values)
    actions.edit_task(people["analyst-civil"], task, 2, values)  # nothing is another: nothing is told
    assert (case.entrys.count(), Task.objects.get().version) == (1, 2)


def test_who_was_overtaken_is_told(people: Cast, task: Task) -> None:
    """By another's edit, and by every other act."""
    officer = people["officer-civil"]
    acts: tuple[Callable[[], object], ...] = (
        lambda: actions.edit_task(officer, task, 1, {"title": "theirs"}),
        lambda: assign_task(officer, task, officer),
        lambda: actions.finish_task(officer, task),
        lambda: actions.reopen_task(officer, task),
    )
    for version, act in enumerate(acts, 1):
        act()
        with pytest.raises(Changed):
            actions.edit_task(officer, task, version, {"title": "mine"})
    assert (Task.objects.get().title, Task.objects.get().assignee) == ("theirs", officer)


def test_an_act_on_a_row_read_before_keeps_what_was_changed_since(people: Cast, task: Task) -> None:
    stale = Task.objects.get()
    actions.edit_task(people["officer-civil"], task, 1, {"title": "theirs", "text": "how"})
    actions.finish_task(people["officer-civil"], stale)
    assert (Task.objects.get().title, Task.objects.get().text) == ("theirs", "how")


def test_what_cannot_be(people: Cast, task: Task) -> None:
    officer = people["officer-civil"]
    for values, said in (({"title": " "}, "title"), ({"assignee": people["officer-military"]}, "cannot see"),
                         ({"role": "x" * 31}, "30")):  # fmt: skip
        with pytest.raises(ValidationError, match=said):
            actions.edit_task(officer, task, 1, values)
    with pytest.raises(ValueError, match="done"):
        actions.edit_task(officer, task, 1, {"done": None})
    for who in ("liaison-civil", "officer-military", "nobody"):
        with pytest.raises(PermissionDenied):
            actions.edit_task(people[who], task, 1, {"title": "x"})
    actions.finish_task(officer, task)
    with pytest.raises(ValidationError, match="open it again"):
        actions.edit_task(officer, task, 2, {"title": "x"})
    assert Task.objects.get().title == "call"


def test_the_page(people: Cast, case: Case, task: Task, enter: Callable[[str], Client]) -> None:
    client, at = enter("analyst-civil"), f"/cases/{case.number}/tasks/{task.uid}/edit"
    assert at in client.get(f"/cases/{case.number}/").content.decode()
    assert 'value="call"' in client.get(at).content.decode()
    form = {"title": "mine", "text": "", "due": "2026-03-01T10:00", "role": "", "assignee": "analyst-tax", "version": 1}
    actions.edit_task(people["officer-civil"], task, 1, {"title": "theirs"})
    page = client.post(at, form)
    assert page.status_code == 409
    for each in ("theirs", 'value="mine"', 'name="version" value="2"'):
        assert each in page.content.decode()
    assert client.post(at, {**form, "assignee": "analyst-military", "version": 2}).status_code == 200
    assert client.post(at, {**form, "version": 2}).status_code == 302
    assert (Task.objects.get().title, Task.objects.get().assignee) == ("mine", people["analyst-tax"])
    assert enter("analyst-military").get(at).status_code == 404
    assert enter("liaison-civil").get(at).status_code == 404
