"""What PostgreSQL's catalogs tell about a table: who may read it, and where copies may lie. SQL and values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kulla.registers.manifest import Copy, CopyKind


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a table or view as the source declares it.

    Attributes:
        type: as PostgreSQL writes it, such as numeric(12,2).
        key: its place in the primary key, from 1; 0 when it is no part of it.
        generated: whether the server computes it.
    """

    name: str
    type: str
    nullable: bool
    key: int = 0
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that can read a table.

    Attributes:
        login: whether one can log in as it.
        means: how it can: superuser, owner, grant, columns (some columns only), read_all_data, replication (takes a
            whole base backup), server_files, server_program.
        through: the roles whose rights it has by membership; empty when the right is its own.
    """

    role: str
    login: bool
    means: tuple[str, ...]
    through: tuple[str, ...] = ()


COLUMNS: Final = """
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0), a.attgenerated <> ''
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
# An int2vector counts from 0 and its cast to an array keeps that; hence + 1.

READERS: Final = """
WITH known AS (
    SELECT r.oid, r.rolname, r.rolcanlogin,
           r.rolsuper AS superuser,
           c.relowner = r.oid AS owner,
           has_table_privilege(r.oid, c.oid, 'SELECT') AS may_read,
           has_any_column_privilege(r.oid, c.oid, 'SELECT') AS may_read_columns,
           r.rolreplication AS replication
    FROM pg_catalog.pg_roles r, pg_catalog.pg_class c
    WHERE c.oid = %(table)s
)
SELECT k.rolname, k.rolcanlogin,
    array_remove(ARRAY[
        CASE WHEN k.superuser THEN 'superuser' END,
        CASE WHEN k.owner THEN 'owner' END,
        CASE WHEN k.may_read AND NOT k.superuser AND NOT k.owner THEN 'grant' END,
        CASE WHEN k.may_read_columns AND NOT k.may_read THEN 'columns' END,
        CASE WHEN NOT k.superuser AND pg_has_role(k.oid, 'pg_read_all_data', 'MEMBER') THEN 'read_all_data' END,
        CASE WHEN k.replication THEN 'replication' END,
        CASE WHEN NOT k.superuser AND pg_has_role(k.oid, 'pg_read_server_files', 'MEMBER') THEN 'server_files' END,
        CASE WHEN NOT k.superuser AND pg_has_role(k.oid, 'pg_execute_server_program', 'MEMBER')
             THEN 'server_program' END
    ], NULL) AS means,
    ARRAY(SELECT o.rolname::text FROM known o
          WHERE o.oid <> k.oid AND NOT k.superuser AND pg_has_role(k.oid, o.oid, 'MEMBER')
            AND (o.superuser OR o.owner OR o.may_read OR o.may_read_columns) ORDER BY 1) AS through
FROM known k
WHERE k.rolname !~ '^pg_'
  AND (k.superuser OR k.owner OR k.may_read OR k.may_read_columns OR k.replication
       OR pg_has_role(k.oid, 'pg_read_all_data', 'MEMBER') OR pg_has_role(k.oid, 'pg_read_server_files', 'MEMBER')
       OR pg_has_role(k.oid, 'pg_execute_server_program', 'MEMBER')
       OR EXISTS (SELECT FROM known o WHERE o.oid <> k.oid AND pg_has_role(k.oid, o.oid, 'MEMBER')
                  AND (o.superuser OR o.owner OR o.may_read)))
ORDER BY k.rolname
"""

REPLICAS: Final = """
SELECT coalesce(application_name, ''), coalesce(host(client_addr), 'the same machine'), coalesce(usename, ''),
       coalesce(state, 'hidden: the agent''s role needs pg_monitor')
FROM pg_catalog.pg_stat_replication ORDER BY 1, 2
"""
SLOTS: Final = """
SELECT slot_name, slot_type, coalesce(plugin, ''), active, coalesce(database, '')
FROM pg_catalog.pg_replication_slots WHERE NOT temporary ORDER BY 1
"""
PUBLICATIONS: Final = """
SELECT p.pubname FROM pg_catalog.pg_publication p
WHERE p.puballtables OR EXISTS (
    SELECT FROM pg_catalog.pg_publication_tables t, pg_catalog.pg_class c, pg_catalog.pg_namespace n
    WHERE t.pubname = p.pubname AND c.oid = %s AND n.oid = c.relnamespace
      AND t.schemaname = n.nspname AND t.tablename = c.relname)
ORDER BY 1
"""
SUBSCRIPTIONS: Final = """
SELECT subname, subenabled FROM pg_catalog.pg_subscription
WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) ORDER BY 1
"""
FOREIGN_SERVERS: Final = """
SELECT s.srvname, w.fdwname,
       coalesce((SELECT substr(o, 6) FROM unnest(s.srvoptions) o WHERE o LIKE 'host=%%' LIMIT 1), '')
FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw ORDER BY 1
"""
DERIVED: Final = """
SELECT DISTINCT n.nspname || '.' || v.relname
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = v.relnamespace
WHERE d.refobjid = %s AND d.refclassid = 'pg_catalog.pg_class'::regclass AND v.relkind = 'm'
ORDER BY 1
"""
ARCHIVE: Final = """
SELECT current_setting('archive_mode'), (SELECT archived_count FROM pg_catalog.pg_stat_archiver)
"""


def replica(application: str, address: str, user: str, state: str) -> Copy:
    """A connection that follows the server's changes."""
    return _copy(f"replica {application or user}", "replica", address, (user,) if user else (), f"replication: {state}")


def slot(name: str, kind: str, plugin: str, active: bool, database: str) -> Copy:
    """A replication slot: someone has followed the changes, or does."""
    what = f"{kind} replication slot{f' ({plugin})' if plugin else ''}, {'active' if active else 'not active now'}"
    return _copy(f"slot {name}", "replica", database, (), what)


def publication(name: str) -> Copy:
    """A publication that the table is part of."""
    return _copy(f"publication {name}", "replica", "", (), "subscribers elsewhere may hold a copy")


def subscription(name: str, enabled: bool) -> Copy:
    """A subscription of this database: what it follows may be the original of what is here."""
    state = "enabled" if enabled else "disabled"
    return _copy(f"subscription {name}", "other", "", (), f"this database follows another one ({state})")


def foreign_server(name: str, wrapper: str, host: str) -> Copy:
    """A server that this database can read from and write to."""
    return _copy(f"foreign server {name}", "other", host, (), f"{wrapper}: rows may flow there from here")


def derived(name: str) -> Copy:
    """A materialised view over the table: a copy within the database."""
    return _copy(f"materialised view {name}", "other", name, (), "a stored copy; it has grants of its own")


def archive(archived: int) -> Copy:
    """The archive of the write-ahead log."""
    return _copy("write-ahead log archive", "backup", "", (), f"archive_mode is on; {archived} segments archived")


def _copy(name: str, kind: CopyKind, place: str, reachable_by: tuple[str, ...], note: str) -> Copy:
    return Copy(name=name, kind=kind, place=place, reachable_by=reachable_by, note=note)
