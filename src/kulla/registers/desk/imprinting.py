"""Make and extend a register's imprint from its history. Files in, files out; memory does not grow with the history.

A full imprint reads all versions. An increment reads history files that are new, and of files that grew the versions
that began or ended since the last imprint; it writes one more part. Every change of manifest, key epoch or normaliser
needs a full imprint: an increment refuses to mix.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.registers.desk.describing import describe
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.desk.imprintparts import Mask, compacted, next_part, parts_in, write_part
from kulla.registers.desk.recordmap import only_one, read_map, replaced, write_map
from kulla.registers.folder import RegisterFolder
from kulla.registers.imprint import Plan, RowKeys, imprinted, later_wins, plan, row_keys
from kulla.registers.imprintformat import ImprintInfo, require_same
from kulla.registers.keyfile import KeyFile
from kulla.registers.keys import OwnerKeys, owner_keys
from kulla.registers.manifest import Manifest
from kulla.registers.records import NONE, Numbers, allotted, keys_of
from kulla.registers.schema import KNOWN_FROM, KNOWN_TO, TIME, VALID_FROM, VALID_TO

MOST_PARTS = 16
"""Increments after which the parts are put together."""

WORKERS = 2

_GROUP = 1 << 20

CHUNK = 1 << 17
"""Rows that a worker imprints at a time: fewer cost more (4.2 s of processor for 0.9 M rows at 2^16, 3.6 at 2^18)."""

Result = TypeVar("Result")
_Job = Callable[[], tuple[pa.Table, RowKeys]]


@dataclass(frozen=True, slots=True)
class Imprinted:
    """What one run did. `rows` versions written, `new_records` numbers allotted, `skipped` rows by reason."""

    full: bool
    epoch: int
    rows: int
    new_records: int
    skipped: dict[str, int]
    parts: int


@dataclass(frozen=True, slots=True)
class _State:
    """What the last imprint had seen: per history file its size and time of change; `until`: the last change, µs."""

    files: dict[str, tuple[int, int]]
    until: int


def imprint(folder: RegisterFolder, key: KeyFile, full: bool = False, workers: int = WORKERS) -> Imprinted:
    """Make the register's imprint, or extend it when there is one and `full` is not asked.

    Raises InputError when there is no history, ConfigError when the imprint at hand is of another key, epoch or
    manifest (then a full one is needed), OutputError when it cannot be written or another command is at work.
    """
    manifest = folder.read()
    store = HistoryStore(folder)
    with only_one(folder), store.alone():
        store.load()
        files = history_files(folder, manifest)
        reconstructed = any(KNOWN_FROM in pq.read_schema(path).names and _known(path) for path in files)
        planned = plan(manifest, key.id, key.current, reconstructed, next_part(folder.outbox / "imprint"))
        state = None if full else _state(folder, planned.info)
        run = _Run(folder, manifest, planned, owner_keys(key.secret()), state or _State({}, 0), workers)
        done = run.all(files, full=state is None)
        describe(folder, manifest)
        return done


def history_files(folder: RegisterFolder, manifest: Manifest) -> tuple[Path, ...]:
    """The files of versions, by name. Raises InputError when there are none or a column of the manifest is missing."""
    found = _version_files(folder)
    for path in found:
        names = pq.read_schema(path).names
        missing = [c.name for c in manifest.columns if c.name not in names]
        if missing:
            raise InputError(f"{path}: has no column {missing[0]}; the manifest and the history must agree")
    if not found:
        raise InputError(f"{folder.history}: no versions here; keep the register's history first")
    return found


def _version_files(folder: RegisterFolder) -> tuple[Path, ...]:
    return tuple(p for p in sorted(folder.history.glob("*.parquet")) if VALID_FROM in pq.read_schema(p).names)


def unseen(folder: RegisterFolder) -> int:
    """How many history files are new or have changed since the last imprint."""
    seen = _stored_state(folder)
    return sum(seen is None or _stamp(path) != seen.files.get(path.name) for path in _version_files(folder))


class _Run:
    """One run over the history files, which counts as it goes."""

    def __init__(
        self, folder: RegisterFolder, manifest: Manifest, planned: Plan, keys: OwnerKeys, state: _State, workers: int
    ) -> None:  # fmt: skip
        self._folder, self._manifest, self._plan, self._keys = folder, manifest, planned, keys
        self._seen, self._workers = state, workers
        self._map = read_map(folder)
        self._before = self._map.num_rows
        self._skipped = {"no record key": 0, "no valid_from": 0}
        self._until = state.until
        self._row_keys: list[RowKeys] = []
        self._shuffled = np.random.default_rng(secrets.randbits(128))

    def all(self, files: tuple[Path, ...], full: bool) -> Imprinted:
        place = self._folder.outbox / "imprint"
        old = _paths(place) if full else []
        files_now = {path.name: _stamp(path) for path in files}
        changed = [path for path in files if files_now[path.name] != self._seen.files.get(path.name)]
        written = write_part(place, self._plan.info, self._tables(changed))
        for path in old:
            path.unlink()
        if self._repeated() or len(_paths(place)) > MOST_PARTS:
            compacted(place)
        _write_state(self._folder, _State(files_now, self._until))
        return Imprinted(
            full, self._plan.info.epoch, written.rows if written else 0, self._map.num_rows - self._before,
            {reason: count for reason, count in self._skipped.items() if count}, len(_paths(place)),
        )  # fmt: skip

    def _tables(self, files: Iterable[Path]) -> Iterator[pa.Table]:
        # Two chunks at a time: Arrow, numpy and AES let the interpreter go.
        with ThreadPoolExecutor(self._workers) as pool:
            for table, keys in _ahead(pool, self._jobs(files), self._workers):
                self._row_keys.append(keys)
                yield table

    def _repeated(self) -> bool:
        """Whether a version was written twice: its end stands in a later file of the history than its beginning."""
        return bool(self._row_keys) and not later_wins(np.concatenate(self._row_keys)).all()

    def _jobs(self, files: Iterable[Path]) -> Iterator[_Job]:
        for group in _grouped(files):
            for path, numbers, wanted in self._numbered(group):
                at = 0
                for batch in _batches(path, [*self._plan.reads, *self._times()]):
                    mask = wanted[at : at + batch.num_rows]
                    part = numbers[at : at + batch.num_rows]
                    at += batch.num_rows
                    if mask.any():
                        yield self._job(batch, part, mask)

    def _job(self, batch: pa.Table, numbers: Numbers, mask: Mask) -> _Job:
        def run() -> tuple[pa.Table, RowKeys]:
            rows = batch if mask.all() else batch.filter(pa.array(mask))
            made = imprinted(rows, numbers[mask], self._plan, self._keys)
            return made, row_keys(made)

        return run

    def _times(self) -> tuple[str, ...]:
        return (VALID_FROM, VALID_TO, *((KNOWN_FROM, KNOWN_TO) if self._plan.info.reconstructed else ()))

    def _numbered(self, group: list[Path]) -> list[tuple[Path, Numbers, Mask]]:
        """For each file the record numbers of its rows, and which rows count. The map is written before any is used."""
        record = self._manifest.record
        masks = [self._wanted(path) for path in group]
        keys = [keys_of(pq.read_table(path, columns=list(record)), record) for path in group]
        nothing = pa.scalar(None, pa.string())
        chosen = [pc.if_else(pa.array(mask), each, nothing) for mask, each in zip(masks, keys, strict=True)]
        known, numbers = allotted(self._map, pa.concat_arrays(chosen), self._shuffled)
        if known.num_rows > self._map.num_rows:
            write_map(self._folder, known)
            self._map = known
        del keys, chosen
        pa.default_memory_pool().release_unused()
        apart = np.split(numbers, np.cumsum([len(mask) for mask in masks])[:-1])
        self._skipped["no record key"] += sum(int((m & (n == NONE)).sum()) for m, n in zip(masks, apart, strict=True))
        return [(path, n, m & (n != NONE)) for path, n, m in zip(group, apart, masks, strict=True)]

    def _wanted(self, path: Path) -> Mask:
        """Which rows of a file have a beginning and, if it was seen before, began or ended since."""
        times = pq.read_table(path, columns=[VALID_FROM, VALID_TO])
        begun, ended = (times.column(name).cast(TIME).cast(pa.int64()) for name in (VALID_FROM, VALID_TO))
        wanted = np.array(pc.is_valid(begun))
        self._skipped["no valid_from"] += int((~wanted).sum())
        if path.name in self._seen.files:
            since = pa.scalar(self._seen.until, pa.int64())
            newer = pc.or_(pc.greater_equal(begun, since), pc.fill_null(pc.greater_equal(ended, since), False))
            wanted &= np.array(pc.fill_null(newer, False))
        self._until = max(self._until, pc.max(begun).as_py() or 0, pc.max(ended).as_py() or 0)
        return wanted


def _grouped(files: Iterable[Path]) -> Iterator[list[Path]]:
    """Small files together: each look into a map of 3 M records takes 0.3 s, and there may be a file for each night."""
    group: list[Path] = []
    rows = 0
    for path in files:
        group.append(path)
        rows += pq.read_metadata(path).num_rows
        if rows >= _GROUP:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _ahead(pool: ThreadPoolExecutor, jobs: Iterable[Callable[[], Result]], depth: int) -> Iterator[Result]:
    """Results of jobs in their order, at most `depth` of them begun and not yet taken."""
    waiting: deque[Future[Result]] = deque()
    for job in jobs:
        waiting.append(pool.submit(job))
        if len(waiting) >= depth:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _batches(path: Path, names: list[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        there = set(file.schema_arrow.names)
        for batch in file.iter_batches(CHUNK, columns=[name for name in names if name in there]):
            table = pa.Table.from_batches([batch])
            for name in (VALID_FROM, VALID_TO, KNOWN_FROM, KNOWN_TO):
                if name in names:
                    column = table.column(name).cast(TIME) if name in there else pa.nulls(len(table), TIME)
                    table = table.drop_columns([name] if name in there else []).append_column(name, column)
            yield table


def _known(path: Path) -> bool:
    column = pq.read_table(path, columns=[KNOWN_FROM]).column(0)
    return bool(column.null_count < len(column))


def _paths(place: Path) -> list[Path]:
    return sorted(place.glob("part-*.parquet"))


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _state_file(folder: RegisterFolder) -> Path:
    return folder.state / "imprint.json"


def _state(folder: RegisterFolder, info: ImprintInfo) -> _State | None:
    """What the last imprint had seen; None when there is none to extend. Raises ConfigError when it is another."""
    place = folder.outbox / "imprint"
    parts = parts_in(place)
    if not parts:
        return None
    require_same(parts[0].info, replace(info, part=parts[0].info.part), str(place))
    return _stored_state(folder)


def _stored_state(folder: RegisterFolder) -> _State | None:
    try:
        plain = orjson.loads(_state_file(folder).read_bytes())
        return _State({name: (size, time) for name, (size, time) in plain["files"].items()}, int(plain["until"]))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


def _write_state(folder: RegisterFolder, state: _State) -> None:
    with replaced(_state_file(folder)) as waiting:
        waiting.write_bytes(orjson.dumps({"files": state.files, "until": state.until}))
