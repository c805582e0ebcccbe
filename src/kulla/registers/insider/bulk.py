"""Reads of very many records, kept as bitmaps: scans, exports, whole tables.

Explanations of single records or of groups are not looked for inside them: a case file explains a look-up, not a scan.
One that covers whatever the account does (an audit, a job) does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kulla.registers import bitmap
from kulla.registers.insider.reads import DayReads, Flags, Ints, Records


@dataclass(frozen=True, slots=True)
class Bulk:
    """Of one day: what each subject read in bulk, in all (open: without an explanation), and of each read how many."""

    open: Mapping[int, bytes]
    cleared: Mapping[int, bytes]
    read: Ints
    persons: Ints


def not_in(unions: Mapping[int, bytes], subject: Ints, record: Records) -> Flags:
    """Which (subject, record) pairs, sorted by subject, are not in their subject's union."""
    kept = np.ones(len(subject), bool)
    for who, data in unions.items():
        first, stop = np.searchsorted(subject, (who, who + 1))
        kept[first:stop] = ~np.isin(record[first:stop], bitmap.unpack(data))
    return kept


def bulk(reads: DayReads, cleared: Flags) -> Bulk:
    """The day's bulk. `cleared`: of each read, whether an explanation covers it whole."""
    parts: tuple[dict[int, list[bytes]], dict[int, list[bytes]]] = ({}, {})
    for at, data in reads.bulk:
        parts[int(cleared[at])].setdefault(int(reads.subject[at]), []).append(data)
    unopened, done = ({who: bitmap.union(some) for who, some in side.items()} for side in parts)
    read = np.array([at for at, _ in reads.bulk], np.int64)
    return Bulk(unopened, done, read, np.array([bitmap.count(data) for _, data in reads.bulk], np.int64))
