"""Erase one person from everything that Kulla keeps of a register, and say what still holds them.

Erase them at the source first, from its table and its history table: what is still there comes back with the next
snapshot, as a new record. Logs of the database and backups are the owner's to treat by their own retention.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.desk.imprintparts import compacted
from kulla.registers.desk.recordmap import map_file, only_one, read_map, replaced, write_map
from kulla.registers.erase import (
    Mask,
    neutralised,
    redacted,
    rows_of_key,
    rows_of_number,
    telling_values,
    without,
)  # fmt: skip
from kulla.registers.folder import RegisterFolder
from kulla.registers.imprint import plan, record_tokens
from kulla.registers.keyfile import KeyFile
from kulla.registers.keys import owner_keys
from kulla.registers.manifest import Manifest
from kulla.registers.normalise import SEPARATOR
from kulla.registers.records import NONE, Numbers, entombed

Change = Callable[[pa.Table], tuple[pa.Table, int]]

_WHOLE = 64 << 20
"""Other files up to this size are looked through for the key; larger ones are named as not looked at."""


@dataclass(slots=True)
class Erased:
    """What was done. Counts are of rows; `remains`: files that still hold the key, or were not looked at, and why."""

    record_no: int
    versions: int = 0
    imprint_rows: int = 0
    reads: int = 0
    statements: int = 0
    others: int = 0
    remains: list[str] = field(default_factory=list)


def erase(folder: RegisterFolder, key: str, secret: KeyFile | None = None) -> Erased:
    """Erase the record with that key (its parts as stored, joined by U+001F).

    secret: the owner's key, needed only to take the person off the list of watched persons.
    The map's tombstone comes last, so an erasure that was cut short can be run again.
    Raises InputError, without the key, when there is no such record.
    """
    manifest = folder.read()
    store = HistoryStore(folder)
    with only_one(folder), store.alone():
        store.load()
        known = read_map(folder)
        later, number = entombed(known, key)
        if number == NONE:
            raise InputError(f"{map_file(folder)}: no record has that key; give it exactly as the register stores it")
        done, numbers = Erased(number), np.array([number], np.uint32)
        values = telling_values(_versions(folder, manifest, key), manifest, key)
        for path in _tables(folder):
            _erased_from(path, done, manifest, key, numbers, values)
        done.imprint_rows = _from_imprint(folder, numbers)
        if secret is not None:
            done.others += _unwatched(folder, manifest, key, secret)
        # Sorted copies of the imprint's hashes, which a trace made here; the next one makes them anew.
        shutil.rmtree(folder.state / "index", ignore_errors=True)
        write_map(folder, later)
        _tell(folder, later)
        done.remains = list(_remaining(folder, key))
    return done


def neutralise_reads(reads: Path, numbers: Numbers) -> int:
    """The centre's part: take references to erased records out of all reads below a folder; how many were changed."""
    paths = [path for path in sorted(reads.rglob("*.parquet")) if _is_reads(pq.read_schema(path).names)]
    return sum(_rewritten(path, lambda table: neutralised(table, numbers)) for path in paths)


def erased_numbers(outbox: Path) -> Numbers:
    """The record numbers that an owner has told to be erased; none when nothing was."""
    path = outbox / "erased.parquet"
    return pq.read_table(path).column("record_no").to_numpy() if path.exists() else np.empty(0, np.uint32)


def _erased_from(
    path: Path, done: Erased, manifest: Manifest, key: str, numbers: Numbers, values: tuple[str, ...]
) -> None:  # fmt: skip
    """Treat one file by the columns that it has."""
    names = pq.read_schema(path).names
    if _is_reads(names):
        done.reads += _rewritten(path, lambda table: neutralised(table, numbers))
    elif {"statement", "parameters"} <= set(names):
        done.statements += _rewritten(path, lambda table: redacted(table, values))
    elif set(manifest.record) <= set(names):
        gone = _rewritten(path, lambda table: without(table, rows_of_key(table, manifest.record, key)))
        if path.parent.name == "history":
            done.versions += gone
        else:
            done.others += gone
    elif "record_no" in names:
        done.others += _rewritten(path, lambda table: without(table, rows_of_number(table, numbers)))


def _is_reads(names: list[str]) -> bool:
    return {"read_id", "record", "records"} <= set(names)


def _tables(folder: RegisterFolder) -> list[Path]:
    """All tables of the register but the map and the imprint, which have ways of their own."""
    apart = folder.outbox / "imprint"
    found = sorted(folder.path.rglob("*.parquet"))
    return [path for path in found if path.parent not in (folder.map, apart) and path.name != "erased.parquet"]


def _rewritten(path: Path, change: Change) -> int:
    """Rewrite a file by row groups, if any row changes; how many did."""
    with pq.ParquetFile(path) as file:
        touched = sum(change(file.read_row_group(group))[1] for group in range(file.num_row_groups))
        if not touched:
            return 0
        with replaced(path) as waiting, pq.ParquetWriter(waiting, file.schema_arrow, compression="zstd") as writer:
            for group in range(file.num_row_groups):
                writer.write_table(change(file.read_row_group(group))[0])
    return touched


def _versions(folder: RegisterFolder, manifest: Manifest, key: str) -> pa.Table:
    """The record's versions, from all files that hold rows of it."""
    names = [c.name for c in manifest.columns]
    parts = []
    for path in sorted(folder.history.glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            if set(names) <= set(file.schema_arrow.names):
                for group in range(file.num_row_groups):
                    table = file.read_row_group(group, columns=names)
                    parts.append(table.filter(pa.array(rows_of_key(table, manifest.record, key))))
    return (
        pa.concat_tables(parts, promote_options="permissive")
        if parts
        else pa.table({n: pa.array([], pa.string()) for n in names})
    )


def _from_imprint(folder: RegisterFolder, numbers: Numbers) -> int:
    counted = 0

    def gone(chunk: pa.Table) -> Mask:
        nonlocal counted
        mask = rows_of_number(chunk, numbers)
        counted += int(mask.sum())
        return mask

    # Into a part of a new name, so that copies elsewhere follow (see imprintparts).
    compacted(folder.outbox / "imprint", gone)
    return counted


def _unwatched(folder: RegisterFolder, manifest: Manifest, key: str, secret: KeyFile) -> int:
    path = folder.context / "watched.parquet"
    if not path.exists():
        return 0
    parts = {name: pa.array([part]) for name, part in zip(manifest.record, key.split(SEPARATOR), strict=True)}
    tokens = []
    for epoch in secret.epochs:
        if epoch.secret is not None:
            found, _ = record_tokens(owner_keys(epoch.secret), plan(manifest, secret.id, epoch.epoch), parts)
            tokens.append(bytes(found[0]))
    wanted = pa.array(tokens, pa.binary(16))
    return _rewritten(path, lambda table: without(table, np.asarray(pc.is_in(table.column("token"), wanted))))


def _tell(folder: RegisterFolder, known: pa.Table) -> None:
    """Tell the centre which numbers are tombstones: numbers only."""
    gone = known.filter(known.column("erased")).select(["record_no"])
    folder.outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replaced(folder.outbox / "erased.parquet") as waiting:
        pq.write_table(gone, waiting)


def _remaining(folder: RegisterFolder, key: str) -> Iterator[str]:
    """Files that still hold the key's parts: a table of a kind we do not know, or another file."""
    parts = [part for part in key.split(SEPARATOR) if part]
    for path in sorted(p for p in folder.path.rglob("*") if p.is_file() and not p.is_symlink()):
        if path.suffix == ".parquet":
            if _table_holds(path, parts):
                yield f"{path}: a table that still holds the key"
        elif path.stat().st_size > _WHOLE:
            yield f"{path}: not looked at, larger than {_WHOLE >> 20} MiB"
        else:
            content = path.read_bytes()
            if all(part.encode() in content for part in parts):
                yield f"{path}: still holds the key"


def _table_holds(path: Path, parts: list[str]) -> bool:
    with pq.ParquetFile(path) as file:
        texts = [f.name for f in file.schema_arrow if _is_text(f.type)]
        for batch in file.iter_batches(columns=texts) if texts else ():
            plain = [c.dictionary if pa.types.is_dictionary(c.type) else c for c in batch.columns]
            if all(any(pc.any(pc.match_substring(c, part)).as_py() for c in plain) for part in parts):
                return True
    return False


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
