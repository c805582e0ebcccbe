"""Parquet files: what is stored, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.leaks.intake._api import WIDEST, Blob, Fact, Found, Grid, Task
from kulla.leaks.intake.cells import named, number_column, without_blanks, written

_CHUNK: Final = 1 << 16
_MAGIC: Final = b"PAR1"


class Parquet:
    """One table, with its columns' names."""

    name = "parquet"

    def sniff(self, blob: Blob) -> bool:
        return blob.head(4) == _MAGIC

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        try:
            with pq.ParquetFile(blob.path) as file:
                yield from _facts(file)
                names: list[str] = []
                parts: list[list[pa.Array]] = []
                for batch in file.iter_batches(_CHUNK, use_threads=False):
                    columns = list(_columns(batch.schema.names, batch.columns))[:WIDEST]
                    names = [name for name, _ in columns]
                    parts.append([column for _, column in columns])
                if not names:
                    raise InputError("holds no rows")
                whole = [pa.chunked_array([part[at] for part in parts]) for at in range(len(names))]
                rows = sum(len(part[0]) for part in parts)
                yield Grid(blob.name.rpartition("/")[2], named(whole, rows), tuple(names))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"damaged Parquet ({type(error).__name__})") from None


def _facts(file: pq.ParquetFile) -> Iterator[Fact]:
    yield Fact("application", file.metadata.created_by or "")
    for key, value in (file.schema_arrow.metadata or {}).items():
        if key == b"pandas":
            yield Fact("embedded_names", value.decode("utf-8", "replace"))
        else:
            yield Fact("custom", f"{key.decode('utf-8', 'replace')}={value[:200].decode('utf-8', 'replace')}")


def _columns(names: list[str], columns: list[pa.Array]) -> Iterator[tuple[str, pa.Array]]:
    for name, column in zip(names, columns, strict=True):
        if pa.types.is_struct(column.type):
            inner = [f"{name}.{field.name}" for field in column.type]
            yield from _columns(inner, column.flatten())
        else:
            yield name, column_text(column)


def column_text(column: pa.Array) -> pa.Array:
    """A typed column as text: the values that `cells.written` gives, through Arrow's kernels where they agree."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column_text(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind):
        return without_blanks(column.cast(pa.string()))
    if pa.types.is_floating(kind):
        plain = number_column(np.asarray(column.cast(pa.float64()).fill_null(float("nan")), np.float64))
        return pc.if_else(column.is_valid(), plain, pa.scalar(None, pa.string()))
    if pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return column.cast(pa.string())
    if pa.types.is_timestamp(kind):
        texts = pc.cast(column.cast(pa.timestamp(kind.unit)), pa.string())
        return pc.replace_substring_regex(texts, r"( 00:00:00)?(\.0+)?$", "")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([_as_text(value) for value in column.to_pylist()], pa.string())
    return without_blanks(pa.array([_nested(value) for value in column.to_pylist()], pa.string()))


def _as_text(value: bytes | None) -> str | None:
    try:
        return value.decode("utf-8") if value else None
    except UnicodeDecodeError:
        return None


def _nested(value: object) -> str | None:
    return json.dumps(value, default=written, ensure_ascii=False) if isinstance(value, list | dict) else written(value)
