"""The settings that decide what an audit of PostgreSQL tells, and which of them leave reads unseen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The settings in force.

    Attributes:
        values: by name, as PostgreSQL shows them; those it does not know are absent.
        overrides: settings of single roles and databases: (role or "", database or "", name, value).
        weak: what leaves reads unseen or unclear, in plain words.
    """

    values: Mapping[str, str]
    overrides: tuple[tuple[str, str, str, str], ...]
    weak: tuple[str, ...]


SETTINGS: Final = """
SELECT name, setting FROM pg_catalog.pg_settings
WHERE name LIKE 'pgaudit.%%' OR name LIKE 'log\\_%%' OR name IN ('logging_collector', 'shared_preload_libraries',
    'track_commit_timestamp', 'wal_level', 'archive_mode', 'max_wal_senders', 'compute_query_id', 'timezone', 'fsync')
ORDER BY name
"""
OVERRIDES: Final = """
SELECT coalesce(r.rolname, ''), coalesce(d.datname, ''), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
FROM pg_catalog.pg_db_role_setting s
CROSS JOIN LATERAL unnest(s.setconfig) c
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
WHERE c LIKE 'pgaudit.%%' OR c LIKE 'log\\_%%'
ORDER BY 1, 2, 3
"""
_ON: Final = (
    ("log_connections", "sessions without statements cannot be told from missing ones"),
    ("log_disconnections", "a session's end is unknown"),
    ("logging_collector", "the server's own log files are not written"),
    ("track_commit_timestamp", "commit times are unknown: a trigger-kept history cannot be dated"),
)
_LEVELS: Final = ("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error", "log")


def weak(values: Mapping[str, str], overrides: tuple[tuple[str, str, str, str], ...] = ()) -> tuple[str, ...]:
    """What in these settings leaves reads unseen or unclear; empty when nothing does.

    >>> weak({"shared_preload_libraries": ""})[0]
    'pgaudit is not loaded (shared_preload_libraries): reads leave no audit line'
    """
    found = list(_pgaudit(values))
    found += [f"{name} is off: {why}" for name, why in _ON if values.get(name, "on") != "on"]
    level = values.get("log_min_error_statement", "error")
    if level not in _LEVELS[: _LEVELS.index("error") + 1]:
        found.append(f"log_min_error_statement is {level}: reads that end in an error leave no statement")
    if not {"csvlog", "jsonlog"} & {each.strip() for each in values.get("log_destination", "csvlog").split(",")}:
        found.append("log_destination has neither csvlog nor jsonlog: lines cannot be told apart safely")
    for role, database, name, value in overrides:
        whom = " in ".join(part for part in (f"role {role}" if role else "", f"database {database}" if database else "")
                           if part)  # fmt: skip
        found.append(f"{name} is set to {value!r} for {whom or 'all'} alone")
    return tuple(found)


def _pgaudit(values: Mapping[str, str]) -> list[str]:
    if "pgaudit" not in values.get("shared_preload_libraries", ""):
        return ["pgaudit is not loaded (shared_preload_libraries): reads leave no audit line"]
    found = []
    classes = {part.strip().lower() for part in values.get("pgaudit.log", "none").split(",")}
    missing = {"read", "write", "ddl", "role"} - classes if "all" not in classes else set()
    missing |= {part.removeprefix("-") for part in classes if part.startswith("-")} & {"read", "write", "ddl", "role"}
    if missing and not values.get("pgaudit.role"):
        found.append(f"pgaudit.log lacks {', '.join(sorted(missing))}")
    if "misc" not in classes and "all" not in classes:
        found.append("pgaudit.log lacks misc: FETCH of a cursor and SET are not seen")
    if values.get("pgaudit.log_rows", "off") != "on":
        found.append("pgaudit.log_rows is off: how many rows a statement read is unknown")
    if values.get("pgaudit.log_parameter", "off") != "on":
        found.append("pgaudit.log_parameter is off: bound values, and so the records read, are unknown")
    if values.get("pgaudit.log_statement", "on") != "on":
        found.append("pgaudit.log_statement is off: statements are not written")
    if values.get("pgaudit.log_statement_once", "off") == "on":
        found.append("pgaudit.log_statement_once is on: later lines of a statement do not name it")
    return found
