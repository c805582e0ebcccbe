"""An imprint opened for recognising: which record has a cell, which records a block key, and their versions.

Only what a leak touches is read: columns a row group at a time, and only those that the leak has. What must be sorted
first lies beside the imprint in an `index` folder (at an owner's, in the register's `state`), made when first needed
and named after the parts it is of. It holds keyed hashes and record numbers, nothing that the imprint does not; when
parts change or go, the old index goes too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from kulla.errors import ConfigError, InputError
from kulla.leaks.attribute import Population, population
from kulla.leaks.desk.indexstore import IndexStore, beside, state_of
from kulla.leaks.desk.partcolumns import PartColumns
from kulla.leaks.desk.sights import UNKNOWN, Bounds
from kulla.leaks.intervals import FOREVER
from kulla.leaks.recognise.register import Ints, Mask, Words
from kulla.registers.desk.imprintparts import Part, parts_in
from kulla.registers.imprintformat import BLOCK, CELL, FROM, KNOWN_FROM, KNOWN_TO, RECORD_NO, TO, ImprintInfo
from kulla.registers.keyfile import KeyFile
from kulla.registers.normalise import NORMALISER_VERSION
from kulla.registers.records import Numbers
from kulla.registers.tokens import Blocks

_SLICE: Final = 1 << 22
"""Versions whose block keys are sorted at a time: 64 MB of keys."""


def open_index(folder: Path, centre: KeyFile | None = None, index: Path | None = None) -> RegisterIndex:
    """Open an imprint: a centre's `registers/<name>/imprint`, or at the owner's site the outbox's.

    centre: the centre's key, for an imprint that had the centre's step; None for the owner's. index: where sorted
    copies of keyed hashes may lie; by default beside the imprint.
    Raises InputError when there is no imprint or it is damaged; ConfigError when it was made with another key of the
    centre, or by a Kulla that normalises values otherwise.
    """
    parts = parts_in(folder)
    if not parts:
        raise InputError(f"{folder}: no imprint here; have the owner run kulla register imprint and deliver it")
    info = parts[0].info
    _require_centre(info, centre, folder)
    if info.normaliser != NORMALISER_VERSION:
        raise ConfigError(
            f"{folder}: values were normalised by version {info.normaliser}; this Kulla has {NORMALISER_VERSION}."
            " Make a full imprint anew"
        )
    return _Opened(parts, IndexStore(index or beside(folder), state_of(parts))).register()


@dataclass(frozen=True, slots=True)
class RegisterIndex:
    """An open imprint; see `recognise.register.Register` for what it answers."""

    info: ImprintInfo
    records: int
    versions: int
    horizon: tuple[int, int]
    _columns: PartColumns
    _store: IndexStore
    _offsets: Ints
    _first: Ints
    _last: Ints

    @property
    def highest(self) -> int:
        """The highest record number that has a version, 0 when none has."""
        return max(len(self._offsets) - 2, 0)

    def population(self) -> Population:
        """How many records it had at each moment."""
        counts = np.diff(self._offsets)
        record = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)
        return population(record, np.asarray(self._first), np.asarray(self._last))

    def sights(self, moments: Sequence[int], slack: int) -> tuple[int, ...]:
        """Moments within `slack` of some, microseconds UTC, at which a reconstructed history knows the whole register;
        none for a history that was kept as things changed."""
        if not moments or not self._columns.reconstructed:
            return ()
        counts = np.diff(self._offsets)
        record = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)
        known = [self._columns.bounds(name, UNKNOWN) for name in (KNOWN_FROM, KNOWN_TO)]
        return Bounds(record, np.asarray(self._first), np.asarray(self._last), *known).sights(moments, slack)

    def find(self, cells: Blocks) -> Numbers:
        """The record of each cell of the first record column, 0 where none has it."""
        high, low, record = self._store.arrays("records", self._make_records)
        place, which = _expand(high, low, cells)
        found = np.zeros(len(cells), np.uint32)
        found[place] = record[which]
        return found

    def stretch(self, records: Numbers) -> tuple[Ints, Ints]:
        """The first version of each record and the one after its last; both 0 for a record that there is not."""
        known = records.astype(np.int64)
        known[known >= len(self._offsets) - 1] = 0
        return np.asarray(self._offsets[known]), np.asarray(self._offsets[known + 1])

    def times(self, versions: Ints) -> tuple[Ints, Ints]:
        """[from, to) of versions; `intervals.FOREVER` where they have not ended."""
        return np.asarray(self._first[versions]), np.asarray(self._last[versions])

    def hashes(self, column: str, versions: Ints) -> tuple[Blocks, Mask]:
        """Cells or block keys of ascending versions, and which are missing."""
        return self._columns.hashes(column, versions)

    def holders(self, block: int, keys: Blocks, most: int) -> tuple[Ints, Ints, Numbers]:
        """How many records ever had each key, and pairs (place of the key, record) of keys with at most `most`."""
        high, low, record = self._store.arrays(f"{BLOCK}{block}", lambda: self._make_block(block))
        place, which = _expand(high, low, keys)
        counts = np.bincount(place, minlength=len(keys))
        kept = counts[place] <= most
        return counts, place[kept], record[which[kept]]

    def _make_records(self) -> tuple[Words, Words, Numbers]:
        """Record cells in their order, with the records."""
        records = np.flatnonzero(np.diff(self._offsets)).astype(np.uint32)
        cells, missing = self.hashes(CELL + self.info.record[0], np.asarray(self._offsets[records], np.int64))
        return _sorted(cells[~missing], records[~missing])

    def _make_block(self, block: int) -> tuple[Words, Words, Numbers]:
        """Block keys in their order, with the records that ever had them, each pair once."""
        owner = np.repeat(np.arange(len(self._offsets) - 1, dtype=np.uint32), np.diff(self._offsets))
        keys, of = [], []
        for start in range(0, self.versions, _SLICE):
            versions = np.arange(start, min(start + _SLICE, self.versions))
            part, missing = self.hashes(f"{BLOCK}{block}", versions)
            whole, records = part.view(np.uint64).reshape(-1, 2), owner[versions]
            # A record's versions mostly follow each other with the same key: 28 M monthly rows leave 2 M pairs.
            fresh = np.ones(len(versions), bool)
            fresh[1:] = (whole[1:] != whole[:-1]).any(axis=1) | (records[1:] != records[:-1])
            keys.append(part[fresh & ~missing])
            of.append(records[fresh & ~missing])
        high, low, record = _sorted(np.concatenate(keys), np.concatenate(of))
        again = np.zeros(len(high), bool)
        again[1:] = (high[1:] == high[:-1]) & (low[1:] == low[:-1]) & (record[1:] == record[:-1])
        return high[~again], low[~again], record[~again]


class _Opened:
    """What is put together once when an imprint is opened."""

    def __init__(self, parts: tuple[Part, ...], store: IndexStore) -> None:
        self._parts, self._store = parts, store

    def register(self) -> RegisterIndex:
        offsets, first, last, where = self._store.arrays("versions", self._versions)
        # Which beginning is the earliest and which change the last: two passes over the times, 20 ms for 28 M.
        ended = last[last < FOREVER]
        horizon = (int(first.min()), int(max(first.max(), ended.max(initial=0))) + 1) if len(first) else (0, 0)
        records = int(np.count_nonzero(np.diff(offsets)))
        info = self._parts[-1].info
        columns = PartColumns(self._parts, where)
        return RegisterIndex(info, records, len(first), horizon, columns, self._store, offsets, first, last)

    def _versions(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Where each record's versions begin, their times, and where they lie in the parts (empty: in that order)."""
        columns = PartColumns(self._parts, np.empty(0, np.int64))
        record = columns.numbers(RECORD_NO).astype(np.uint32)
        first, last = columns.numbers(FROM), columns.numbers(TO, FOREVER)
        where = np.empty(0, np.int64)
        if len(self._parts) > 1 or (record[1:] < record[:-1]).any():
            keep = columns.held(record, first)
            order = np.lexsort((first, record))
            where = order[keep[order]]
            record, first, last = record[where], first[where], last[where]
        most = int(record.max()) if len(record) else 0
        counts = np.bincount(record, minlength=most + 1)
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), first, last, where


def _expand(high: Words, low: Words, keys: Blocks) -> tuple[Ints, Ints]:
    """Pairs (place of a key, place in the sorted words) of equal 128 bits, by place of the key."""
    wanted = np.ascontiguousarray(keys).view(np.uint64).reshape(-1, 2)
    # In the order of what is searched the memory is walked once: a third of the time of searching in any order.
    order = np.argsort(wanted[:, 0], kind="stable")
    ordered = wanted[order, 0]
    begin, end = (np.searchsorted(high, ordered, side) for side in ("left", "right"))
    counts = end - begin
    which = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts - begin, counts)
    place = np.repeat(order, counts)
    same = low[which] == wanted[place, 1]
    place, which = place[same], which[same]
    back = np.argsort(place, kind="stable")
    return place[back], which[back]


def _sorted(keys: Blocks, records: Numbers) -> tuple[Words, Words, Numbers]:
    words = np.ascontiguousarray(keys).view(np.uint64).reshape(-1, 2)
    order = np.lexsort((records, words[:, 1], words[:, 0])) if len(words) else np.empty(0, np.int64)
    return words[order, 0], words[order, 1], records[order]


def _require_centre(info: ImprintInfo, centre: KeyFile | None, folder: Path) -> None:
    if info.side == "inner":
        return
    held = "none" if centre is None else f"key {centre.id}, epoch {centre.current}"
    if centre is None or centre.id != info.centre_key_id or info.centre_epoch not in {e.epoch for e in centre.epochs}:
        raise ConfigError(
            f"{folder}: kept under the centre's key {info.centre_key_id}, epoch {info.centre_epoch}; given is {held}."
            " Name the centre's key file"
        )


Make = Callable[[], tuple[np.ndarray, ...]]
