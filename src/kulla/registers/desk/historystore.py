"""The history's files in a register's folder: closed versions, lasting ones, and gaps; changed whole or not at all.

    history/versions-000001.parquet …   closed versions, written once
    history/versions-open.parquet       versions that last, replaced at every step
    history/gaps.jsonl                  times for which the history does not vouch
    state/history.json                  where it stands; state/staged/ what is being written

New files are written aside; replacing state/history.json, which names them, is the moment at which a step happens; then
they are moved into place. Whoever comes after a crash completes the moves (`load`), or finds the step undone: no
version is there twice and none is lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError, UsageError
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.history import Gap
from kulla.registers.historystate import HistoryState, gap_lines, read_state, state_text
from kulla.registers.schema import TIME, VALID_FROM, VALID_TO

OPEN = "versions-open.parquet"
GAPS = "gaps.jsonl"
BATCH = 1 << 16


class HistoryStore:
    """The history in one register's folder; it is a `kulla.registers.history.History`."""

    def __init__(self, folder: RegisterFolder) -> None:
        self._folder = folder
        self._state = folder.state / "history.json"
        self._staging = folder.state / "staged"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other command change the history meanwhile. Raises OutputError when one does."""
        with (made(self._folder.state) / "history.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise OutputError(f"{self._folder.path}: another command is at work on its history") from None
            yield

    def load(self) -> HistoryState | None:
        """Where the history stands, after completing what a crash left half done; None before the first step."""
        if not self._state.exists():
            return None
        state = read_state(self._state.read_bytes(), str(self._state))
        return self._completed(state)

    def resume(self) -> HistoryState | None:
        """As `load`. Raises UsageError for versions that no step of ours wrote: they would be told twice."""
        state = self.load()
        if state is None and (strangers := self.files()):
            raise UsageError(f"{strangers[0]}: versions from elsewhere; move them away before the history is kept here")
        return state

    def commit(self, state: HistoryState, staged: Sequence[Path], dropped: Sequence[str] = ()) -> HistoryState:
        """Make one step: the staged files and the new state take effect together."""
        gaps = self._stage(GAPS)
        gaps.write_bytes(gap_lines(state.gaps))
        names = tuple(path.name for path in (*staged, gaps))
        gone = tuple(name for name in dropped if name not in names)
        for path in (*staged, gaps):
            _synced(path)
        state = replace(state, staged=names, dropped=gone)
        self._write_state(state)
        return self._completed(state)

    def _completed(self, state: HistoryState) -> HistoryState:
        if not state.staged and not state.dropped:
            return state
        history = made(self._folder.history)
        for name in state.dropped:
            (history / name).unlink(missing_ok=True)
        for name in state.staged:
            if (self._staging / name).exists():
                (self._staging / name).replace(history / name)
        state = replace(state, staged=(), dropped=())
        self._write_state(state)
        return state

    def _write_state(self, state: HistoryState) -> None:
        waiting = self._state.with_suffix(".new")
        made(self._folder.state)
        waiting.write_bytes(state_text(state))
        _synced(waiting)
        waiting.replace(self._state)

    def _stage(self, name: str) -> Path:
        return made(self._staging) / name

    def stage(self, name: str, schema: pa.Schema, tables: Iterable[pa.Table | pa.RecordBatch]) -> Path | None:
        """Write a file aside, for `commit`; None when there are no rows and it is not the file of lasting versions."""
        with self._writer(name, schema) as writer:
            for table in tables:
                writer.write(table)
        return writer.kept()

    def stage_step(
        self, sequence: int, schema: pa.Schema, parts: Iterable[tuple[pa.Table, pa.Table]]
    ) -> tuple[list[Path], int, int]:
        """Write lasting and closed versions aside, as they come; the files, how many last, how many closed."""
        with (
            self._writer(OPEN, schema) as lasting,
            self._writer(self.closed_name(sequence), schema) as closed,
        ):
            for stays, gone in parts:
                lasting.write(stays)
                closed.write(gone)
        paths = [path for path in (lasting.kept(), closed.kept()) if path is not None]
        return paths, lasting.rows, closed.rows

    @contextlib.contextmanager
    def _writer(self, name: str, schema: pa.Schema) -> Iterator[_Writer]:
        path = self._stage(name)
        try:
            with pq.ParquetWriter(path, schema, compression="zstd") as file:
                yield _Writer(path, schema, file)
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror or 'cannot be written'}") from None

    @staticmethod
    def closed_name(sequence: int) -> str:
        """The name of a file of closed versions."""
        return f"versions-{sequence:06}.parquet"

    def files(self) -> tuple[Path, ...]:
        """The files of versions, by name: those that last come last."""
        return tuple(sorted(self._folder.history.glob("*.parquet")))

    def lasting(self) -> Iterator[pa.RecordBatch]:
        """The versions that last."""
        path = self._folder.history / OPEN
        if path.exists():
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(BATCH)

    def fitted(self, schema: pa.Schema) -> tuple[Path, ...]:
        """Files of closed versions of another schema, staged anew with this one; what was not kept is null."""
        staged = []
        for path in self.files():
            have = {each.name: each.type for each in pq.read_schema(path)}
            if path.name == OPEN or have == {each.name: each.type for each in schema}:
                continue
            with pq.ParquetFile(path) as file:
                done = self.stage(path.name, schema, (widened(each, schema) for each in file.iter_batches(BATCH)))
            if done is not None:
                staged.append(done)
        return tuple(staged)

    def changes(self, since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Versions that began or ended at or after `since`; None: all. Raises InputError for a damaged file."""
        for path in self.files():
            try:
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(BATCH):
                        yield batch if since is None else batch.filter(_touched(batch, since))
            except (pa.ArrowInvalid, OSError):
                raise InputError(f"{path}: not a file of versions, or damaged") from None

    def gaps(self) -> tuple[Gap, ...]:
        """The times for which the history does not vouch."""
        state = self.load()
        return state.gaps if state else ()


class _Writer:
    """A file that is being written aside."""

    def __init__(self, path: Path, schema: pa.Schema, file: pq.ParquetWriter) -> None:
        self._path, self._schema, self._file, self.rows = path, schema, file, 0

    def write(self, table: pa.Table | pa.RecordBatch) -> None:
        whole = table if isinstance(table, pa.Table) else pa.Table.from_batches([table])
        if whole.num_rows:
            self._file.write_table(whole.select(self._schema.names).cast(self._schema))
            self.rows += whole.num_rows

    def kept(self) -> Path | None:
        os.chmod(self._path, 0o600)
        if self.rows or self._path.name == OPEN:
            return self._path
        self._path.unlink()
        return None


def widened(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with the columns of `schema`, in its order and types; those it lacks are null. Raises ArrowInvalid."""
    have = set(batch.schema.names)
    arrays = [
        batch.column(each.name).cast(each.type) if each.name in have else pa.nulls(batch.num_rows, each.type)
        for each in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _touched(batch: pa.RecordBatch, since: datetime) -> pa.Array:
    moment = pa.scalar(since, TIME)
    begun = pc.greater_equal(batch.column(VALID_FROM), moment)
    return pc.or_(begun, pc.fill_null(pc.greater_equal(batch.column(VALID_TO), moment), False))


def _synced(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
