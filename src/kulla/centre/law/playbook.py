"""Playbooks: the tasks of a case by its kind, as TOML that a centre edits. docs/clocks.md says what each key means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final, Literal, cast, get_args

from kulla.centre.law.jurisdiction import LANGUAGES
from kulla.centre.law.rsit import types
from kulla.centre.law.tables import Table, read

SCHEMA: Final = 1

Phase = Literal["triage", "preserve", "contain", "notify", "eradicate", "recover", "learn"]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
Role = Literal["analyst", "case_officer", "director", "register_owner", "liaison", "entity"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Who does a task; `entity` is the constituent's own people, whom the centre asks."""
CONTACTS: Final = (
    *("duty_officer", "director", "entity_it", "entity_management", "register_owner", "dpo", "dpa", "police"),
    *("prosecutor", "provider", "bank", "allies", "military", "press"),
)
"""Whom to call: a centre has a name and a number for each."""

_OFFSET: Final = re.compile(r"([1-9][0-9]{0,2}) (minute|hour|day)s?")


@dataclass(frozen=True, slots=True)
class Task:
    """One task. Texts are language → text.

    Attributes:
        due: after the case was opened. after: ids of tasks that come before it.
        title, text: what to do. done: how one sees that it is done. evidence: what to take, empty for nothing.
        call: of CONTACTS.
    """

    id: str
    phase: Phase
    role: Role
    due: timedelta
    title: Mapping[str, str]
    text: Mapping[str, str]
    done: Mapping[str, str]
    evidence: Mapping[str, str]
    call: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook. types: ids of the RSIT types for which it is proposed."""

    id: str
    version: int
    name: Mapping[str, str]
    about: Mapping[str, str]
    types: tuple[str, ...]
    tasks: tuple[Task, ...]


@cache
def shipped() -> Mapping[str, Playbook]:
    """The playbooks that come with Kulla, by id."""
    folder = files("kulla.centre.law") / "playbooks"
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    told = (read_playbook((folder / name).read_text("utf-8"), name) for name in found)
    return {each.id: each for each in told}


def proposed(type_id: str, playbooks: Mapping[str, Playbook] | None = None) -> tuple[Playbook, ...]:
    """The playbooks for an RSIT type, those shipped unless others are given. Empty when none fits."""
    known = shipped() if playbooks is None else playbooks
    return tuple(each for each in known.values() if type_id in each.types)


def read_playbook(text: str, place: str) -> Playbook:
    """A playbook from TOML. Raises ConfigError with every fault, each with file and line."""
    top = read(text, place)
    if top.whole("schema") != SCHEMA:
        top.say("schema", f"must be {SCHEMA}; a newer Kulla may have written it")
    tables = top.tables("task")
    playbook = Playbook(
        id=top.text("id"),
        version=top.whole("version"),
        name=top.spoken("name", LANGUAGES),
        about=top.spoken("about", LANGUAGES),
        types=top.words("types", types()),
        tasks=tuple(map(_task, tables)),
    )
    seen: set[str] = set()
    for table, task in zip(tables, playbook.tasks, strict=True):
        if task.id in seen:
            table.say("id", "is another task's already")
        # Only tasks above it: so that no circle can be written.
        if missing := [each for each in task.after if each not in seen]:
            table.say("after", f"names no task above this one: {', '.join(missing)}")
        seen.add(task.id)
    if not tables:
        top.say("", "has no task: add [[task]]")
    top.done()
    top.source.finish()
    return playbook


def _task(table: Table) -> Task:
    task = Task(
        id=table.text("id"),
        phase=cast("Phase", table.word("phase", PHASES)),
        role=cast("Role", table.word("role", ROLES)),
        due=_offset(table),
        title=table.spoken("title", LANGUAGES),
        text=table.spoken("text", LANGUAGES),
        done=table.spoken("done", LANGUAGES),
        evidence=table.spoken("evidence", LANGUAGES, missing=True),
        call=table.words("call", CONTACTS),
        after=table.texts("after"),
    )
    table.done()
    return task


def _offset(table: Table) -> timedelta:
    text = table.text("due")
    found = _OFFSET.fullmatch(text)
    if found is None:
        if text:
            table.say("due", "is written as 30 minutes, 4 hours or 2 days")
        return timedelta()
    return timedelta(**{f"{found[2]}s": int(found[1])})
