"""From accesses to reads, with files: accesses/*.parquet → outbox/reads/reads-*.parquet and outbox/templates.parquet.

Each part of a file of accesses becomes one file of reads, named after it; state/reads.json remembers which were done.
Parts go to processes that share the register's indexes.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError
from kulla.registers.audit.window import window
from kulla.registers.desk.describing import list_accounts
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.desk.imprinting import history_files
from kulla.registers.desk.recordmap import read_map, replaced
from kulla.registers.folder import OwnerFolder, RegisterFolder, made
from kulla.registers.manifest import Manifest
from kulla.registers.records import keys_of, numbers_of
from kulla.registers.replay.indexes import FOREVER, NEVER, History, Ints
from kulla.registers.replay.readtable import Context
from kulla.registers.replay.remit import Remits
from kulla.registers.replay.resolve import Counts, Replay
from kulla.registers.replay.statement import Declared, Vocabulary
from kulla.registers.replay.templates import Templates
from kulla.registers.schema import ACCESS, GROUPS, STAFF, VERSION_TIMES
from kulla.registers.sealing.index import grades_of

PART = 262_144
"""Accesses that are resolved at once: some 400 MB at the most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. `files`: of reads written; `skipped`: files of accesses done before; `templates`: in all."""

    counts: Counts
    files: int
    skipped: int
    templates: int


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    first: int
    count: int
    out: Path


def resolve(
    owner: OwnerFolder, name: str, anew: bool = False, bytewise: Sequence[str] = (), workers: int = 2,
) -> Outcome:  # fmt: skip
    """Resolve the register's accesses that were not resolved before; with `anew`, all of them.

    Args:
        bytewise: columns whose database collation is C or POSIX, `*` for all.

    Raises: InputError when there are no accesses, history or map; OutputError.
    """
    folder = owner.register(name)
    folder.read()
    files = sorted(folder.accesses.glob("*.parquet"))
    if not files:
        raise InputError(f"{folder.accesses}: no accesses; take logs in first: kulla register accesses {name} LOG")
    done = {} if anew else _done(folder)
    todo = [path for path in files if done.get(path.name) != _stamp(path)]
    parts = [part for path in todo for part in _parts(path, made(folder.outbox / "reads"))]
    replay = replay_of(owner, name, frozenset(bytewise))
    templates = Templates(_templates(folder))
    counts = Counts()
    for found, texts in _run(replay, parts, workers if len(parts) > 1 else 1):
        counts.merge(found)
        templates.merge(texts)
    _write(templates.table(), folder.outbox / "templates.parquet")
    for path in todo:
        _forget(path, parts, folder)
        done[path.name] = _stamp(path)
    _remember(folder, done)
    list_accounts(folder)
    return Outcome(counts, len(parts), len(files) - len(todo), len(templates.table()))


def replay_of(owner: OwnerFolder, name: str, bytewise: frozenset[str] = frozenset()) -> Replay:
    """The replay of one register, whose statements may name the owner's other registers too."""
    manifests = {each: owner.register(each).read() for each in owner.names()}
    folder, manifest = owner.register(name), manifests[name]
    history = history_of(folder, manifest, bytewise)
    for column in (*manifest.record, *manifest.entry, manifest.remit):
        history.index(column)  # now, so that the processes share it

    def histories(other: str) -> History | None:
        if other == name:
            return history
        try:
            return history_of(owner.register(other), manifests[other], bytewise)
        except InputError:
            return None

    remits = remits_of(folder)
    context = Context(_window(manifest.clock_uncertainty), {name: remits} if remits else {}, grades_of(folder))
    gaps = {each: gaps_of(owner.register(each)) for each in manifests}
    return Replay(Vocabulary(tuple(map(declared, manifests.values()))), (name,), histories, context, gaps)


def declared(manifest: Manifest) -> Declared:
    """A register as statements name it: by its table, or where it comes from files by its name."""
    return Declared(manifest.name, manifest.table or manifest.name, tuple(c.name for c in manifest.columns))


def history_of(folder: RegisterFolder, manifest: Manifest, bytewise: frozenset[str] = frozenset()) -> History:
    """The register's versions, numbered by its map. Raises InputError when it has none."""
    names = [column.name for column in manifest.columns]
    tables = []
    for path in history_files(folder, manifest):
        having = [field.name for field in VERSION_TIMES if field.name in pq.read_schema(path).names]
        tables.append(pq.read_table(path, columns=[*names, *having]))
    table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    known = read_map(folder)
    if not len(known):
        raise InputError(f"{folder.map}: no record numbers yet; run kulla register imprint {manifest.name}")
    state = HistoryStore(folder).load()
    numbers = numbers_of(known, keys_of(table, manifest.record))
    return History(table, numbers, manifest, bytewise, state.columns if state else None)


def gaps_of(folder: RegisterFolder) -> list[tuple[int, int]]:
    """The times for which the history does not vouch, and what comes after its last step, in microseconds."""
    state = HistoryStore(folder).load()
    if state is None:
        return []
    gaps = [(_micros(gap.start, NEVER), _micros(gap.end, FOREVER)) for gap in state.gaps]
    return gaps if state.at is None else [*gaps, (_micros(state.at, NEVER), FOREVER)]


def remits_of(folder: RegisterFolder) -> Remits | None:
    """The remits of accounts; None when the staff list or the records' groups are not at hand."""
    staff, groups = folder.context / "staff.parquet", folder.outbox / "groups.parquet"
    if not staff.exists() or not groups.exists():
        return None
    try:
        return Remits(
            pq.read_table(staff, columns=STAFF.names).cast(STAFF), pq.read_table(groups, columns=GROUPS.names)
        )
    except (pa.ArrowException, KeyError) as error:
        raise InputError(
            f"{staff}, {groups}: not as they should be ({type(error).__name__}); write them anew"
        ) from None


def _window(uncertainty: float) -> Callable[[pa.Table], tuple[Ints, Ints]]:
    def told(accesses: pa.Table) -> tuple[Ints, Ints]:
        first, last = window(accesses, uncertainty)
        return np.asarray(first.cast(pa.int64()), np.int64), np.asarray(last.cast(pa.int64()), np.int64)

    return told


def _micros(moment: datetime | None, missing: int) -> int:
    return missing if moment is None else round(moment.timestamp() * 1_000_000)


def _parts(path: Path, out: Path) -> Iterator[_Part]:
    try:
        rows = pq.ParquetFile(path).metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__}); take its logs in anew") from None
    for number, first in enumerate(range(0, max(rows, 1), PART)):
        yield _Part(path, first, PART, out / f"reads-{path.stem}-{number:04}.parquet")


_SHARED: dict[str, Replay] = {}
"""The replay in a forked process: what it was when the process began."""


def _run(replay: Replay, parts: Sequence[_Part], workers: int) -> Iterator[tuple[Counts, Templates]]:
    _SHARED["replay"] = replay
    try:
        if workers == 1:
            yield from map(_resolved, parts)
            return
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _alone) as pool:
            yield from pool.map(_resolved, parts)
    finally:
        _SHARED.clear()


def _alone() -> None:
    """Each process works on one core."""
    pa.set_cpu_count(1)


def _resolved(part: _Part) -> tuple[Counts, Templates]:
    replay = _SHARED["replay"]
    replay.counts = Counts()  # but not its templates: skeletons met before point to them
    accesses = _slice(part)
    _write(replay.reads(accesses), part.out)
    return replay.counts, replay.templates


def _slice(part: _Part) -> pa.Table:
    """The part's accesses; only the row groups that hold them are read."""
    file = pq.ParquetFile(part.path)
    taken: list[pa.Table] = []
    at = 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        first, last = max(part.first - at, 0), min(part.first + part.count - at, rows)
        if first < last:
            taken.append(file.read_row_group(group, columns=ACCESS.names, use_threads=False).slice(first, last - first))
        at += rows
    return pa.concat_tables(taken).unify_dictionaries().cast(ACCESS) if taken else ACCESS.empty_table()


def _write(table: pa.Table, path: Path) -> None:
    made(path.parent)
    with replaced(path) as waiting:
        pq.write_table(table, waiting, compression="zstd", use_dictionary=_alike(table.schema))


def _alike(schema: pa.Schema) -> list[str]:
    """The columns whose values repeat: a dictionary of ids, hashes and bitmaps is made and thrown away."""
    repeating = [name for name in schema.names if name in ("template_id", "columns", "rows")]
    labels = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return [*labels, *("columns.list.element" if name == "columns" else name for name in repeating)]


def _templates(folder: RegisterFolder) -> list[tuple[bytes, str]]:
    path = folder.outbox / "templates.parquet"
    if not path.exists():
        return []
    table = pq.read_table(path)
    return list(zip(table["template_id"].to_pylist(), table["template"].to_pylist(), strict=True))


def _stamp(path: Path) -> list[int]:
    told = path.stat()
    return [told.st_size, told.st_mtime_ns]


def _done(folder: RegisterFolder) -> dict[str, list[int]]:
    path = folder.state / "reads.json"
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: damaged; run with --anew") from error
    return dict(found["done"]) if isinstance(found, dict) and found.get("schema") == 1 else {}


def _remember(folder: RegisterFolder, done: dict[str, list[int]]) -> None:
    path = made(folder.state) / "reads.json"
    try:
        with replaced(path) as waiting:
            waiting.write_bytes(orjson.dumps({"schema": 1, "done": done}, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _forget(path: Path, parts: Sequence[_Part], folder: RegisterFolder) -> None:
    """Remove parts of reads that an earlier, longer form of the file left."""
    kept = {part.out for part in parts}
    for old in (folder.outbox / "reads").glob(f"reads-{path.stem}-[0-9][0-9][0-9][0-9].parquet"):
        if old not in kept:
            old.unlink()
