"""A case's tasks through the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.found import Number, case_of, read_case
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import Moment, Title
from kulla.centre.cases import actions
from kulla.centre.cases.actions.tasks import assign_task, named
from kulla.centre.cases.models import Task
from kulla.centre.people import door
from kulla.centre.people.models import User

router = Router()
Long = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]
Person = Annotated[str, Field(max_length=150, pattern=r"^[^\x00]*$")]


class TaskOut(Schema):
    """A task. `skipped` is why it was left undone, when it was; `version` is what an edit has to name."""

    uid: UUID
    title: str
    text: str
    phase: str
    role: str
    call: str
    evidence: str
    done_when: str
    playbook: str
    due: datetime | None
    assignee: str | None
    done: datetime | None
    done_by: str | None
    skipped: str
    version: int

    @staticmethod
    def resolve_assignee(row: Any) -> str | None:
        return row.assignee.username if row.assignee else None

    @staticmethod
    def resolve_done_by(row: Any) -> str | None:
        return row.done_by.username if row.done_by else None


class TaskIn(Schema):
    """A task to be added."""

    title: Title
    text: Long = ""
    due: Moment | None = None


class TaskEdit(Schema):
    """Columns to be changed, of a task that was read at `version`: those that are given. `assignee` is a user's name,
    null for nobody."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    title: Title | None = None
    text: Long | None = None
    due: Moment | None = None
    role: Annotated[str, Field(max_length=30, pattern=r"^[^\x00]*$")] | None = None
    assignee: Person | None = None


class TaskAct(Schema):
    """An act on a task. `why` is needed to skip; `to` is whom to assign it to, null for nobody."""

    act: Literal["done", "skip", "reopen", "assign"]
    why: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""
    to: Person | None = None


class PlaybookIn(Schema):
    """A playbook whose tasks a case takes."""

    name: Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9-]+$")]


class Added(Schema):
    """How many tasks were added; those that were there are not."""

    added: int


@router.get("/{number}/tasks", response=answers(list[TaskOut]), auth=Scope("cases"))
@paginate(Paged)
def list_tasks(request: HttpRequest, number: Number) -> QuerySet[Task]:
    """Its tasks, in their order."""
    user = actor(request)
    return door.visible(user, Task.objects.filter(case=read_case(user, number)).select_related("assignee", "done_by"))


@router.post("/{number}/tasks", response=answers(TaskOut, 201), auth=Scope("cases", "write"))
def add_task(request: HttpRequest, number: Number, given: TaskIn) -> Any:
    """Add a task."""
    user = actor(request)
    return Status(201, actions.add_task(user, case_of(user, number), given.title, given.text, given.due))


@router.patch("/{number}/tasks/{uid}", response=answers(TaskOut), auth=Scope("cases", "write"))
def edit_task(request: HttpRequest, number: Number, uid: UUID, given: TaskEdit) -> Any:
    """Change a task. 409: somebody else changed it since `version`; read it again."""
    user = actor(request)
    task = _task(user, number, uid)
    told = given.dict(exclude_unset=True)
    version = told.pop("version")
    values = {name: value for name, value in told.items() if value is not None or name in {"due", "assignee"}}
    if values.get("assignee") is not None:
        values["assignee"] = named(values["assignee"])
    return _shown(user, actions.edit_task(user, task, version, values))


@router.post("/{number}/tasks/{uid}", response=answers(TaskOut), auth=Scope("cases", "write"))
def act_on_task(request: HttpRequest, number: Number, uid: UUID, given: TaskAct) -> Any:
    """Mark a task done or not done, open it again, or give it to somebody."""
    user = actor(request)
    task = _task(user, number, uid)
    if given.act == "done":
        done = actions.finish_task(user, task)
    elif given.act == "skip":
        done = actions.skip_task(user, task, given.why)
    elif given.act == "reopen":
        done = actions.reopen_task(user, task)
    else:
        done = assign_task(user, task, named(given.to) if given.to else None)
    return _shown(user, done)


@router.post("/{number}/playbook", response=answers(Added), auth=Scope("cases", "write"))
def apply_playbook(request: HttpRequest, number: Number, given: PlaybookIn) -> Any:
    """Add the tasks of a playbook, due from now."""
    user = actor(request)
    return Added(added=actions.apply_playbook(user, case_of(user, number), given.name))


def _task(user: User, number: str, uid: UUID) -> Task:
    return door.one(user, Task.objects.filter(case=case_of(user, number)), uid=uid)


def _shown(user: User, task: Task) -> Task:
    return door.one(user, Task.objects.select_related("assignee", "done_by"), pk=task.pk)
