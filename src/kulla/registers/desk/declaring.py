"""Look at a source that is to be declared: a live table, or files of versions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from kulla.errors import InputError, UsageError
from kulla.registers.declare import Found
from kulla.registers.normalise import as_text
from kulla.registers.schema import VERSION_TIMES

SAMPLE: Final = 5_000
"""Rows that are looked at: enough for a share of 1 in 1,000 to show, little enough for a second."""

_DELIMITERS = (",", ";", "\t", "|")


def from_database(dsn: str, table: str) -> Found:
    """What a live table or view shows. Raises InputError, ConfigError as `connect` does."""
    from kulla.registers.connect import postgres

    with postgres.connect(dsn, read_only=True) as connection:
        columns = postgres.columns(connection, table)
        rows = postgres.sample(connection, table, SAMPLE)
        readers = tuple((r.role, r.means) for r in postgres.readers(connection, table))
        copies = postgres.copies(connection, table)
    key = tuple(c.name for c in sorted((c for c in columns if c.key), key=lambda c: c.key))
    return Found("postgresql", dsn, table, rows, key, copies, readers)


def from_files(paths: Sequence[Path]) -> Found:
    """What files of versions show: all must have the same columns. Raises InputError, UsageError."""
    files = [file for path in paths for file in (sorted(_inside(path)) if path.is_dir() else [path])]
    if not files:
        raise UsageError(f"{paths[0] if paths else '--files'}: no CSV or Parquet files here")
    each = max(1, SAMPLE // len(files))
    samples = [
        _parquet(file, each) if file.suffix.lower() in {".parquet", ".pq"} else _csv(file, each) for file in files
    ]
    for file, sample in zip(files, samples, strict=True):
        if sample.column_names != samples[0].column_names:
            raise InputError(f"{file}: its columns are not those of {files[0]}; declare them as registers of their own")
    rows = pa.concat_tables([_texts(s) for s in samples]) if len(samples) > 1 else samples[0]
    return Found("files", str(paths[0].resolve()), "", rows)


def _inside(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if p.suffix.lower() in {".csv", ".tsv", ".txt", ".parquet", ".pq"}]


def _parquet(path: Path, rows: int) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            groups = file.num_row_groups
            chosen = sorted({round(i * (groups - 1) / 3) for i in range(4)}) if groups else []
            parts = [_spread(file.read_row_group(group), rows // len(chosen) + 1) for group in chosen]
            return pa.concat_tables(parts).slice(0, rows) if parts else file.schema_arrow.empty_table()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({type(error).__name__})") from None


def _spread(table: pa.Table, rows: int) -> pa.Table:
    """Rows from all over a table."""
    if table.num_rows <= rows:
        return table
    step = table.num_rows / rows
    return table.take(pa.array([int(i * step) for i in range(rows)], pa.int64()))


def _csv(path: Path, rows: int) -> pa.Table:
    """The first rows of a CSV file, all as text; times of versions as times."""
    try:
        with path.open("r", encoding="utf-8-sig", newline="") as file:
            head = file.readline()
        delimiter = max(_DELIMITERS, key=head.count)
        names = [name.strip().strip('"') for name in head.rstrip("\r\n").split(delimiter)]
        convert = pcsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        parse = pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        got: list[pa.RecordBatch] = []
        with pcsv.open_csv(path, parse_options=parse, convert_options=convert) as reader:
            for batch in reader:
                got.append(batch)
                if sum(b.num_rows for b in got) >= rows:
                    break
        return pa.Table.from_batches(got, reader.schema).slice(0, rows)
    except OSError as error:
        raise InputError(f"{path}: {os.strerror(error.errno) if error.errno else 'cannot be read'}") from None
    except (pa.ArrowException, UnicodeDecodeError) as error:
        # Their texts can quote the line.
        raise InputError(f"{path}: cannot be read as CSV in UTF-8 ({type(error).__name__})") from None


def _texts(table: pa.Table) -> pa.Table:
    arrays = []
    for name in table.column_names:
        text = as_text(table.column(name))
        # An end that a CSV leaves blank is null elsewhere.
        arrays.append(pc.if_else(pc.equal(text, ""), None, text) if name in VERSION_TIMES.names else text)
    return pa.table(arrays, table.column_names)
