"""What the commands of a register's history do: print, apply, remove and take what triggers keep; read snapshots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from kulla.errors import ConfigError, UsageError
from kulla.registers.connect import postgres, triggers
from kulla.registers.connect.triggers import Kept
from kulla.registers.desk import historytriggers
from kulla.registers.desk.historyfiles import take_files
from kulla.registers.desk.historysteps import Taken, difference_step, schema_of, source_fields, source_types
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.folder import RegisterFolder
from kulla.registers.history import Gap
from kulla.registers.historystate import HistoryState
from kulla.registers.manifest import Manifest

APPLICATION = "kulla-history"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a register's history stands: `at`, up to when it is known; None before the first step."""

    kind: str
    at: datetime | None
    files: int
    gaps: tuple[Gap, ...]


def apply_text(folder: RegisterFolder, connect: str | None, agent: str | None) -> str:
    """The SQL that keeps the history by triggers, for the register's table as it is now."""
    manifest = _live(folder)
    with postgres.connect(connect or manifest.connection, read_only=True, application=APPLICATION) as connection:
        return triggers.apply_sql(kept_table(manifest, connection), _agent(manifest, agent))


def remove_text(folder: RegisterFolder, connect: str | None) -> str:
    """The SQL that takes the triggers and what they kept away."""
    manifest = _live(folder)
    with postgres.connect(connect or manifest.connection, read_only=True, application=APPLICATION) as connection:
        return triggers.remove_sql(kept_table(manifest, connection))


def apply(folder: RegisterFolder, connect: str | None, agent: str | None) -> None:
    """Keep the history by triggers from now on, and say so in the manifest. Running it again does no harm.

    Raises ConfigError when the manifest's key does not tell rows apart.
    """
    manifest = _live(folder)
    with postgres.connect(connect or manifest.connection, application=APPLICATION) as connection:
        kept = kept_table(manifest, connection)
        if postgres.query(connection, triggers.duplicates_sql(kept)).num_rows:
            raise ConfigError(f"register {manifest.name}: two rows have one key ({', '.join(kept.key)}); name more "
                              "columns as its entry in the manifest, or keep the history by snapshots")  # fmt: skip
        connection.commit()
        connection.autocommit = True
        postgres.execute(connection, triggers.apply_sql(kept, _agent(manifest, agent)))
    if manifest.history != "trigger":
        folder.write(replace(manifest, history="trigger"))


def remove(folder: RegisterFolder, connect: str | None, force: bool = False) -> None:
    """Take the triggers and what they kept away. Raises UsageError while lines are not yet taken, unless `force`."""
    manifest = _live(folder)
    state = HistoryStore(folder).load()
    with postgres.connect(connect or manifest.connection, application=APPLICATION) as connection:
        kept = kept_table(manifest, connection)
        waiting = _waiting(connection, kept, state.snapshot if state else "")
        if waiting and not force:
            raise UsageError(f"{waiting} kept changes are not yet taken: kulla register history take {manifest.name} "
                             "first, or --force to lose them")  # fmt: skip
        connection.commit()
        connection.autocommit = True
        postgres.execute(connection, triggers.remove_sql(kept))
    if manifest.history == "trigger":
        folder.write(replace(manifest, history="none"))


def take(folder: RegisterFolder, now: datetime, connect: str | None = None, prune: bool = False) -> Taken:
    """Take what is new, in the way that the manifest's `history` names.

    now: this machine's clock, for versions from files; a database's own clock counts for what is read from it.
    prune: delete the lines of triggers that are taken. Raises ConfigError when no way is named.
    """
    manifest = folder.read()
    if manifest.history == "snapshots":
        return snapshot(folder, connect)
    if manifest.history == "versions":
        return take_files(folder, HistoryStore(folder), manifest, now)
    if manifest.history != "trigger":
        raise ConfigError(f"register {manifest.name}: its manifest names no history to take; apply triggers "
                          "(kulla register history apply) or set history to snapshots or versions")  # fmt: skip
    dsn, store = connect or manifest.connection, HistoryStore(folder)
    with postgres.connect(dsn, read_only=True, application=APPLICATION) as connection:
        kept = kept_table(manifest, connection)
        taken = historytriggers.take(store, manifest, kept, connection)
    if prune and (state := store.load()) is not None:
        with postgres.connect(dsn, application=APPLICATION) as connection:
            postgres.execute(connection, triggers.prune_sql(kept, state.snapshot))
    return taken


def snapshot(folder: RegisterFolder, connect: str | None = None) -> Taken:
    """Read the whole table or view in one transaction, and keep how it differs from the last read."""
    manifest, store = _live(folder), HistoryStore(folder)
    with postgres.connect(connect or manifest.connection, read_only=True, application=APPLICATION) as connection:
        # The first statement fixes what the transaction sees: its moment is the snapshot's.
        at = postgres.server_time(connection)
        there = postgres.columns(connection, manifest.table)
        with store.alone():
            state = store.resume()
            types, notes = source_types(manifest, there, state.columns if state else {})
            schema = schema_of(types)
            present = [each for each in there if each.name in types]
            table = postgres.relation(connection, manifest.table)[:2]
            select = triggers.rows_sql(table, present)
            rows = postgres.stream(connection, select, pa.schema(source_fields(present)))
            new = HistoryState("snapshots", at=at, columns=types)
            _, taken = difference_step(store, state, new, schema, rows)
    if manifest.history == "none":
        folder.write(replace(manifest, history="snapshots"))
    return replace(taken, notes=notes)


def standing(folder: RegisterFolder) -> Standing:
    """Where the history stands, from the folder alone."""
    store = HistoryStore(folder)
    state = store.load()
    files = len(store.files())
    return Standing(state.kind, state.at, files, state.gaps) if state else Standing("none", None, files, ())


def kept_table(manifest: Manifest, connection: postgres.Connection) -> Kept:
    """The register's table as triggers see it. Raises ConfigError when it is a view, InputError when it is missing."""
    schema, name, kind = postgres.relation(connection, manifest.table)
    if kind not in ("r", "p"):
        raise ConfigError(f"register {manifest.name}: {manifest.table} is no table: triggers cannot keep the history "
                          "of a view; keep it by snapshots")  # fmt: skip
    declared = {each.name for each in manifest.columns}
    left_out = tuple(c.name for c in postgres.columns(connection, manifest.table) if c.name not in declared)
    return Kept(manifest.name, (schema, name), (*manifest.record, *manifest.entry), left_out)


def _live(folder: RegisterFolder) -> Manifest:
    manifest = folder.read()
    if manifest.source != "postgresql":
        raise ConfigError(f"register {manifest.name}: its source is files; take its versions with history = versions")
    return manifest


def _agent(manifest: Manifest, agent: str | None) -> str:
    role = agent or postgres.user_of(manifest.connection)
    if not role:
        raise UsageError("--agent ROLE: name the role that may read what the triggers keep")
    return role


def _waiting(connection: postgres.Connection, kept: Kept, snapshot: str) -> int:
    if not postgres.query(connection, triggers.readable_sql(kept)).column(0)[0].as_py():
        return 0
    return int(postgres.query(connection, triggers.count_sql(kept, snapshot)).column(0)[0].as_py())
