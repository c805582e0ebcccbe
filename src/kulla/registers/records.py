"""Record numbers: allotted once from 1 up, never reused. Pure over tables of RECORD_MAP, the owner's secret.

Old reads and imprints speak of records by number, so a number must mean the same record for ever: through new imprints,
new keys, deleted rows. An erased record keeps its number as a tombstone without its key; were the key to come back, it
would be another record.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import ConfigError
from kulla.registers.normalise import SEPARATOR, as_text
from kulla.registers.schema import RECORD_MAP

Numbers = npt.NDArray[np.uint32]

NONE = 0
"""The number of no record: rows without a record key."""

_MOST = (1 << 32) - 1


def empty_map() -> pa.Table:
    """A map without records."""
    return RECORD_MAP.empty_table()


def keys_of(table: pa.Table, record: Sequence[str]) -> pa.Array:
    """The record keys of rows: values of the `record` columns as stored, joined by U+001F; null when one is missing."""
    parts = [as_text(table.column(name)) for name in record]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR, null_handling="emit_null")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def numbers_of(known: pa.Table, keys: pa.Array) -> Numbers:
    """The record numbers of keys; `NONE` for those that have none.

    >>> made, numbers = allotted(empty_map(), pa.array(["b", "a", "b", None]))
    >>> numbers.tolist(), numbers_of(made, pa.array(["a", "c"])).tolist()
    ([1, 2, 1, 0], [2, 0])
    """
    places = pc.index_in(keys, value_set=_valid_keys(known), skip_nulls=True)
    return _at(known.column("record_no").to_numpy(), places)


def allotted(known: pa.Table, keys: pa.Array, shuffled: np.random.Generator | None = None) -> tuple[pa.Table, Numbers]:
    """The map with numbers for keys that had none, and the numbers of all `keys`.

    shuffled: give new keys their numbers in a random order. Sources are often sorted by id, and ids begin with the
    day of birth: numbers in the order of rows would tell everyone's age. None: in the order of `keys`.
    Raises ConfigError when more than 2^32 - 1 records would be needed.
    """
    encoded = keys.dictionary_encode()
    distinct = encoded.dictionary
    numbers = numbers_of(known, distinct)
    new = numbers == NONE
    first = next_number(known)
    if first + int(new.sum()) - 1 > _MOST:
        raise ConfigError("the register's map is full: a register holds 2^32 - 1 records at most")
    order = np.arange(int(new.sum())) if shuffled is None else shuffled.permutation(int(new.sum()))
    numbers[new] = (first + order).astype(np.uint32)
    more = pa.table({
        "key": distinct.filter(pa.array(new)),
        "record_no": pa.array(numbers[new], pa.uint32()),
        "erased": pa.array(np.zeros(int(new.sum()), bool)),
    }, RECORD_MAP)  # fmt: skip
    return (pa.concat_tables([known, more]) if more.num_rows else known), _at(numbers, encoded.indices)


def next_number(known: pa.Table) -> int:
    """The number that the next new record gets; tombstones count."""
    return (pc.max(known.column("record_no")).as_py() or 0) + 1


def entombed(known: pa.Table, key: str) -> tuple[pa.Table, int]:
    """The map with one record's key gone and its tombstone set, and its number; `NONE`, the same map when unknown."""
    number = int(numbers_of(known, pa.array([key], pa.string()))[0])
    if number == NONE:
        return known, NONE
    here = pc.equal(known.column("record_no"), pa.scalar(number, pa.uint32()))
    keys = pc.if_else(here, pa.scalar(None, pa.string()), known.column("key"))
    erased = pc.or_(known.column("erased"), here)
    return pa.table([keys, known.column("record_no"), erased], RECORD_MAP), number


def _valid_keys(known: pa.Table) -> pa.Array:
    keys = known.column("key")
    return keys.combine_chunks() if keys.num_chunks != 1 else keys.chunk(0)


def _at(numbers: Numbers, places: pa.Array) -> Numbers:
    """The numbers at places; `NONE` where the place is null."""
    ended = np.append(numbers, np.uint32(NONE))
    found: Numbers = ended[pc.fill_null(places, len(numbers)).to_numpy(zero_copy_only=False)]
    return found
