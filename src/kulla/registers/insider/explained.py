"""Which touches of persons an explanation on file clears: a case file, an appointment, an office, an audit, a job.

An explanation names an account or an office, a record or a group of records (or neither: any), and a time. Touches it
covers leave every count of persons; how many left stands in the finding. A read before its case was opened is not
covered by it: whoever opens cases late is told apart from whoever opens none by the case's time, in the explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.insider.reads import DayReads, Flags, Ints

_ALWAYS_FROM = np.iinfo(np.int64).min
_ALWAYS_TO = np.iinfo(np.int64).max
_NONE = -1


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Intervals by (who, what), sorted: `key` = who << 32 | what."""

    key: Ints
    since: Ints
    until: Ints

    def during(self, first: int, last: int) -> _Pairs:
        """Those that cover some moment from first to last: a day needs few of all."""
        some = (self.since <= last) & (self.until > first)
        return _Pairs(self.key[some], self.since[some], self.until[some])

    def cover(self, who: Ints, what: Ints, time: Ints) -> Flags:
        """Which of the questions lie in an interval of their pair. Negative who or what: none."""
        covered = np.zeros(len(time), bool)
        asked = np.flatnonzero((who >= 0) & (what >= 0)) if len(self.key) else np.zeros(0, np.int64)
        key = who[asked] << 32 | what[asked]
        order = np.argsort(key)  # questions in order are answered several times faster
        asked, key = asked[order], key[order]
        at, end = np.searchsorted(self.key, key, "left"), np.searchsorted(self.key, key, "right")
        while len(asked):
            live = at < end
            asked, at, end = asked[live], at[live], end[live]
            inside = (self.since[at] <= time[asked]) & (time[asked] < self.until[at])
            covered[asked[inside]] = True
            asked, at, end = asked[~inside], at[~inside] + 1, end[~inside]
        return covered


@dataclass(frozen=True, slots=True)
class Cover:
    """Explanations as sorted pairs. `group_of` gives each record number's group index, -1 none."""

    accounts: dict[str, int]
    offices: dict[str, int]
    group_of: npt.NDArray[np.int32]
    pairs: tuple[tuple[bool, str, _Pairs], ...]
    """(whether it names an office, what it names: record, group or any, the intervals)."""

    def touches(self, reads: DayReads, accounts: Sequence[str], offices: Sequence[str]) -> Flags:
        """Which touches are explained, shape m. `accounts` and `offices`: of each of `reads.subjects`."""
        who_account = _indices(self.accounts, accounts)[reads.subject]
        who_office = _indices(self.offices, offices)[reads.subject]
        record = reads.touch_record.astype(np.int64)
        time = reads.time[reads.touch_read]
        explained = self.whole_reads(reads, accounts, offices)[reads.touch_read]
        for by_office, what, all_pairs in self.pairs:
            if what == "any" or not len(reads):
                continue
            pairs = all_pairs.during(int(reads.time.min()), int(reads.time.max()))
            left = np.flatnonzero(~explained)
            who = (who_office if by_office else who_account)[reads.touch_read[left]]
            explained[left] = pairs.cover(who, self._what(what, record[left]), time[left])
        return explained

    def whole_reads(self, reads: DayReads, accounts: Sequence[str], offices: Sequence[str]) -> Flags:
        """Which reads are explained whatever they touched (an audit, a job), shape n."""
        explained = np.zeros(len(reads), bool)
        nought = np.zeros(len(reads), np.int64)
        for by_office, what, pairs in self.pairs:
            if what == "any":
                names, whom = (offices, self.offices) if by_office else (accounts, self.accounts)
                explained |= pairs.cover(_indices(whom, names)[reads.subject], nought, reads.time)
        return explained

    def anything(self, account: str, office: str, micros: int) -> bool:
        """Whether an explanation that names neither record nor group covers the account or office at a time."""
        time, nought = np.array([micros], np.int64), np.zeros(1, np.int64)
        return any(
            bool(pairs.cover(_indices(self.offices if by_office else self.accounts, [office if by_office else account]),
                             nought, time)[0])
            for by_office, what, pairs in self.pairs if what == "any"
        )  # fmt: skip

    def _what(self, what: str, record: Ints) -> Ints:
        if what == "record":
            return record
        if what == "any":
            return np.zeros(len(record), np.int64)
        if not len(self.group_of):
            return np.full(len(record), _NONE, np.int64)
        known = record < len(self.group_of)
        return np.where(known, self.group_of[np.where(known, record, 0)], _NONE).astype(np.int64)


def cover(explanations: pa.Table, groups: pa.Table | None) -> Cover:
    """The index of a table EXPLANATIONS, with GROUPS for those that name a group."""
    accounts = _numbered(explanations["account"])
    offices = _numbered(explanations["office"])
    names, group_of = _group_of(groups)
    account = _indexed(explanations["account"], accounts)
    office = _indexed(explanations["office"], offices)
    record = pc.fill_null(explanations["record_no"].cast(pa.int64()), _NONE).to_numpy(zero_copy_only=False)
    grouped = np.asarray(pc.is_valid(explanations["group"]).to_numpy(zero_copy_only=False), bool)
    group = _indexed(explanations["group"], names)
    since, until = _bounds(explanations["valid_from"], _ALWAYS_FROM), _bounds(explanations["valid_to"], _ALWAYS_TO)
    kinds = (("record", record >= 0, record), ("group", (record < 0) & grouped, group),
             ("any", (record < 0) & ~grouped, np.zeros(len(record), np.int64)))  # fmt: skip
    pairs = []
    for by_office, who, named in ((False, account, account >= 0), (True, office, (account < 0) & (office >= 0))):
        for what, meant, values in kinds:
            rows = np.flatnonzero(named & meant & (values >= 0))
            if len(rows):
                pairs.append((by_office, what, _sorted(who[rows], values[rows], since[rows], until[rows])))
    return Cover(accounts, offices, group_of, tuple(pairs))


def _sorted(who: Ints, what: Ints, since: Ints, until: Ints) -> _Pairs:
    key = who << 32 | what
    order = np.lexsort((since, key))
    return _Pairs(key[order], since[order], until[order])


def _numbered(column: pa.ChunkedArray) -> dict[str, int]:
    return {name: at for at, name in enumerate(pc.unique(column.drop_null().cast(pa.string())).to_pylist())}


def _indexed(column: pa.ChunkedArray, known: dict[str, int]) -> Ints:
    names = pa.array(list(known), pa.string())
    found = pc.index_in(column.cast(pa.string()), names)
    null = pc.is_null(column)
    filled = pc.fill_null(pc.if_else(null, _NONE, found), _NONE)
    return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(np.int64)


def _indices(known: dict[str, int], names: Sequence[str]) -> Ints:
    return np.array([known.get(name, _NONE) for name in names], np.int64)


def _bounds(column: pa.ChunkedArray, missing: int) -> Ints:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), missing).to_numpy(zero_copy_only=False)).astype(np.int64)


def _group_of(groups: pa.Table | None) -> tuple[dict[str, int], npt.NDArray[np.int32]]:
    if groups is None or not groups.num_rows:
        return {}, np.zeros(0, np.int32)
    names = _numbered(groups["group"])
    record = groups["record_no"].to_numpy(zero_copy_only=False)
    found = np.full(int(record.max()) + 1, _NONE, np.int32)
    found[record] = _indexed(groups["group"], names)
    return names, found
