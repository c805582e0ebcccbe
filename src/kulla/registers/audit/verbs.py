"""What kind of access a statement is, by pgaudit's class and command, or by the statement's own first words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

LOOKED_AT: Final = 4_096
"""Characters of a statement in which its first words are sought."""

_SKIP = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*+\*/)*+"
_VERB = re.compile(rf"{_SKIP}(?:[(;]{_SKIP})*([A-Za-z_]+){_SKIP}([A-Za-z_]*){_SKIP}([A-Za-z_]*)")
_COPY_IN = re.compile(
    rf'{_SKIP}copy\s+(?:binary\s+)?(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*\s*(?:\([^)]*\)\s*)?from\b', re.IGNORECASE
)
_ROLE = re.compile(
    rf"{_SKIP}(?:set\s+(?:session\s+|local\s+)?(?:role|session\s+authorization)(?:\s*=\s*|\s+to\s+|\s+|(?=[\"']))"
    r"""(?P<role>"(?:[^"]|"")+"|'(?:[^']|'')+'|[\w$.@-]+)|reset\s+(?:role|session\s+authorization))""",
    re.IGNORECASE,
)

_KINDS: Final = {
    **dict.fromkeys(("SELECT", "WITH", "TABLE", "VALUES", "EXECUTE"), "read"),
    **dict.fromkeys(("COPY",), "copy"),
    **dict.fromkeys(("DECLARE",), "cursor"),
    **dict.fromkeys(("FETCH", "MOVE"), "fetch"),
    **dict.fromkeys(("DO", "CALL"), "do"),
    **dict.fromkeys(("INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE"), "write"),
    **dict.fromkeys(("CREATE", "ALTER", "DROP", "COMMENT", "SECURITY", "RENAME", "REINDEX", "REFRESH"), "ddl"),
    **dict.fromkeys(("GRANT", "REVOKE", "REASSIGN"), "role"),
    **dict.fromkeys(("SET", "RESET", "DISCARD"), "setting"),
    **dict.fromkeys(("BASE_BACKUP", "START_REPLICATION", "CREATE_REPLICATION_SLOT", "IDENTIFY_SYSTEM"), "replication"),
}
_ROLES: Final = {"ROLE", "USER", "GROUP"}
_CLASSES: Final = {"READ": "read", "WRITE": "write", "DDL": "ddl", "ROLE": "role", "MISC_SET": "setting"}
_TWO_WORDS: Final = {"CREATE", "ALTER", "DROP"}


@lru_cache(65_536)
def verb(head: str) -> tuple[str, str]:
    """Kind and command of a statement, of which the first `LOOKED_AT` characters are enough.

    >>> verb("/* x */ select 1"), verb("COPY t (a) FROM STDIN"), verb("alter system set a = 1")
    (('read', 'SELECT'), ('write', 'COPY'), ('setting', 'ALTER SYSTEM'))
    """
    found = _VERB.match(head)
    if found is None:
        return "other", ""
    first, second = found[1].upper(), found[2].upper()
    kind = _KINDS.get(first, "other")
    command = f"{first} {second}" if first in _TWO_WORDS and second else first
    if first in _TWO_WORDS and second in _ROLES:
        kind = "role"
    elif command == "ALTER SYSTEM":
        kind = "setting"
    elif kind == "copy" and _COPY_IN.match(head):
        kind = "write"
    elif first in ("SET", "RESET") and _ROLE.match(head):
        kind = "role"
    elif kind == "cursor":
        command = "DECLARE CURSOR"
    return kind, command


@lru_cache(4_096)
def audited(group: str, command: str, head: str) -> str:
    """The kind of what pgaudit logged with this class and command. `head` is looked at only where these two do not
    tell: the SELECT inside a COPY or a cursor, and SET ROLE among the settings.

    >>> audited("READ", "SELECT", "copy (select 1) to stdout"), audited("MISC", "SET", "set role boss")
    ('copy', 'role')
    """
    told = verb(head)[0]
    if group == "READ":
        return told if told in ("copy", "cursor") and command != "PREPARE" else _read(command)
    if group == "FUNCTION":
        return "do" if command in ("DO", "CALL") else "other"
    if command == "ALTER SYSTEM":
        return "setting"
    if group in ("MISC", "MISC_SET"):
        return told if told in ("role", "fetch", "setting", "do") else "setting" if group == "MISC_SET" else "other"
    return _CLASSES.get(group, "other")


def _read(command: str) -> str:
    if command == "COPY":
        return "copy"
    if command == "DECLARE CURSOR":
        return "cursor"
    return "other" if command == "PREPARE" else "read"


def role_set(head: str) -> str | None:
    """The role that a SET ROLE or SET SESSION AUTHORIZATION takes on; `none` for a RESET; None for other statements.

    >>> role_set('set session authorization "boss"'), role_set("reset role"), role_set("select 1")
    ('boss', 'none', None)
    """
    found = _ROLE.match(head)
    if found is None:
        return None
    name = found["role"] or "none"
    if name[0] in "\"'" and len(name) > 1:
        return name[1:-1].replace(name[0] * 2, name[0])
    return "none" if name.lower() in ("none", "default") else name
