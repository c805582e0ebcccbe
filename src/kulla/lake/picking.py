"""Events by their ids: those that an alert or a hold names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.fields import Rows
from kulla.lake.block import Block
from kulla.lake.layout import File
from kulla.lake.scan import Scan


def pick(scan: Scan, files: Iterable[File], ids: frozenset[bytes]) -> list[pa.Table]:
    """The events of these ids, whole, newest day first; ids that are nowhere are left out. It stops when it has all."""
    wanted = pa.array(sorted(ids), pa.binary(16))
    found: list[pa.Table] = []
    left = len(ids)
    for day in scan.days(files) if ids else ():
        for some in scan.each([block for _, block in day], lambda block: (block, _rows(block, wanted))):
            for block, rows in some:
                if len(rows):
                    found.append(block.table(rows))
                    left -= len(rows)
            if left <= 0:
                return found
    return found


def _rows(block: Block, wanted: pa.Array) -> Rows:
    every = block.ids(np.arange(block.rows, dtype=np.int32))
    return np.flatnonzero(pc.is_in(every, value_set=wanted).to_numpy(zero_copy_only=False)).astype(np.int32)
