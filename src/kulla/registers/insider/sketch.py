"""Distinct persons in any window of days: a HyperLogLog whose cells hold the last day on which they were met.

A plain HyperLogLog keeps for each of 2^P buckets the highest rank met. Here each bucket keeps, for every rank, the last
day on which that rank was met; the highest rank with a day in the window is what a HyperLogLog of that window would
hold (after Chabchoub and Hébrail, "Sliding HyperLogLog", 2010). So one bounded array answers for 30 days, for 90, and
for any other window that reaches up to the present; two merge by taking the later day, cell by cell.

Source of the estimate: Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog" (2007), with linear counting for few.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

P: Final = 8
BUCKETS: Final = 1 << P
RANKS: Final = 20
"""Relative standard error 1.04 / sqrt(256) = 6.5 %; 256 buckets of 20 ranks count up to some hundred million."""

NEVER: Final = -1

Days = npt.NDArray[np.int16]
"""Cells of one or more accounts, shape (…, BUCKETS, RANKS): day numbers, NEVER where nothing was met."""

_ALPHA: Final = 0.7213 / (1 + 1.079 / BUCKETS)


def empty(accounts: int) -> Days:
    """Cells of so many accounts that have read nobody."""
    return np.full((accounts, BUCKETS, RANKS), NEVER, np.int16)


def mixed(records: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each record number (the finaliser of SplitMix64). Record numbers are no secret: no key."""
    x = records.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def add(cells: Days, account: npt.NDArray[np.int64], records: npt.NDArray[np.uint32], day: int) -> None:
    """Note, in place, that each account (an index) read each record on a day. Days may come in any order."""
    hashed = mixed(records)
    bucket = (hashed >> np.uint64(64 - P)).astype(np.int64)
    rest = (hashed << np.uint64(P)) | np.uint64((1 << P) - 1)
    # The rank of the leftmost one, from 0. float64 rounds up only at 53 equal bits: beyond RANKS in any case.
    rank = np.minimum(63 - np.log2(rest.astype(np.float64)).astype(np.int64), RANKS - 1)
    rank = np.maximum(rank, 0)
    flat = (account * BUCKETS + bucket) * RANKS + rank
    view = cells.reshape(-1)
    view[flat] = np.maximum(view[flat], np.int16(day))


def merged(one: Days, other: Days) -> Days:
    """The cells after all that either has met."""
    return np.maximum(one, other)


def distinct(cells: Days, since: int) -> npt.NDArray[np.float64]:
    """About how many distinct records each account read on day `since` or later; shape as `cells` less two axes."""
    met = cells >= since
    highest = np.where(met.any(axis=-1), RANKS - np.argmax(met[..., ::-1], axis=-1), 0)
    zeros = (highest == 0).sum(axis=-1)
    raw = _ALPHA * BUCKETS**2 / np.exp2(-highest.astype(np.float64)).sum(axis=-1)
    few = BUCKETS * np.log(BUCKETS / np.maximum(zeros, 1))
    return np.asarray(np.where((raw <= 2.5 * BUCKETS) & (zeros > 0), few, raw))
