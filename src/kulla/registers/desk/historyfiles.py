"""Versions that the owner keeps already, in CSV or Parquet files with valid_from and valid_to, taken into the history.

Rows that cannot be used are left out and told by file, row and reason in state/rejected.jsonl; no value is written
there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from kulla.errors import InputError, UsageError
from kulla.registers.desk.historysteps import Taken
from kulla.registers.desk.historystore import BATCH, HistoryStore
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.history import Gap, keys, version_schema
from kulla.registers.historystate import HistoryState
from kulla.registers.manifest import Manifest
from kulla.registers.schema import TIME, VALID_FROM, VALID_TO, VERSION_TIMES

Reasons = npt.NDArray[np.str_]


def take_files(folder: RegisterFolder, store: HistoryStore, manifest: Manifest, now: datetime) -> Taken:
    """Take all versions from the manifest's files, in place of what was taken before. Raises InputError, UsageError."""
    names = [column.name for column in manifest.columns]
    schema = version_schema(pa.field(name, pa.string()) for name in names)
    place = source_path(folder, manifest)
    if place.resolve() == folder.history.resolve():
        raise UsageError(f"register {manifest.name}: its files are its history already; there is nothing to take")
    reader = _Reader(folder, manifest, schema, place)
    with store.alone():
        before = store.resume()
        staged, lasting, closed = store.stage_step(1, schema, map(_parted, reader.tables()))
        dropped = [path.name for path in store.files() if path.name not in {each.name for each in staged}]
        gaps = (Gap(None, reader.first, "before the first version in the files"),) if reader.first else ()
        state = HistoryState("versions", sequence=1, at=now, columns=dict.fromkeys(names, "text"), gaps=gaps)
        store.commit(state, staged, dropped)
    notes = [f"{count} rows left out: {reason}" for reason, count in sorted(reader.reasons.items())]
    if overlaps := _overlaps(store, manifest):
        notes.append(f"{overlaps} versions begin before the one before them of the same key ends")
    opened = lasting + closed if before is None else 0
    return Taken("versions", now, opened, closed, lasting, gaps, tuple(notes))


def _parted(versions: pa.Table) -> tuple[pa.Table, pa.Table]:
    lasts = pc.is_null(versions.column(VALID_TO))
    return versions.filter(lasts), versions.filter(pc.invert(lasts))


def source_path(folder: RegisterFolder, manifest: Manifest) -> Path:
    """Where the manifest's files lie: a relative path counts from the owner's folder if it is there, else from here."""
    inside = folder.path.parent.parent / manifest.connection
    return inside if inside.exists() else Path(manifest.connection)


class _Reader:
    """The files' versions; what is left out is counted and noted."""

    def __init__(self, folder: RegisterFolder, manifest: Manifest, schema: pa.Schema, place: Path) -> None:
        self._rejects = made(folder.state) / "rejected.jsonl"
        self._manifest, self._schema = manifest, schema
        self._zone = ZoneInfo(manifest.timezone)
        self._files = version_files(place)
        self.reasons: Counter[str] = Counter()
        self.first: datetime | None = None

    def tables(self) -> Iterator[pa.Table]:
        with self._rejects.open("wb") as rejects:
            for path in self._files:
                at = 1
                for batch in table_batches(path, [*self._schema.names[:-4], VALID_FROM, VALID_TO]):
                    table, reasons = self._checked(batch)
                    self._note(rejects, path.name, at, reasons)
                    at += batch.num_rows
                    yield table

    def _note(self, rejects: IO[bytes], name: str, at: int, reasons: Reasons) -> None:
        for row in np.flatnonzero(reasons != "").tolist():
            self.reasons[str(reasons[row])] += 1
            line = {"file": name, "row": at + row, "reason": str(reasons[row])}
            rejects.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def _checked(self, batch: pa.RecordBatch) -> tuple[pa.Table, Reasons]:
        begun, bad_begun = times(batch.column(VALID_FROM), self._zone)
        ended, bad_ended = times(batch.column(VALID_TO), self._zone)
        reasons = np.full(batch.num_rows, "", "U64")
        for name in self._manifest.record:
            reasons[pc.is_null(batch.column(name)).to_numpy(zero_copy_only=False)] = f"no value in {name}"
        reasons[pc.fill_null(pc.less_equal(ended, begun), False).to_numpy(zero_copy_only=False)] = (
            "ends before it begins"
        )
        reasons[bad_ended] = "valid_to is no time"
        reasons[pc.is_null(begun).to_numpy(zero_copy_only=False)] = "no valid_from"
        reasons[bad_begun] = "valid_from is no time"
        columns = {name: batch.column(name) for name in self._schema.names if name in batch.schema.names}
        nothing = pa.nulls(batch.num_rows, TIME)
        columns |= dict.fromkeys(VERSION_TIMES.names, nothing) | {VALID_FROM: begun, VALID_TO: ended}
        table = pa.table(columns).filter(pa.array(reasons == ""))
        if table.num_rows:
            least = pc.min(table.column(VALID_FROM)).as_py().astimezone(UTC)
            self.first = least if self.first is None else min(self.first, least)
        return table.select(self._schema.names), reasons


def version_files(path: Path) -> tuple[Path, ...]:
    """A file, or the CSV and Parquet files of a folder by name. Raises InputError when there are none."""
    found = [path] if path.is_file() else sorted(p for p in path.glob("*") if p.suffix in (".csv", ".parquet"))
    if not found:
        raise InputError(f"{path}: no CSV or Parquet files here")
    return tuple(found)


def table_batches(path: Path, names: list[str], required: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The columns of a CSV (with a head) or Parquet file, as text. In CSV an empty cell without quotes is null.

    required: columns that must be there, the others being null when absent; None: all. Raises InputError when the file
    or a required column is missing, or the file is damaged.
    """
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                have = file.schema_arrow.names
                _require(path, names if required is None else required, have)
                for batch in file.iter_batches(BATCH, columns=[name for name in names if name in have]):
                    nothing = pa.nulls(batch.num_rows, pa.string())
                    arrays = [_text(batch.column(name)) if name in have else nothing for name in names]
                    yield pa.RecordBatch.from_arrays(arrays, names=names)
            return
        with csv.open_csv(path) as head:
            _require(path, names if required is None else required, head.schema.names)
        options = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=names, null_values=[""],
            strings_can_be_null=True, quoted_strings_can_be_null=False, include_missing_columns=True,
        )  # fmt: skip
        yield from csv.open_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: {_what(error)}") from None


def _require(path: Path, names: Sequence[str], have: list[str]) -> None:
    if missing := [name for name in names if name not in have]:
        raise InputError(f"{path}: has no column {missing[0]}")


def _what(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, pa.ArrowInvalid):
        return error.strerror or "cannot be read"
    return "damaged, or no table of that kind"


def _text(column: pa.Array) -> pa.Array:
    whole = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    return whole.cast(pa.string())


def times(texts: pa.Array, zone: ZoneInfo) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """ISO 8601 texts as times, and which of them are none; those without an offset are in `zone`."""
    encoded = texts.dictionary_encode()
    made: list[datetime | None] = []
    for text in encoded.dictionary.to_pylist():
        try:
            moment = datetime.fromisoformat(text)
            made.append((moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC))
        except (ValueError, OverflowError):
            made.append(None)
    found = pa.array(made, TIME).take(encoded.indices)
    bad = pc.and_(pc.is_null(found), pc.is_valid(texts))
    return found, bad.to_numpy(zero_copy_only=False)


def _overlaps(store: HistoryStore, manifest: Manifest) -> int:
    """How many versions begin while another of the same key lasts."""
    key = (*manifest.record, *manifest.entry)
    tables = [pq.read_table(path, columns=[*key, VALID_FROM, VALID_TO]) for path in store.files()]
    table = pa.concat_tables(tables)
    codes = keys(table, key).dictionary_encode().indices.to_numpy()
    begun = table.column(VALID_FROM).cast(pa.int64()).to_numpy()
    ended = pc.fill_null(table.column(VALID_TO).cast(pa.int64()), np.iinfo(np.int64).max).to_numpy()
    order = np.lexsort((begun, codes))
    same = codes[order][1:] == codes[order][:-1]
    return int((same & (begun[order][1:] < ended[order][:-1])).sum())
