"""The audit record of pgaudit (1.5-17), a line of CSV inside a PostgreSQL log message.

    AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.t,"select …",<none>,42

Its members become the fields audit_type (SESSION or OBJECT), statement_id, substatement_id, class (READ, WRITE,
FUNCTION, ROLE, DDL, MISC …), command, object_type, object_name, statement, parameter and, with `pgaudit.log_rows`,
rows. What `rows` does not say: 0 for `COPY … TO` and for cursors means unknown, not none; a statement that fails or is
cancelled after it returned rows leaves no audit record at all with `log_rows` (measured with 1.7.0), only the ERROR
record that carries the statement.
"""

from __future__ import annotations

import csv

FIELDS = (
    "audit_type", "statement_id", "substatement_id", "class", "command", "object_type", "object_name", "statement",
    "parameter", "rows",
)  # fmt: skip

_PREFIXES = ("AUDIT: SESSION,", "AUDIT: OBJECT,")
_PLAIN = 7
"""Members that come before the first that may hold any text, the statement."""
_ABSENT = frozenset({"", "<none>", "<not logged>"})


def unpack(message: str) -> dict[str, str | None] | None:
    """The members of an audit message; None when it is no audit message.

    Empty ones, `<none>` and `<not logged>` are left out. A message cut short gives the members it still has; one whose
    quotes are wrong, or with too many members, those before the statement.

    >>> unpack('AUDIT: SESSION,2,1,READ,SELECT,,,"select 1, 2",<none>,1')["statement"]
    'select 1, 2'
    """
    if not message.startswith(_PREFIXES):
        return None
    record = message.removeprefix("AUDIT: ")
    try:
        members = next(csv.reader([record]))
    except csv.Error:
        members = record.split(",")[:_PLAIN]
    if len(members) > len(FIELDS):
        members = members[:_PLAIN]
    return {name: value for name, value in zip(FIELDS, members, strict=False) if value not in _ABSENT}
