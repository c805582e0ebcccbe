"""A trigger-kept history in PostgreSQL: the SQL that keeps it, and the SQL that reads it. Text only.

Each change of the table leaves a line in kulla_history: which row was, which row is, and the transaction. When it was
committed is asked for later (`pg_xact_commit_timestamp`), since a trigger cannot know: now() is the transaction's start
and wrong by its length. Rows are kept as jsonb, so that a column added or dropped breaks neither the trigger nor the
application that writes. The function belongs to whoever applies it and runs with a fixed search path; only the agent's
role may read what it leaves.
"""

# ruff: noqa: S608 - this file is SQL; every name and text in it goes through quoted() and literal().
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from kulla.errors import ConfigError
from kulla.registers.connect.catalog import SourceColumn
from kulla.registers.connect.pgtypes import arrow_type, bounded, is_text

SCHEMA: Final = "kulla_history"
_MOST = 40
"""PostgreSQL cuts names at 63 bytes; ours have a head and a tail."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A table whose changes are kept.

    Attributes:
        register: the register's name.
        table: schema and name, as the catalogs have them.
        key: the columns that tell rows apart.
        left_out: columns that are not declared in the manifest, whose values are not kept.
    """

    register: str
    table: tuple[str, str]
    key: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def log(self) -> str:
        """The quoted name of the table of changes."""
        return f"{SCHEMA}.{quoted('changes_' + self._short)}"

    @property
    def function(self) -> str:
        """The quoted name of the trigger's function."""
        return f"{SCHEMA}.{quoted('note_' + self._short)}"

    @property
    def source(self) -> str:
        """The quoted name of the register's table."""
        return f"{quoted(self.table[0])}.{quoted(self.table[1])}"

    @property
    def triggers(self) -> tuple[str, str]:
        """The names of both triggers: of rows, and of TRUNCATE."""
        return f"kulla_note_{self._short}", f"kulla_note_{self._short}_all"

    @property
    def _short(self) -> str:
        if len(self.register.encode()) > _MOST:
            raise ConfigError(f"register {self.register}: its name is too long for triggers; use {_MOST} bytes at most")
        return self.register


def quoted(name: str) -> str:
    """A name as SQL quotes it.

    >>> quoted('odd "name" here')
    '"odd ""name"" here"'
    """
    return '"' + name.replace("\0", "").replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it, whatever standard_conforming_strings says.

    >>> literal("it's"), literal("a" + chr(92))
    ("'it''s'", "E'a\\\\\\\\'")
    """
    plain = text.replace("\0", "").replace("'", "''")
    return "E'" + plain.replace("\\", "\\\\") + "'" if "\\" in plain else f"'{plain}'"


def body(text: str) -> str:
    """A function's or block's body between dollar signs that do not occur in it, whatever names it holds.

    >>> body("BEGIN END"), body("$kulla$")
    ('$kulla$BEGIN END$kulla$', '$kulla1$$kulla$$kulla1$')
    """
    tag, number = "$kulla$", 0
    while tag in text:
        number += 1
        tag = f"$kulla{number}$"
    return f"{tag}{text}{tag}"


def _texts(values: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(literal, values))}]::text[]"


def apply_sql(kept: Kept, agent: str) -> str:
    """What keeps the history from now on; running it again changes nothing that is there.

    agent: the role that may read (and, once taken, delete) the lines; it must exist.
    """
    return f"""BEGIN;
{_log_sql(kept)}{_function_sql(kept)}{_triggers_sql(kept)}GRANT USAGE ON SCHEMA {SCHEMA} TO {quoted(agent)};
GRANT SELECT, DELETE ON {kept.log} TO {quoted(agent)};
COMMIT;
"""


def _log_sql(kept: Kept) -> str:
    ours = f"""
BEGIN
    IF NOT (SELECT pg_catalog.pg_has_role(nspowner, 'USAGE')
            FROM pg_catalog.pg_namespace WHERE nspname = '{SCHEMA}') THEN
        RAISE EXCEPTION 'schema {SCHEMA} belongs to another role: it could read or change what is kept';
    END IF;
END
"""
    return f"""CREATE SCHEMA IF NOT EXISTS {SCHEMA};
DO {body(ours)};
REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC;
CREATE TABLE IF NOT EXISTS {kept.log} (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    noted timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    op text NOT NULL,
    was jsonb,
    now jsonb
);
CREATE INDEX IF NOT EXISTS {quoted("changes_" + kept.register + "_xid")} ON {kept.log} (xid);
REVOKE ALL ON {kept.log} FROM PUBLIC;
"""


def _function_sql(kept: Kept) -> str:
    fields = ", ".join(f"old_row -> {literal(name)}" for name in kept.key)
    undeclared = f" - {_texts(kept.left_out)}" if kept.left_out else ""
    lines = f"""
DECLARE
    old_row jsonb;
    new_row jsonb;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO {kept.log} (op) VALUES ('T');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD){undeclared};
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW){undeclared};
    END IF;
    IF TG_OP = 'UPDATE' AND old_row = new_row THEN
        RETURN NULL;
    END IF;
    INSERT INTO {kept.log} (op, was, now) VALUES (
        left(TG_OP, 1), CASE WHEN old_row IS NOT NULL THEN jsonb_build_array({fields}) END, new_row);
    RETURN NULL;
END
"""
    return f"""CREATE OR REPLACE FUNCTION {kept.function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS {body(lines)};
REVOKE ALL ON FUNCTION {kept.function}() FROM PUBLIC;
"""


def _triggers_sql(kept: Kept) -> str:
    """Made once and always firing; touched again only when not so, since a touch looks like a pause."""
    kinds = ("INSERT OR UPDATE OR DELETE", "FOR EACH ROW"), ("TRUNCATE", "FOR EACH STATEMENT")
    parts = []
    for name, (events, level) in zip(kept.triggers, kinds, strict=True):
        there = (f"SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = {literal(kept.source)}::regclass "
                 f"AND tgname = {literal(name)}")  # fmt: skip
        parts.append(f"""    IF NOT EXISTS ({there}) THEN
        CREATE TRIGGER {quoted(name)} AFTER {events} ON {kept.source}
            {level} EXECUTE FUNCTION {kept.function}();
    END IF;
    IF NOT EXISTS ({there} AND tgenabled = 'A') THEN
        ALTER TABLE {kept.source} ENABLE ALWAYS TRIGGER {quoted(name)};
    END IF;
""")
    return "DO " + body("\nBEGIN\n" + "".join(parts) + "END\n") + ";\n"


def remove_sql(kept: Kept) -> str:
    """What takes it all away again, the lines included; the schema too when nothing else is in it."""
    rows, all_rows = map(quoted, kept.triggers)
    last = f"""
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace('{SCHEMA}'))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = to_regnamespace('{SCHEMA}')) THEN
        DROP SCHEMA IF EXISTS {SCHEMA};
    END IF;
END
"""
    return f"""BEGIN;
DROP TRIGGER IF EXISTS {rows} ON {kept.source};
DROP TRIGGER IF EXISTS {all_rows} ON {kept.source};
DROP FUNCTION IF EXISTS {kept.function}();
DROP TABLE IF EXISTS {kept.log};
DO {body(last)};
COMMIT;
"""


def readable_sql(kept: Kept) -> str:
    """Whether the table of changes is there and may be read: one row, true or false."""
    return f"SELECT coalesce(has_table_privilege(to_regclass({literal(kept.log)}), 'SELECT'), false) AS there"


def state_sql(kept: Kept) -> str:
    """The moment, the snapshot, the server and both triggers, in one row.

    `triggers` names each trigger with its row's transaction, which changes when one is disabled and enabled again;
    `enabled` is whether both fire always.
    """
    names = ", ".join(map(literal, kept.triggers))
    return f"""
SELECT clock_timestamp() AS at, pg_current_snapshot()::text AS snapshot,
    (SELECT system_identifier FROM pg_control_system())::text || '/'
        || (SELECT timeline_id FROM pg_control_checkpoint()) AS server,
    current_setting('track_commit_timestamp') AS commit_times,
    (SELECT coalesce(string_agg(tgname || ':' || xmin::text || ':' || oid::text, ' ' ORDER BY tgname), '')
        FROM pg_catalog.pg_trigger
        WHERE tgrelid = to_regclass({literal(kept.source)}) AND tgname IN ({names})) AS triggers,
    (SELECT count(*) FILTER (WHERE tgenabled = 'A') = 2 FROM pg_catalog.pg_trigger
        WHERE tgrelid = to_regclass({literal(kept.source)}) AND tgname IN ({names})) AS enabled
"""


def untaken_sql(snapshot: str) -> str:
    """The condition on the lines (alias c) that `snapshot` did not show; all of them without one."""
    if not snapshot:
        return "true"
    given = f"{literal(snapshot)}::pg_snapshot"
    return f"c.xid >= pg_snapshot_xmin({given}) AND NOT pg_visible_in_snapshot(c.xid, {given})"


def count_sql(kept: Kept, snapshot: str) -> str:
    """How many lines `snapshot` did not show."""
    return f"SELECT count(*) AS lines FROM {kept.log} c WHERE {untaken_sql(snapshot)}"


def changes_sql(kept: Kept, columns: Sequence[SourceColumn], snapshot: str, commit_times: bool) -> str:
    """The lines not yet taken, in order: seq, xid, op, committed, noted, was_0 … (key), now_0 … (columns), all text."""
    committed = "pg_xact_commit_timestamp(c.xid::xid)" if commit_times else "NULL::timestamptz"
    was = [f"c.was ->> {n} AS was_{n}" for n in range(len(kept.key))]
    now = [f"c.now ->> {literal(each.name)} AS now_{n}" for n, each in enumerate(columns)]
    fields = ", ".join([*was, *now])
    return (
        f"SELECT c.seq, c.xid::text::bigint AS xid, c.op, {committed} AS committed, c.noted, {fields} "
        f"FROM {kept.log} c WHERE {untaken_sql(snapshot)} ORDER BY c.seq"
    )


def baseline_sql(kept: Kept, columns: Sequence[SourceColumn], commit_times: bool) -> str:
    """All rows of the table with `committed`: when the row was last written, null where that is no longer known."""
    cells = [f"{_cell(each)} AS {quoted(each.name)}" for each in columns]
    committed = "pg_xact_commit_timestamp(t.xmin)" if commit_times else "NULL::timestamptz"
    return f"SELECT {', '.join([*cells, committed + ' AS kulla_committed'])} FROM {kept.source} t"


def rows_sql(table: tuple[str, str], columns: Sequence[SourceColumn]) -> str:
    """All rows of a table or view (schema, name), spelled as the triggers' lines are."""
    cells = [f"{_cell(each)} AS {quoted(each.name)}" for each in columns]
    return f"SELECT {', '.join(cells)} FROM {quoted(table[0])}.{quoted(table[1])} t"


def _cell(column: SourceColumn) -> str:
    """A value as the trigger's lines show it too: arrays, ranges and the like in jsonb's spelling."""
    name = "t." + quoted(column.name)
    if is_text(column.type) or not pa.types.is_string(arrow_type(column.type)):
        return bounded(name, column.type)
    return f"(to_jsonb({name}) #>> '{{}}')"


def prune_sql(kept: Kept, snapshot: str) -> str:
    """Delete the lines that `snapshot` showed: they are taken."""
    return f"DELETE FROM {kept.log} c WHERE pg_visible_in_snapshot(c.xid, {literal(snapshot)}::pg_snapshot)"


def duplicates_sql(kept: Kept) -> str:
    """One row when two rows of the table have one key, none otherwise."""
    names = ", ".join(map(quoted, kept.key))
    return f"SELECT 1 AS found FROM {kept.source} GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
