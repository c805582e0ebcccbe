"""What the confined process does with a file: tell its form, read it, tidy its tables, hand them on one by one.

What was handed on before a limit or damage ends the process stands.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from kulla.errors import InputError, UnsafeInput
from kulla.leaks.intake._api import Blob, Fact, Grid, Member, Problem, Task
from kulla.leaks.intake.blobs import opened
from kulla.leaks.intake.forms import form_of
from kulla.leaks.intake.tidy import tidied
from kulla.leaks.leaktable import LeakTable, Sighting

_FRAME: Final = 256 << 20
"""Bytes of a table that are sent at a time; a frame to the parent may hold 2 GiB."""


@dataclass(frozen=True, slots=True)
class Named:
    """The form of the file."""

    form: str


@dataclass(frozen=True, slots=True)
class Part:
    """A table, or the next rows of the one before (`more`)."""

    table: LeakTable
    more: bool = False


Sent: TypeAlias = Named | Part | Fact | Problem | Sighting


def confined(task: Task) -> Iterator[Sent]:
    """Everything in a file, in the confined process. Raises InputError when it cannot go on."""
    os.dup2(1, 2)  # standard output is closed here; a library's complaints could hold a value
    gc.disable()  # millions of short-lived cells, and no cycles
    yield from read(task)


def read(task: Task) -> Iterator[Sent]:
    """Everything in a file. Raises InputError when it cannot go on."""
    with opened(task.path, task.name) as blob:
        if not len(blob):
            yield Named("empty")
            raise InputError("the file is empty")
        form = form_of(blob)
        yield Named(form.name if form else "unknown")
        yield from _read(blob, task, 0)


def _read(blob: Blob, task: Task, depth: int) -> Iterator[Sent]:
    form = form_of(blob)
    if form is None:
        raise InputError("of no form that is read; see docs/leak-files.md")
    empty = True
    for found in form.read(blob, task):
        empty = empty and isinstance(found, Fact)
        match found:
            case Grid():
                table = tidied(found)
                if table is None:
                    yield Problem(f"{found.name}: holds no rows")
                else:
                    yield from _parts(replace(table, name=_within(blob, found.name, depth)))
            case Member():
                yield from _member(found, task, depth)
            case _:
                yield found
    if empty:
        yield Problem(f"{blob.name}: holds no rows")


def _member(member: Member, task: Task, depth: int) -> Iterator[Sent]:
    name = member.blob.name
    if depth + 1 > task.settings.archive_depth:
        raise UnsafeInput(f"nested deeper than {task.settings.archive_depth} (archive_depth)")
    try:
        yield from _read(member.blob, task, depth + 1)
    except UnsafeInput:
        raise
    except InputError as error:
        yield Problem(f"{name}: {error}")


def _within(blob: Blob, name: str, depth: int) -> str:
    """A table's name: in an archive after the member's path."""
    if not depth:
        return name
    return blob.name if blob.name.endswith(f"/{name}") else f"{blob.name}/{name}"


def _parts(table: LeakTable) -> Iterator[Part]:
    size = table.data.nbytes
    step = max(1, table.rows * _FRAME // size) if size > _FRAME else max(table.rows, 1)
    for start in range(0, table.rows, step):
        end = start + step
        part = replace(
            table,
            data=table.data.slice(start, step),
            lines=table.lines[start:end].copy(),
            blocks=table.blocks[start:end].copy(),
        )
        yield Part(part, start > 0)
