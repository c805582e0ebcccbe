"""Redaction of a register's audit: what may be kept and sent on holds no value of any person.

It works by what may stay, not by what must go. Of each event stay the fields of `KEPT`, whose content PostgreSQL
itself writes; statements as templates (`events.sqltemplate`); messages and details only as one of the fixed sentences
below, names in them replaced by `?`; `user`, `case` and `purpose` named in comments, as `comment_user` and so on; the
tables a statement names, as `tables`. Bound values, hints, contexts, locations, unknown fields and the raw text go.
Rejects keep place and reason.

A statement that was never run because it failed to parse or named what does not exist (an ERROR that points into the
statement, or of SQLSTATE class 42 but 42501; without a SQLSTATE, all but those sure to come later) is reduced to its
first word: values written without quotes, or in double quotes, look like names there.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from kulla.events.fields import DictFields
from kulla.events.formats._api import Parsed, Reject
from kulla.events.sqltemplate import command, hints, tables, template

KEPT = frozenset({
    "log_time", "user", "database", "pid", "client", "client_port", "session", "line_num", "command_tag",
    "session_start", "virtual_transaction", "transaction", "severity", "sqlstate", "cursor_position",
    "internal_position", "application", "backend_type", "leader_pid", "query_id", "duration", "audit_type",
    "statement_id", "substatement_id", "class", "command", "object_type", "object_name", "rows",
})  # fmt: skip
"""Fields kept as they are."""

STATEMENTS = ("statement", "internal_query")
HIDDEN = "?"

_Sentences = Sequence[tuple[re.Pattern[str], str]]


def _sentences(*pairs: tuple[str, str]) -> _Sentences:
    return tuple((re.compile(pattern, re.DOTALL), text) for pattern, text in pairs)


RUN = _sentences(
    (r"division by zero\Z", "division by zero"),
    (r"canceling statement due to user request\Z", "canceling statement due to user request"),
    (r"canceling statement due to statement timeout\Z", "canceling statement due to statement timeout"),
    (r"canceling statement due to lock timeout\Z", "canceling statement due to lock timeout"),
    (r"canceling statement due to conflict with recovery\Z", "canceling statement due to conflict with recovery"),
    (r"terminating connection due to administrator command\Z", "terminating connection due to administrator command"),
    (r"deadlock detected\Z", "deadlock detected"),
    (r"out of memory\Z", "out of memory"),
    (r"could not serialize access due to ", "could not serialize access"),
    (r"permission denied for ", "permission denied for ?"),
    (r"permission denied to ", "permission denied to ?"),
    (r"must be (?:superuser|owner) ", "must be superuser or owner"),
    (r"duplicate key value violates unique constraint ", "duplicate key value violates unique constraint ?"),
    (r"insert or update on table .* violates foreign key ", "insert or update violates foreign key constraint ?"),
    (r"update or delete on table .* violates foreign key ", "update or delete violates foreign key constraint ?"),
    (r"new row for relation .* violates check constraint ", "new row violates check constraint ?"),
    (r"new row violates row-level security policy ", "new row violates row-level security policy ?"),
    (r"null value in column .* violates not-null constraint", "null value violates not-null constraint"),
    (r"value too long for type ", "value too long for type ?"),
    (r"(?:smallint|integer|bigint|timestamp|interval|date/time field value) out of range\b", "value out of range"),
    (r"numeric field overflow\Z", "numeric field overflow"),
)
"""Messages of statements that were run, or stopped for a reason that no name in them has part in."""

OTHERS = _sentences(
    (r"AUDIT: ", "AUDIT"),
    (r"duration: .* ms\b", "duration"),
    (r"statement: ", "statement"),
    (r"execute ", "execute"),
    (r"connection received: ", "connection received"),
    (r"connection authenticated: ", "connection authenticated"),
    (r"connection authorized: ", "connection authorized"),
    (r"replication connection authorized: ", "replication connection authorized"),
    (r"disconnection: ", "disconnection"),
    (r"received replication command: BASE_BACKUP\b", "received replication command: BASE_BACKUP"),
    (r"received replication command: START_REPLICATION\b", "received replication command: START_REPLICATION"),
    (r"received replication command: ", "received replication command: ?"),
    (r"password authentication failed for user ", "password authentication failed for user ?"),
    (r"no pg_hba\.conf entry ", "no pg_hba.conf entry for ?"),
    (r"invalid input syntax for ", "invalid input syntax for ?"),
    (r"invalid input value for ", "invalid input value for ?"),
    (r"(?:relation|table|view) .* does not exist", "relation ? does not exist"),
    (r"column .* does not exist", "column ? does not exist"),
    (r"function .* does not exist", "function ? does not exist"),
    (r"role .* does not exist", "role ? does not exist"),
    (r"syntax error at ", "syntax error at ?"),
    (r"unterminated quoted string at ", "unterminated quoted string at ?"),
    (r"parameter .* changed to ", "parameter ? changed to ?"),
    (r"received SIGHUP, reloading configuration files\Z", "received SIGHUP, reloading configuration files"),
    (r"received (?:fast|smart|immediate) shutdown request\Z", "received shutdown request"),
    (r"database system is ready to accept connections\Z", "database system is ready to accept connections"),
    (r"database system is shut down\Z", "database system is shut down"),
    (r"checkpoint starting", "checkpoint starting"),
    (r"checkpoint complete", "checkpoint complete"),
)

DETAILS = _sentences(
    (r"Key \(.*\)=\(.*\) already exists\.\Z", "Key (?)=(?) already exists."),
    (r"Key \(.*\)=\(.*\) is not present in table ", "Key (?)=(?) is not present in table ?."),
    (r"Key \(.*\)=\(.*\) is still referenced from table ", "Key (?)=(?) is still referenced from table ?."),
    (r"Failing row contains \(", "Failing row contains (?)."),
    (r"[Pp]arameters: ", "parameters: ?"),
)

_PREPARED = re.compile(r"prepare: (?P<statement>.*)\Z", re.DOTALL)


def _sentence(text: str, known: _Sentences) -> str:
    return next((short for pattern, short in known if pattern.match(text)), HIDDEN)


def _never_ran(event: Mapping[str, str | None]) -> bool:
    if event.get("severity") not in ("ERROR", "FATAL", "PANIC"):
        return (event.get("sqlstate") or "").startswith("42")
    if event.get("cursor_position"):
        return True  # errors while running carry no place in the statement
    state = event.get("sqlstate")
    if state is not None:
        return state.startswith("42") and state != "42501"
    return _sentence(event.get("message") or "", RUN) == HIDDEN


def _detail(text: str) -> str:
    prepared = _PREPARED.match(text)
    return f"prepare: {template(prepared['statement'])}" if prepared else _sentence(text, DETAILS)


def redact_event(event: Mapping[str, str | None], postgres: bool = True) -> dict[str, str | None]:
    """One event's fields as they may leave the owner. Of what is not known to be PostgreSQL's (`postgres` false, and
    neither a severity nor pgaudit's type) a statement is reduced to its first word: elsewhere, as in MySQL, text in
    double quotes is a value, not a name.

    >>> redact_event({"statement": "SELECT 'x'", "parameter": "y", "rows": "1"})
    {'rows': '1', 'statement': 'SELECT ?'}
    """
    kept = {name: value for name, value in event.items() if name in KEPT}
    known_to_run = (postgres or "severity" in event or "audit_type" in event) and not _never_ran(event)
    reduce = template if known_to_run else command
    for name in STATEMENTS:
        statement = event.get(name)
        if statement is not None:
            kept |= {f"comment_{key}": value for key, value in hints(statement).items()}
            kept[name] = reduce(statement)
    if reduce is template and kept.get("statement"):
        kept |= {f"tables[{number}]": name for number, name in enumerate(tables(kept["statement"] or ""))}
    if (message := event.get("message")) is not None:
        known = _sentence(message, RUN)
        kept["message"] = known if known != HIDDEN else _sentence(message, OTHERS)
    if (detail := event.get("detail")) is not None:
        kept["detail"] = _detail(detail)
    return kept


def redact(parsed: Parsed) -> Parsed:
    """The run with every event redacted, raw null, and rejects without their content."""
    postgres = parsed.format.startswith("postgres_")
    events = [redact_event(dict(pairs), postgres) for pairs in parsed.fields.whole().to_pylist()]
    return dataclasses.replace(
        parsed,
        fields=DictFields(events),
        raw=pa.nulls(len(parsed), pa.large_string()),
        rejects=[Reject(reject.position, reject.reason, b"", reject.unit) for reject in parsed.rejects],
    )
