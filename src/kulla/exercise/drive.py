"""Drive an exercise's reads on a real PostgreSQL, so that pgaudit itself writes the log.

A script is drawn from the same honest and misdeed generators that make the files; here each statement is sent as its
account would send it: as text, prepared, through a cursor, through COPY, broken off or made to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kulla.errors import InputError, KullaError
from kulla.exercise.acts import CANCELLED, COPY, CURSOR, ERROR, PREPARED, STREAM
from kulla.exercise.statements import Asker, each_act
from kulla.exercise.world import World

if TYPE_CHECKING:
    from kulla.registers.connect.postgres import Connection

HOWS: Final = ("simple", "prepared", "copy", "cursor", "error", "cancelled")
_PAGE: Final = 500
"""Rows that a cursor fetches at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One statement to be sent.

    Attributes:
        account: who logs in; application: the application_name it gives itself.
        statement: with `$1` … where values are bound; parameters: those.
        how: one of HOWS. error: the statement is meant to fail; cancelled: the client stops it by a time limit.
        misdeed: the misdeed it belongs to, empty for honest ones.
    """

    account: str
    statement: str
    parameters: tuple[str, ...] = ()
    how: str = "simple"
    application: str = ""
    misdeed: str = ""


@dataclass(frozen=True, slots=True)
class Driven:
    """What came of a script: statements sent, rows that clients received, statements that failed as told."""

    sent: int
    rows: int
    failed: int


def script(world: World, asker: Asker) -> Iterator[Step]:
    """The world's acts in the order of time, but those that no SQL session shows (files, replication, hidden acts)."""
    names = world.roster.names
    for _, acts in world.days():
        for act in each_act(acts):
            if act.hidden or act.how == STREAM:
                continue
            asked = asker.asked(act)
            misdeed = "" if act.misdeed < 0 else world.plots[act.misdeed].family.name
            yield Step(names[act.account], asked.text, asked.parameters, _how(act.how, misdeed), asked.application,
                       misdeed)  # fmt: skip


def _how(how: int, misdeed: str) -> str:
    if how == ERROR:
        # An honest statement that fails does so for a reason that a healthy server does not have: it is stopped.
        return "error" if misdeed else "cancelled"
    return {PREPARED: "prepared", COPY: "copy", CURSOR: "cursor", CANCELLED: "cancelled"}.get(how, "simple")


def drive(connect: Callable[[str, str], Connection], steps: Iterable[Step]) -> Driven:
    """Send the steps one after the other, and say what came of them.

    connect: gives a connection for (account, application_name); one for each account is held and closed at the end.
    Raises InputError when a statement that is not meant to fail does, naming its place in the script alone.
    """
    held: dict[str, Connection] = {}
    sent = rows = failed = 0
    try:
        for number, step in enumerate(steps, 1):
            if step.account not in held:
                held[step.account] = connect(step.account, step.application)
            got = _send(held[step.account], step)
            sent += 1
            if got is None:
                failed += 1
                if step.how not in ("error", "cancelled"):
                    raise InputError(f"script, statement {number}: the server refused it; are all registers loaded?")
            else:
                rows += got
    finally:
        for connection in held.values():
            connection.close()
    return Driven(sent, rows, failed)


def _send(connection: Connection, step: Step) -> int | None:
    """The rows received; None when the statement failed."""
    cursor = connection.cursor()
    _plainly(cursor, "select set_config('application_name', %s, false)", (step.application,))
    connection.commit()
    try:
        if step.how == "copy":
            with cursor.copy(step.statement.encode()) as copy:
                got = sum(bytes(part).count(b"\n") for part in copy)
        elif step.how == "cursor":
            got = _fetched(cursor, step)
        else:
            if step.how == "cancelled":
                _plainly(cursor, "set local statement_timeout = '1ms'", ())
            got = _rows(cursor, step)
        connection.commit()
    except Exception as error:
        connection.rollback()
        if not _by_server(error):
            raise
        return None
    return got


def _by_server(error: Exception) -> bool:
    """Whether the server said no, and not the line or the program. psycopg is known to one other file alone."""
    return isinstance(error, KullaError) or bool(getattr(error, "sqlstate", None))


def _rows(cursor: Any, step: Step) -> int:
    if step.parameters:
        cursor.execute(_percent(step), step.parameters, prepare=step.how == "prepared")
    else:
        cursor.execute(step.statement.encode())
    return len(cursor.fetchall())


def _fetched(cursor: Any, step: Step) -> int:
    """Declare, then fetch until nothing is left."""
    name = step.statement.split('"')[1]
    cursor.execute(step.statement.encode())
    total = 0
    while True:
        cursor.execute(f'fetch {_PAGE} from "{name}"'.encode())
        got = len(cursor.fetchall())
        total += got
        if got < _PAGE:
            return total


def _plainly(cursor: Any, statement: str, values: tuple[str, ...]) -> None:
    cursor.execute(statement.encode(), values or None)


def _percent(step: Step) -> bytes:
    """The statement as psycopg takes it: %s in place of $1 … ."""
    text = step.statement.replace("%", "%%")
    for number in range(len(step.parameters), 0, -1):
        text = text.replace(f"${number}", "%s")
    return text.encode()
