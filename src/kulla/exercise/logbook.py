"""Days of acts as files of the database's log, and which persons each line is about."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import pyarrow as pa

from kulla.exercise.acts import STREAM, Acts
from kulla.exercise.pglog import Line, Session, audit_switched, session_of, told
from kulla.exercise.statements import Act, Asked, Asker, each_act
from kulla.exercise.workdays import SECOND, Day, midnight
from kulla.exercise.world import World
from kulla.registers import bitmap
from kulla.registers.folder import made
from kulla.registers.schema import LABEL, TIME

LOGGED = pa.schema([
    pa.field("file", LABEL), pa.field("line_from", pa.int64()), pa.field("time", TIME),
    pa.field("account", pa.string()), pa.field("doer", pa.string()), pa.field("misdeed", pa.string()),
    pa.field("rows", pa.int64()), pa.field("records", pa.large_binary()),
])  # fmt: skip
"""truth/reads-<register>.parquet: for each act, logged or not (then file and line_from are null), who did it and a
bitmap of the records it read. line_from: of its first line, 1 for the file's first."""

_MARGIN = 120 * SECOND
"""Connections begin before their first statement: so long before the next day's midnight a day's lines are held."""


class LogBook:
    """Writes one register's log: postgresql-YYYY-MM-DD.csv by day of UTC, lines by time.

    Memory holds a day of lines. lines: how many were written.
    """

    def __init__(self, folder: Path, world: World, asker: Asker) -> None:
        self._folder, self._world, self._asker = made(folder), world, asker
        self._waiting: list[Line] = []
        self._open: dict[int, tuple[Act, Asked]] = {}
        self._told: list[tuple[object, ...]] = []
        self._number = 0
        self._server_line = 1
        self._count: dict[str, int] = {}
        self.lines = 0

    def day(self, day: Day, acts: Acts) -> pa.Table:
        """Take one day's acts, write what is complete before the next day, give the truth (LOGGED) of that."""
        sessions: dict[tuple[int, int], list[int]] = {}
        for act in each_act(acts):
            self._open[self._number] = act, self._asker.asked(act)
            sessions.setdefault((act.account, act.session), []).append(self._number)
            self._number += 1
        for (account, _), numbers in sessions.items():
            self._session(self._world.roster.names[account], numbers)
        return self._flush(midnight(day.date + timedelta(days=1)) - _MARGIN)

    def close(self) -> pa.Table:
        """Write the rest, give the truth of that."""
        return self._flush(None)

    def _session(self, user: str, numbers: list[int]) -> None:
        acts = [self._open[number][0] for number in numbers]
        tricks = {self._trick(act) for act in acts if act.hidden}
        if any(not act.hidden for act in acts) or tricks & {"audit_off_and_on", "log_lines_deleted"}:
            lead = 60 if "audit_off_and_on" in tricks else 1
            session = session_of(user, acts, [self._name(number) for number in numbers], lead)
            session.connect()
            for number, act in zip(numbers, acts, strict=True):
                self._act(session, number, act)
            session.disconnect()
            self._waiting += session.lines
        for number, act in zip(numbers, acts, strict=True):
            if act.hidden:
                self._tell(number, None, None)

    def _act(self, session: Session, number: int, act: Act) -> None:
        trick = self._trick(act)
        if not act.hidden:
            told(session, number, act, self._open[number][1], trick)
        elif trick == "audit_off_and_on":
            began = self._world.roster.calendar[0].midnight - 9 * 86_400 * SECOND
            for off, time in ((True, act.started - 20 * SECOND), (False, act.time + 3 * SECOND)):
                self._waiting += audit_switched(session, time, off, self._server_line, began)
                self._server_line += 2
        elif trick == "log_lines_deleted":
            # The lines were written and numbered, then taken out of the file.
            session.line += 3
            session.statement += 3

    def _name(self, number: int) -> str:
        act, asked = self._open[number]
        if act.how == STREAM:
            return "pg_recvlogical" if self._trick(act) == "replication_connection" else "pg_basebackup"
        return asked.application

    def _trick(self, act: Act) -> str:
        return "" if act.misdeed < 0 else self._world.plots[act.misdeed].family.name

    def _flush(self, until: int | None) -> pa.Table:
        self._waiting.sort(key=attrgetter("time"))
        stop = len(self._waiting)
        if until is not None:
            stop = bisect_left(self._waiting, until, key=attrgetter("time"))
        for name, lines in groupby(self._waiting[:stop], key=_file):
            self._append(name, list(lines))
        self._waiting = self._waiting[stop:]
        self.lines += stop
        rows, self._told = self._told, []
        columns = list(zip(*rows, strict=True)) or [()] * len(LOGGED)
        return pa.table([pa.array(list(column), _plain(each.type)).cast(each.type)
                         for column, each in zip(columns, LOGGED, strict=True)], schema=LOGGED)  # fmt: skip

    def _append(self, name: str, lines: list[Line]) -> None:
        path = self._folder / name
        if name not in self._count:
            path.unlink(missing_ok=True)
        place = self._count.get(name, 0)
        with path.open("ab") as file:
            for line in lines:
                if line.act in self._open:
                    self._tell(line.act, name, place + 1)
                place += line.text.count("\n")
            file.write("".join(line.text for line in lines).encode())
        self._count[name] = place

    def _tell(self, number: int, file: str | None, line: int | None) -> None:
        act, asked = self._open.pop(number)
        names = self._world.roster.names
        doer = names[act.user if act.user >= 0 else act.account]
        self._told.append((
            file, line, act.time, names[act.account], doer, self._trick(act) or None, asked.rows,
            bitmap.pack((asked.persons + 1).astype(np.uint32)),
        ))  # fmt: skip


def _file(line: Line) -> str:
    return _file_of(line.time // (86_400 * SECOND))


@cache
def _file_of(day: int) -> str:
    return f"postgresql-{date.fromordinal(date(1970, 1, 1).toordinal() + day)}.csv"


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if kind == LABEL else pa.int64() if kind == TIME else kind
