"""Many small bitmaps at once: what `kulla.registers.bitmap.pack` gives one by one, 40 times as fast.

RoaringFormatSpec's portable form without run containers: cookie 12346, the number of containers, for each its key and
its size less one, for each its offset in bytes, then the low halves of the numbers, all little-endian. A reader takes
either form; only the bytes differ from `pack`, which uses runs where they are shorter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOST: Final = 4096
"""Numbers of one bitmap above which a container might need another form."""
_COOKIE: Final = 12346


def packed(owner: NDArray[np.int64], number: NDArray[np.int64], owners: int) -> pa.Array:
    """The bitmaps of owners 0 … owners - 1, each of its own numbers, at most `MOST`, as large_binary.

    owner: ascending; number: of each; duplicates allowed.
    """
    # numpy's unique hashes, which takes 30 times as long for keys like these.
    key = np.sort(owner << 32 | number)
    key = key[np.diff(key, prepend=-1) != 0]
    who, what = key >> 32, key & 0xFFFFFFFF
    many = np.bincount(who, minlength=owners)
    first = np.flatnonzero(np.diff(key >> 16, prepend=-1)) if key.size else np.zeros(0, dtype=np.int64)
    holder = who[first]
    containers = np.bincount(holder, minlength=owners)
    halves = 4 + 4 * containers + many
    ends = np.cumsum(halves)
    begin = ends - halves
    out = np.zeros(int(ends[-1]) if owners else 0, dtype="<u2")
    out[begin], out[begin + 2] = _COOKIE, containers
    begins_values = np.cumsum(many) - many
    begins_containers = np.cumsum(containers) - containers
    place = np.arange(first.size) - begins_containers[holder]
    head = begin[holder] + 4 + 2 * place
    out[head] = what[first] >> 16
    out[head + 1] = np.diff(np.append(first, key.size)) - 1
    offset = 8 + 8 * containers[holder] + 2 * (first - begins_values[holder])
    at = begin[holder] + 4 + 2 * containers[holder] + 2 * place
    out[at], out[at + 1] = offset & 0xFFFF, offset >> 16
    out[begin[who] + 4 + 4 * containers[who] + np.arange(key.size) - begins_values[who]] = what & 0xFFFF
    bounds = np.concatenate([[0], 2 * ends]).astype(np.int64)
    return pa.Array.from_buffers(pa.large_binary(), owners, [None, pa.py_buffer(bounds), pa.py_buffer(out)])
