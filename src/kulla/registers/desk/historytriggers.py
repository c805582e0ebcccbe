"""Take what the triggers kept: the lines not yet taken become versions in commit time.

All is read in one transaction at one snapshot of PostgreSQL, and the snapshot is remembered: the next take reads
exactly the transactions that this one could not see, however long they ran. Where the triggers cannot vouch (the first
take, a pause, a schema change, another server) the whole table is compared as between two snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import ConfigError
from kulla.registers.connect import postgres, triggers
from kulla.registers.connect.catalog import SourceColumn
from kulla.registers.connect.triggers import Kept
from kulla.registers.desk.historychanges import LineChanges, line_schema
from kulla.registers.desk.historysteps import NIGHTLY, Taken, difference_step, schema_of, source_fields, source_types
from kulla.registers.desk.historystore import OPEN, HistoryStore, widened
from kulla.registers.history import BEGINNING, Gap, merged, with_times
from kulla.registers.historystate import HistoryState
from kulla.registers.manifest import Manifest
from kulla.registers.schema import TIME


@dataclass(frozen=True, slots=True)
class _Moment:
    """The server at the moment of the take."""

    at: datetime
    snapshot: str
    server: str
    triggers: str
    enabled: bool
    commit_times: bool


def take(store: HistoryStore, manifest: Manifest, kept: Kept, connection: postgres.Connection) -> Taken:
    """Take what is new. The connection must be read-only, which gives it one snapshot.

    Raises ConfigError when the history was not applied or the manifest's key does not tell rows apart.
    """
    now = _moment(kept, connection)
    there = {each.name: each for each in postgres.columns(connection, manifest.table)}
    with store.alone():
        state = store.resume()
        types, notes = source_types(manifest, list(there.values()), state.columns if state else {})
        present = [there[name] for name in types if name in there]
        step = _Take(store, manifest, kept, connection, now, types, present)
        return step.run(state, notes)


class _Take:
    def __init__(
        self, store: HistoryStore, manifest: Manifest, kept: Kept, connection: postgres.Connection, now: _Moment,
        types: dict[str, str], present: list[SourceColumn],
    ) -> None:  # fmt: skip
        self._store, self._manifest, self._kept, self._connection = store, manifest, kept, connection
        self._now, self._types, self._present = now, types, present
        self._schema = schema_of(types)
        self._key = (*manifest.record, *manifest.entry)

    def run(self, state: HistoryState | None, notes: tuple[str, ...]) -> Taken:
        now = self._now
        if state is None or state.kind != "trigger" or state.server != now.server:
            return self._whole(state, _gaps(state, now), notes)
        doubt = _doubt(state, now)
        unsure = state.unsure_from
        if doubt or notes or state.triggers != now.triggers:
            unsure = unsure or state.at
        state, done = self._changes(replace(state, unsure_from=unsure), doubt)
        if unsure is None:
            return replace(done, notes=(*done.notes, *notes))
        # Triggers vouch for what did not change, unless they were in doubt.
        continuous = timedelta(0) if doubt else timedelta.max
        whole = self._whole(state, (), (*done.notes, *notes), continuous)
        return replace(whole, opened=whole.opened + done.opened, closed=whole.closed + done.closed, gaps=done.gaps)

    def _next(self, **others: Any) -> HistoryState:
        now = self._now
        return HistoryState("trigger", at=now.at, snapshot=now.snapshot, server=now.server, triggers=now.triggers,
                            columns=self._types, **others)  # fmt: skip

    def _whole(
        self, state: HistoryState | None, gaps: tuple[Gap, ...], notes: tuple[str, ...], continuous: timedelta = NIGHTLY
    ) -> Taken:
        """Read the whole table; on the first take rows are dated by the transaction that wrote them."""
        self._require_key()
        select = triggers.baseline_sql(self._kept, self._present, self._now.commit_times)
        fields = [self._schema.field(each.name) for each in self._present]
        source = pa.schema([*source_fields(self._present), pa.field("kulla_committed", TIME)])
        rows = postgres.stream(self._connection, select, source)
        if state is None:
            return self._first(rows, fields, notes)
        state = replace(state, gaps=merged([*state.gaps, *gaps]))
        plain = (each.select(each.schema.names[:-1]) for each in rows)
        _, done = difference_step(self._store, state, self._next(), self._schema, plain, True, continuous)
        return replace(done, gaps=gaps, notes=notes)

    def _first(self, rows: Iterator[pa.RecordBatch], fields: list[pa.Field], notes: tuple[str, ...]) -> Taken:
        at, count, dated = self._now.at, 0, 0

        def versions() -> Iterator[pa.Table]:
            nonlocal count, dated
            for batch in rows:
                committed = batch.column("kulla_committed")
                plain = pa.Table.from_batches([widened(batch, pa.schema(fields))])
                known = pc.if_else(pc.is_valid(committed), pa.scalar(None, TIME), pa.scalar(at, TIME))
                count, dated = count + batch.num_rows, dated + batch.num_rows - committed.null_count
                yield with_times(plain, pc.fill_null(committed, pa.scalar(BEGINNING, TIME)), None, known, None)

        staged = self._store.stage(OPEN, self._schema, versions())
        gap = Gap(None, at, "before the history was kept: only the last writing of each row is known, if that")
        self._store.commit(replace(self._next(), gaps=(gap,)), [staged] if staged else [])
        if dated < count:
            notes = (*notes, f"{count - dated} of {count} rows: when they were written is not known")
        return Taken("trigger", at, count, 0, count, (gap,), notes)

    def _changes(self, state: HistoryState, doubt: str) -> tuple[HistoryState, Taken]:
        select = triggers.changes_sql(self._kept, self._present, state.snapshot, self._now.commit_times)
        lines = postgres.stream(self._connection, select, line_schema(len(self._key), len(self._present)))
        changes = LineChanges(self._store, self._key, self._types, [each.name for each in self._present], self._now.at)
        changes.spool(lines)
        sequence = state.sequence + 1
        staged, lasting, closed = self._store.stage_step(sequence, self._schema, changes.parts())
        gaps = self._new_gaps(state, doubt, changes.unmatched, changes.clock_steps)
        unsure = (state.unsure_from or state.at) if changes.unmatched else state.unsure_from
        new = self._next(unsure_from=unsure, sequence=sequence, gaps=merged([*state.gaps, *gaps]))
        new = self._store.commit(new, [*staged, *self._store.fitted(self._schema)])
        changes.close()
        notes = () if self._now.commit_times else (
            "track_commit_timestamp is off: commits are only bounded; turn it on and restart the server",)  # fmt: skip
        return new, Taken("trigger", self._now.at, changes.opened, closed, lasting, gaps, notes)

    def _new_gaps(self, state: HistoryState, doubt: str, unmatched: int, steps: int) -> tuple[Gap, ...]:
        reasons = [doubt] if doubt else []
        if unmatched:
            reasons.append("changes of rows that were not known: triggers were missing for a time")
        if steps:
            reasons.append("the server's clock stepped back: times are not in order")
        return tuple(Gap(state.at, self._now.at, reason) for reason in reasons)

    def _require_key(self) -> None:
        if postgres.query(self._connection, triggers.duplicates_sql(self._kept)).num_rows:
            raise ConfigError(
                f"register {self._manifest.name}: two rows have one key ({', '.join(self._key)}); name more columns as "
                "its entry in the manifest, or keep the history by snapshots"
            )


def _moment(kept: Kept, connection: postgres.Connection) -> _Moment:
    row = postgres.query(connection, triggers.state_sql(kept)).to_pylist()[0]
    if not postgres.query(connection, triggers.readable_sql(kept)).column(0)[0].as_py():
        raise ConfigError(f"register {kept.register}: no kept history that this role may read; kulla register history "
                          "apply makes it")  # fmt: skip
    if not row["triggers"]:
        raise ConfigError(f"register {kept.register}: its table has no trigger of ours; apply the history again")
    return _Moment(row["at"].astimezone(UTC), row["snapshot"], row["server"], row["triggers"], bool(row["enabled"]),
                   row["commit_times"] == "on")  # fmt: skip


def _gaps(state: HistoryState | None, now: _Moment) -> tuple[Gap, ...]:
    if state is None:
        return ()
    another = state.kind == "trigger" and state.server != now.server
    reason = "another server, or one restored from a backup" if another else "until triggers kept the history"
    return (Gap(state.at, now.at, reason),)


def _doubt(state: HistoryState, now: _Moment) -> str:
    """Why changes may have passed the triggers by since the last take; empty when none could."""
    if not now.enabled:
        return "a trigger is disabled or does not always fire: changes may pass it by; apply the history again"
    if state.triggers and state.triggers != now.triggers:
        return "the triggers were paused or made anew: changes may have passed them by"
    return ""
