"""The csvlog of PostgreSQL 15 with pgaudit 1.7 (log_rows, log_parameter on; classes read, write, ddl, role).

Lines are as a real server writes them (a test holds them against one): connections, audit records, errors with their
statement, replication commands, changed settings, disconnections. What such a server does not write is missing here
too: rows of cursors and COPY, audit records of statements that failed, values bound to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from kulla.exercise.acts import CANCELLED, COPY, CURSOR, ERROR, STREAM
from kulla.exercise.statements import Act, Asked
from kulla.exercise.tools import address, application
from kulla.exercise.workdays import SECOND

DATABASE: Final = "registers"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HONEST_ERROR: Final = ("22P02", 'invalid input syntax for type numeric: "1.200,00"')
_ZERO: Final = ("22012", "division by zero")
_CANCELS: Final = (("57014", "canceling statement due to user request"),
                   ("57014", "canceling statement due to statement timeout"))  # fmt: skip
_SLOTS: Final = ("IDENTIFY_SYSTEM", 'CREATE_REPLICATION_SLOT "sub" LOGICAL "pgoutput"',
                 "START_REPLICATION SLOT \"sub\" LOGICAL 0/0 (proto_version '3', publication_names 'pub')")  # fmt: skip
_BASE: Final = ("SHOW data_directory_mode", "SHOW wal_segment_size", "IDENTIFY_SYSTEM", (
    "BASE_BACKUP ( LABEL 'pg_basebackup base backup',  PROGRESS,  WAL,  WAIT 0,  MANIFEST 'yes',  TARGET 'client')"
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its time (microseconds UTC), and the number of the act it tells of (-1: none)."""

    time: int
    text: str
    act: int = -1


@dataclass
class Session:
    """One connection as the server numbers it."""

    user: str
    began: int
    client: str
    port: int
    pid: int
    application: str
    ended: int
    line: int = 0
    statement: int = 0
    transaction: int = 0
    database: str = DATABASE
    backend: str = "client backend"
    lines: list[Line] = field(default_factory=list)

    def write(
        self, time: int, tag: str, message: str, act: int = -1, *, severity: str = "LOG", state: str = "00000",
        statement: str = "", application: str = "",
    ) -> None:  # fmt: skip
        """Add a line. application: empty for lines from before the client told its name."""
        self.line += 1
        self.transaction += 1
        within = 0 if tag == "idle" else self.transaction
        virtual = "" if message.startswith("disconnection") else f"{self.pid % 90 + 3}/{within}"
        text = (
            f'{stamp(time)},"{self.user}","{self.database}",{self.pid},"{self.client}:{self.port}",{self.id},'
            f'{self.line},"{tag}",{stamp(self.began)[:19]} UTC,{virtual},0,{severity},{state},{quoted(message)},,,,,,'
            f'{quoted(statement) if statement else ""},,,{quoted(application)},"{self.backend}",,0\n'
        )
        self.lines.append(Line(time, text, act))

    @property
    def id(self) -> str:
        """session_id: start and pid in hexadecimal."""
        return f"{self.began // SECOND:x}.{self.pid:x}"

    def connect(self) -> None:
        """The lines of a connection."""
        self.line += 1
        self.lines.append(Line(self.began, (
            f'{stamp(self.began)},,,{self.pid},"{self.client}:{self.port}",{self.id},1,"",{stamp(self.began)[:19]} UTC,'
            f',0,LOG,00000,"connection received: host={self.client} port={self.port}",,,,,,,,,"","not initialized",,0\n'
        )))  # fmt: skip
        of = f" database={self.database}" if self.backend == "client backend" else ""
        kind = "connection" if of else "replication connection"
        named = f" application_name={self.application}" if self.application else ""
        self.write(self.began + 3000, "authentication", f"{kind} authorized: user={self.user}{of}{named}")

    def disconnect(self) -> None:
        """The line of its end."""
        took = (self.ended - self.began) // 1000
        length = f"{took // 3_600_000}:{took // 60_000 % 60:02}:{took // 1000 % 60:02}.{took % 1000:03}"
        self.write(
            self.ended, "idle", f"disconnection: session time: {length} user={self.user} database={self.database} "
            f"host={self.client} port={self.port}", application=self.application,
        )  # fmt: skip

    def audit(self, time: int, tag: str, audit: str, act: int, application: str) -> None:
        """An audit record; `audit` begins with its class."""
        self.write(time, tag, f"AUDIT: SESSION,{self.statement},{audit}", act, application=application)


def session_of(user: str, acts: list[Act], names: list[str], lead: int = 1) -> Session:
    """The connection in which an account's acts of one session happen.

    names: application names of the acts; lead: seconds at least between its beginning and the first act.
    """
    first, last = acts[0], max(act.time for act in acts)
    number = (first.session * 2_654_435_761 + first.started // SECOND) & 0xFFFFFFFF
    began = first.started - SECOND * (lead + number % 20)
    pid = 1000 + number % 4_000_000
    made = Session(user, began, address(first.client), 32_768 + number % 28_000, pid, names[0].split(";")[0],
                   last + SECOND * (5 + number % 600))  # fmt: skip
    if first.how == STREAM:
        made.backend = "walsender"
        # A physical replication connection is to no database.
        made.database = DATABASE if names[0] == "pg_recvlogical" else ""
    return made


def told(session: Session, number: int, act: Act, asked: Asked, trick: str) -> None:
    """Write what the server logs of an act. trick: the misdeed it belongs to, empty for none."""
    if act.how == STREAM:
        commands = _SLOTS if trick == "replication_connection" else _BASE
        for step, command in enumerate(commands):
            session.write(act.started + step * 2000, "idle", f"received replication command: {command}", number,
                          statement=command, application=asked.application)  # fmt: skip
    elif act.how in (ERROR, CANCELLED):
        state, message = _CANCELS[number % 2] if act.how == CANCELLED else _ZERO if trick else _HONEST_ERROR
        session.write(act.time, "SELECT", message, number, severity="ERROR", state=state, statement=asked.text,
                      application=asked.application)  # fmt: skip
        session.statement += 1
    else:
        session.statement += 1
        for tag, record in _records(act, asked):
            session.audit(act.time, tag, record, number, asked.application)


def _records(act: Act, asked: Asked) -> Iterator[tuple[str, str]]:
    bound = member(",".join(map(member, asked.parameters))) if asked.parameters else "<none>"
    text = member(asked.text)
    if act.how == CURSOR:
        yield "DECLARE CURSOR", f"1,READ,DECLARE CURSOR,,,{text},{bound},0"
    elif act.how == COPY:
        inner = asked.text.lower().startswith("copy (")
        if inner:
            yield "COPY", f"1,READ,SELECT,,,{text},{bound},{asked.rows}"
        yield "COPY", f"{2 if inner else 1},READ,COPY,,,{text},{bound},0"
    else:
        yield "SELECT", f"1,READ,SELECT,,,{text},{bound},{asked.rows}"


def member(text: str) -> str:
    """A member of pgaudit's record: in quotes only where it must be.

    >>> member("select 1"), member("a, b")
    ('select 1', '"a, b"')
    """
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n\r') else text


def quoted(text: str) -> str:
    """A text column of csvlog."""
    return '"' + text.replace('"', '""') + '"'


def stamp(time: int) -> str:
    """A time as log_line has it, with milliseconds."""
    return f"{_second(time // SECOND)}.{time // 1000 % 1000:03} UTC"


@lru_cache(65_536)
def _second(seconds: int) -> str:
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M:%S}"


def server_line(time: int, number: int, message: str, began: int) -> Line:
    """A line of the postmaster."""
    return Line(time, (
        f'{stamp(time)},,,812,,{began // SECOND:x}.32c,{number},,{stamp(began)[:19]} UTC,,0,LOG,00000,{quoted(message)}'
        ',,,,,,,,,"","postmaster",,0\n'
    ))  # fmt: skip


def audit_switched(session: Session, time: int, off: bool, number: int, began: int) -> list[Line]:
    """The lines of switching the audit off or on; only the switching off is audited itself. number: of the
    postmaster's next line."""
    if off:
        for text in ("alter system set pgaudit.log = 'none'", "select pg_reload_conf()"):
            session.statement += 1
            alter = text.startswith("alter")
            what = "DDL,ALTER SYSTEM" if alter else "READ,SELECT"
            session.audit(time + (0 if alter else 800), "ALTER SYSTEM" if alter else "SELECT",
                          f"1,{what},,,{member(text)},<none>,{int(not alter)}", -1, session.application)  # fmt: skip
    value = "none" if off else "read,write,ddl,role"
    return [
        server_line(time + 1500, number, "received SIGHUP, reloading configuration files", began),
        server_line(time + 2500, number + 1, f'parameter "pgaudit.log" changed to "{value}"', began),
    ]


__all__ = ["DATABASE", "Line", "Session", "application", "audit_switched", "member", "session_of", "stamp", "told"]
