"""Reconstruct a register's history from dated backups, dumps and the dates that its rows hold."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, cast
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import InputError, UsageError
from kulla.registers.connect.dumps import LONGEST, DumpReport, dump_batches
from kulla.registers.desk.historyfiles import table_batches
from kulla.registers.desk.historysteps import Taken, spooled
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.folder import RegisterFolder
from kulla.registers.history import Gap, Hashes, merged, row_hashes, version_schema
from kulla.registers.historystate import HistoryState
from kulla.registers.manifest import Manifest
from kulla.registers.reconstruct import MOST_COPIES, NONE, Dates, Ints, day_bounds, presence, versions
from kulla.registers.schema import TIME, VALID_TO

BETWEEN = "between two copies: a change that was undone between them is unseen"


@dataclass(frozen=True, slots=True)
class Backup:
    """A full copy of the register: its file and the moment whose state it holds (of a dump: when it was begun)."""

    path: Path
    at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the owner vouches for.

    Attributes:
        continuous: copies at most so far apart count as continuous: a row equal in both did not change between them.
        written: the column that says on which day a row was last written.
        not_before: columns of days before which a row cannot have been there.
    """

    continuous: timedelta = timedelta(0)
    written: str | None = None
    not_before: tuple[str, ...] = ()


def backup_of(text: str, zone: str) -> Backup:
    """A backup as FILE@TIME names it; a time without an offset is in `zone`. Raises UsageError.

    >>> backup_of("old/payroll.csv@2026-01-31T23:00Z", "UTC").at.isoformat()
    '2026-01-31T23:00:00+00:00'
    """
    name, at, moment = text.rpartition("@")
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        found = None
    if not at or not name or found is None:
        raise UsageError(f"--backup {text}: write FILE@TIME, such as payroll.sql@2026-01-31T23:00+01:00")
    aware = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    return Backup(Path(name), aware.astimezone(UTC))


def reconstruct(
    folder: RegisterFolder, backups: Sequence[Backup], evidence: Evidence, replace_old: bool = False
) -> Taken:
    """Write the history that these copies and dates prove.

    Raises UsageError when there is a history already (unless `replace_old`), when two copies have one time, or for a
    column that is not declared; InputError for a copy that cannot be read whole.
    """
    manifest = folder.read()
    ordered = sorted(backups, key=lambda each: each.at)
    _check(manifest, ordered, evidence)
    store = HistoryStore(folder)
    with store.alone():
        before = store.load()
        if (before or store.files()) and not replace_old:
            raise UsageError(f"{folder.history}: holds a history already; --replace to write this one in its place")
        return _Work(store, manifest, ordered, evidence).all()


def _check(manifest: Manifest, backups: Sequence[Backup], evidence: Evidence) -> None:
    if not backups:
        raise UsageError("--backup FILE@TIME: name at least one copy")
    if len(backups) > MOST_COPIES:
        raise UsageError(f"--backup: {MOST_COPIES} copies at most; leave out some of those that lie close together")
    if len({each.at for each in backups}) != len(backups):
        raise UsageError("--backup: two copies have one time")
    declared = {column.name for column in manifest.columns}
    named = (*((evidence.written,) if evidence.written else ()), *evidence.not_before)
    if wrong := [name for name in named if name not in declared]:
        raise UsageError(f"{wrong[0]}: no column of register {manifest.name}")


class _Work:
    """One reconstruction: the copies are read twice, first their hashes, then their rows."""

    def __init__(
        self, store: HistoryStore, manifest: Manifest, backups: Sequence[Backup], evidence: Evidence
    ) -> None:  # fmt: skip
        self._store, self._manifest, self._backups, self._evidence = store, manifest, backups, evidence
        self._names = [column.name for column in manifest.columns]
        self._schema = version_schema(pa.field(name, pa.string()) for name in self._names)
        self._times = [_micros(each.at) for each in backups]
        self._reports = [DumpReport() for _ in backups]
        self._contradictions = 0

    def all(self) -> Taken:
        hashes = [self._hashes(place) for place in range(len(self._backups))]
        masks = presence(hashes)
        spool = self._store.stage("spool", self._schema, self._versions(masks))

        def parts() -> Iterator[tuple[pa.Table, pa.Table]]:
            for batch in spooled(spool):
                table = pa.Table.from_batches([batch])
                lasts = pc.is_null(table.column(VALID_TO))
                yield table.filter(lasts), table.filter(pc.invert(lasts))

        kept, lasting, closed = self._store.stage_step(1, self._schema, parts())
        dropped = [path.name for path in self._store.files() if path.name not in {each.name for each in kept}]
        at, gaps = self._backups[-1].at, self._gaps()
        types = dict.fromkeys(self._names, "text")
        self._store.commit(HistoryState("reconstructed", 1, at, columns=types, gaps=gaps), kept, dropped)
        if spool is not None:
            spool.unlink()
        return Taken("reconstructed", at, lasting + closed, closed, lasting, gaps, self._notes())

    def _hashes(self, place: int) -> Hashes:
        parts = [row_hashes(batch, self._names) for batch in self._batches(place, DumpReport())]
        return np.concatenate(parts) if parts else np.zeros((0, 2), np.uint64)

    def _batches(self, place: int, report: DumpReport) -> Iterator[pa.RecordBatch]:
        return copy_batches(self._backups[place].path, self._manifest, self._names, report)

    def _versions(self, masks: list[Ints]) -> Iterator[pa.Table]:
        continuous = round(self._evidence.continuous / timedelta(microseconds=1))
        for place, mask in enumerate(masks):
            at = 0
            for batch in self._batches(place, self._reports[place]):
                part = mask[at : at + batch.num_rows]
                at += batch.num_rows
                rows = pa.Table.from_batches([batch])
                made, wrong = versions(rows, part, self._dates(rows), self._times, continuous)
                self._contradictions += wrong
                yield made
            if at != len(mask):
                raise InputError(f"{self._backups[place].path}: changed while it was read")

    def _dates(self, rows: pa.Table) -> Dates:
        zone = self._manifest.timezone
        nothing = np.full(len(rows), NONE, np.int64)
        begun, ended = nothing, nothing
        if self._evidence.written:
            first, last = days(rows.column(self._evidence.written))
            begun, ended = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
        least = nothing
        for name in self._evidence.not_before:
            least = np.maximum(least, day_bounds(days(rows.column(name))[0], zone)[0])
        return Dates(begun, ended, least)

    def _gaps(self) -> tuple[Gap, ...]:
        found = [Gap(None, self._backups[0].at, "before the first copy"),
                 Gap(self._backups[-1].at, None, "after the last copy")]  # fmt: skip
        for one, other in zip(self._backups, self._backups[1:], strict=False):
            if other.at - one.at > self._evidence.continuous:
                found.append(Gap(one.at, other.at, BETWEEN))
        return merged(found)

    def _notes(self) -> tuple[str, ...]:
        notes = []
        for backup, report in zip(self._backups, self._reports, strict=True):
            if report.bad_lines:
                notes.append(f"{backup.path.name}: {len(report.bad_lines)} lines that are no rows, the first is line "
                             f"{report.bad_lines[0]}; their rows pass for missing in this copy")  # fmt: skip
        if self._contradictions:
            notes.append(f"{self._contradictions} rows whose dates contradict the copies; their dates were not used")
        return tuple(notes)


def copy_batches(path: Path, manifest: Manifest, names: list[str], report: DumpReport) -> Iterator[pa.RecordBatch]:
    """The rows of one copy as text: .csv, .csv.gz, .parquet; any other file is taken for a plain dump (.gz of one too).

    Columns that a dump lacks are null; a CSV or Parquet file that lacks one (it was added later) likewise.
    """
    if path.name.endswith((".csv", ".csv.gz", ".parquet")):
        yield from table_batches(path, names, manifest.record)
        return
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield from dump_batches(
                _lines(cast("IO[bytes]", file)), manifest.table or manifest.name, names, str(path), report
            )
    except (OSError, EOFError) as error:
        said = error.strerror if isinstance(error, OSError) else None
        raise InputError(f"{path}: {said or 'damaged or cut off'}") from None


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while line := file.readline(LONGEST + 2):
        yield line


def days(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """First and last day of ISO dates, times or months (2026-05); null for what is none of these.

    >>> [each.to_pylist()[0].isoformat() for each in days(pa.chunked_array([["2026-02"]]))]
    ['2026-02-01', '2026-02-28']
    """
    encoded = column.combine_chunks().dictionary_encode()
    bounds = [_day(text) for text in encoded.dictionary.to_pylist()]
    return tuple(pa.array([each[side] for each in bounds], pa.date32()).take(encoded.indices) for side in (0, 1))


def _day(text: str) -> tuple[date | None, date | None]:
    try:
        if len(text) == 7:
            first = date.fromisoformat(text + "-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        day = datetime.fromisoformat(text).date()
        return (day, day) if date(1, 1, 2) < day < date(9999, 12, 30) else (None, None)
    except (ValueError, OverflowError):
        return None, None


def _micros(moment: datetime) -> int:
    return int(pa.scalar(moment, TIME).cast(pa.int64()).as_py())
