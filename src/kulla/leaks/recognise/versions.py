"""The versions of the records that a leak speaks of, and every pair of a leaked row and a version of its record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.leaks.recognise.register import Ints, Register
from kulla.registers.records import Numbers

MOST_PAIRS: Final = 1 << 22
"""Pairs that are compared at a time: 64 MB for the hashes of each side."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Some rows, and each version of each row's record.

    Attributes:
        rows: the rows, in the order of their records; each has a version.
        versions: all versions of their records, ascending, each once.
        starts: where the pairs of each row begin.
        row: of each pair the place in `rows`; version: the place in `versions`.
    """

    rows: Ints
    versions: Ints
    starts: Ints
    row: Ints
    version: Ints


def paired(register: Register, rows: Ints, records: Numbers) -> Iterator[Pairs]:
    """All pairs of rows and versions of their records, some rows at a time. Rows whose record has no version are not
    in any."""
    order = np.argsort(records, kind="stable")
    rows, records = rows[order], records[order]
    begin, end = register.stretch(records)
    there = end > begin
    rows, begin, end = rows[there], begin[there], end[there]
    counts = end - begin
    total = np.cumsum(counts)
    at = 0
    while at < len(rows):
        done = int(total[at - 1]) if at else 0
        stop = max(int(np.searchsorted(total, done + MOST_PAIRS, "right")), at + 1)
        yield _pairs(rows[at:stop], begin[at:stop], counts[at:stop])
        at = stop


def _pairs(rows: Ints, begin: Ints, counts: Ints) -> Pairs:
    fresh = np.ones(len(rows), bool)
    fresh[1:] = begin[1:] != begin[:-1]
    heads, lengths = begin[fresh], counts[fresh]
    placed = np.cumsum(lengths) - lengths
    versions = np.arange(int(lengths.sum())) + np.repeat(heads - placed, lengths)
    starts = np.cumsum(counts) - counts
    row = np.repeat(np.arange(len(rows)), counts)
    version = np.arange(len(row)) + np.repeat(placed[np.cumsum(fresh) - 1] - starts, counts)
    return Pairs(rows, versions, starts, row, version)
