"""One register of an exercise country as arrays (`kulla.leaks.world.World`), straight from its history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.leaks.intervals import FOREVER
from kulla.leaks.world import World
from kulla.registers.desk.imprinting import history_files
from kulla.registers.desk.recordmap import read_map
from kulla.registers.folder import OwnerFolder
from kulla.registers.records import keys_of, numbers_of
from kulla.registers.schema import VALID_FROM, VALID_TO


def load(owner: Path, register: str, until: int | None = None) -> World:
    """The world of a register in an owner's folder (`country/owner`).

    until: microseconds UTC up to which the history vouches; by default the last change in it.
    """
    folder = OwnerFolder(owner).register(register)
    manifest = folder.read()
    names = [column.name for column in manifest.columns]
    tables = [pq.read_table(path, columns=[*names, VALID_FROM, VALID_TO]) for path in history_files(folder, manifest)]
    table = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
    record = numbers_of(read_map(folder), keys_of(table, manifest.record)).astype(np.uint32)
    first = _micros(table[VALID_FROM])
    last = np.where(pc.is_null(table[VALID_TO]).to_numpy(), FOREVER, _micros(table[VALID_TO]))
    ended = last[last < FOREVER]
    end = until or int(max(first.max(), ended.max(initial=0))) + 1
    cells = {name: _codes(table[name]) for name in names}
    return World(record, first, last, cells, len(np.unique(record)), (int(first.min()), end))


def _micros(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), np.int64)


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    whole = column.combine_chunks()
    whole = whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)
    encoded = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    return np.asarray(pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)).astype(
        np.uint64
    )
