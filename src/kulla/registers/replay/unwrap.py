"""What is around a SELECT: COPY, DECLARE, PREPARE, EXPLAIN, INSERT … SELECT and the like, taken off a skeleton."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = r'(?:"[^"]+"|[A-Za-z_][\w$]*)(?: ?\. ?(?:"[^"]+"|[A-Za-z_][\w$]*))*'
_COPY_TABLE = re.compile(rf"copy (?P<table>{_NAME}) ?(?:\((?P<columns>[^()]*)\) ?)?(?P<way>to|from)\b", re.IGNORECASE)
_COPY_QUERY = re.compile(r"copy ?\(", re.IGNORECASE)
_DECLARE = re.compile(rf"declare {_NAME} [a-z ]*?cursor [a-z ]*?for ", re.IGNORECASE)
_PREPARE = re.compile(rf'prepare {_NAME} ?(?:\([\w ,"\[\].]*\) ?)?as ', re.IGNORECASE)
_TABLE = re.compile(rf"table (?:only )?({_NAME})\Z", re.IGNORECASE)
_KEPT = re.compile(
    rf"(?:insert into {_NAME} ?(?:\([\w ,\"]*\) ?)?"
    rf"|create (?:(?:global |local )?temp(?:orary)? |unlogged )?table (?:if not exists )?{_NAME} as "
    rf"|create materialized view (?:if not exists )?{_NAME} as )(?=select\b)",
    re.IGNORECASE,
)
_FIRST = re.compile(r"[( ]*([A-Za-z]+)")
NOT_READING = frozenset({
    "abort", "alter", "analyze", "begin", "checkpoint", "close", "cluster", "comment", "commit", "create",
    "deallocate", "discard", "drop", "end", "explain", "grant", "listen", "lock", "notify", "reassign", "refresh",
    "reindex", "release", "reset", "revoke", "rollback", "savepoint", "security", "set", "show", "start", "truncate",
    "unlisten", "vacuum",
})  # fmt: skip
"""First words of statements that hand no row to whoever sends them. EXPLAIN ANALYZE runs a query, returns its plan."""

WRITING = frozenset({"insert", "update", "delete", "merge"})


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The inner SELECT as a skeleton.

    Attributes:
        query: empty when there is none.
        around: what it was in: empty, copy, cursor, prepared, kept (its rows went into another table).
        apart: why the statement reads nothing; else empty.
    """

    query: str
    around: str = ""
    apart: str = ""


def unwrap(skeleton: str) -> Unwrapped:
    """The SELECT in a skeleton.

    >>> unwrap('COPY payroll (nid, "Pay") TO STDOUT').query
    'SELECT nid, "Pay" FROM payroll'
    >>> unwrap("declare c no scroll cursor with hold for select a from t").query
    'select a from t'
    """
    text = skeleton.rstrip("; ")
    first = _FIRST.match(text)
    word = first[1].lower() if first else ""
    if word == "copy":
        return _copied(text)
    for pattern, around in ((_DECLARE, "cursor"), (_PREPARE, "prepared"), (_KEPT, "kept")):
        found = pattern.match(text)
        if found:
            return Unwrapped(text[found.end() :], around)
    named = _TABLE.match(text)
    if named:
        return Unwrapped(f"SELECT * FROM {named[1]}")  # noqa: S608 only parsed
    if word in NOT_READING:
        return Unwrapped("", apart="no data")
    if word in WRITING and not re.search(r"\breturning\b|\bselect\b", text, re.IGNORECASE):
        return Unwrapped("", apart="write")
    return Unwrapped(text)


def _copied(text: str) -> Unwrapped:
    table = _COPY_TABLE.match(text)
    if table:
        if table["way"].lower() == "from":
            return Unwrapped("", apart="write")
        return Unwrapped(f"SELECT {table['columns'] or '*'} FROM {table['table']}", "copy")  # noqa: S608 only parsed
    query = _COPY_QUERY.match(text)
    if not query:
        return Unwrapped(text, "copy")
    depth, quoted = 1, False
    for at in range(query.end(), len(text)):
        character = text[at]
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return Unwrapped(text[query.end() : at].strip(), "copy")
    return Unwrapped(text, "copy")
