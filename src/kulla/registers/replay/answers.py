"""Which rows met conditions at some time: the fast path, from `indexes`, for many accesses at once.

Few rows (a key, a short list) are looked at for all accesses together. Many rows (an employer, a municipality, the
whole register) are looked at once for each distinct condition and each state of its rows, and kept.

A result is *steady* when the same records, as many times each, would have been returned at every moment of the access's
interval; else its records are those of all moments together.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.registers.bitmap import pack
from kulla.registers.replay.indexes import ColumnIndex, Flags, History, Ints
from kulla.registers.replay.ranges import Ranges, meets

FEW = 512
"""Versions up to which an access is answered together with the others."""
_AT_ONCE = 2_000_000
_KEPT_BYTES = 256 << 20
_KEPT_RESULTS = 4_096
NOBODY = pack([])


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A test with its values: the column's index, its name, and the intervals of each access."""

    column: str
    index: ColumnIndex
    ranges: Ranges


@dataclass(slots=True)
class Answers:
    """What n accesses returned.

    Attributes:
        rows: how many rows, where steady; else -1.
        most: how many at the very most.
        record: the one record, 0 when it is not exactly one.
        records: the bitmap when `record` is 0.
        steady: see above.
        complete: every row has a record number.
    """

    rows: Ints
    most: Ints
    record: npt.NDArray[np.uint32]
    records: npt.NDArray[Any]
    steady: Flags
    complete: Flags

    @staticmethod
    def none(count: int) -> Answers:
        """Answers to be filled in."""
        zeros = np.zeros(count, np.int64)
        flags = np.zeros(count, np.bool_)
        records = np.full(count, None, object)
        return Answers(zeros - 1, zeros.copy(), np.zeros(count, np.uint32), records, flags, flags.copy())

    def put(self, where: Any, result: Result) -> None:
        """One result for some accesses."""
        self.rows[where], self.most[where], self.record[where] = result.rows, result.most, result.record
        self.steady[where], self.complete[where] = result.steady, result.complete
        for place in np.atleast_1d(where):
            self.records[place] = result.records

    def put_each(self, where: Ints, results: Sequence[Result], which: Ints) -> None:
        """Results for some accesses: `which` of them for each."""
        if not len(where):
            return
        for name in self.__slots__:
            column = getattr(self, name)
            told = np.empty(len(results), column.dtype)
            told[:] = [getattr(result, name) for result in results]
            column[where] = told[which]

    def take(self, other: Answers, where: Flags) -> None:
        """Some of another's."""
        for name in self.__slots__:
            getattr(self, name)[where] = getattr(other, name)[where]


@dataclass(frozen=True, slots=True)
class Result:
    """One of `Answers`."""

    rows: int
    most: int
    record: int
    records: bytes | None
    steady: bool
    complete: bool


@dataclass(slots=True)
class State:
    """The versions that meet a condition at any time, by record, and when what is visible of them changes.

    start, end, records: of the rows, side by side; dated: all are dated exactly.
    """

    rows: Ints
    start: Ints
    end: Ints
    records: npt.NDArray[np.uint32]
    dated: bool
    events: Ints
    results: OrderedDict[tuple[int, int], Result] = field(default_factory=OrderedDict)
    ordered: dict[Any, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes, roughly."""
        kept = sum(len(result.records or b"") + 100 for result in self.results.values())
        arrays = (self.rows, self.start, self.end, self.records, self.events, *self.ordered.values())
        return kept + sum(int(each.nbytes) for each in arrays)


class Answering:
    """Answers from one register's history. Keeps what it found, within bounds."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._states: OrderedDict[Any, State] = OrderedDict()
        self._size = 0

    def answer(self, conditions: tuple[Condition, ...], start: Ints, stop: Ints) -> Answers:
        """The rows that met all conditions, for each access, at some time in [start, stop]."""
        answers = Answers.none(len(start))
        driver = self.driver(conditions, len(start))
        lengths = self._lengths(driver, len(start))
        few = lengths <= FEW
        if few.any():
            self._few(conditions, driver, few, start, stop, answers)
        many = np.flatnonzero(~few)
        if len(many):
            for members, key in grouped(conditions, many):
                state = self.state(key, conditions, int(members[0]))
                self._many(state, members, start, stop, answers)
        return answers

    def driver(self, conditions: tuple[Condition, ...], count: int) -> Condition | None:
        """The condition that leaves the fewest rows."""
        return min(conditions, key=lambda each: int(self._lengths(each, count).sum()), default=None)

    def _lengths(self, driver: Condition | None, count: int) -> Ints:
        if driver is None:
            return np.full(count, max(len(self.history), FEW + 1), np.int64)
        starts, ranges = driver.index.starts, driver.ranges
        each = starts[ranges.high] - starts[ranges.low]
        return np.bincount(ranges.who, weights=each, minlength=count).astype(np.int64)

    def _few(
        self, conditions: tuple[Condition, ...], driver: Condition | None, few: Flags, start: Ints, stop: Ints,
        answers: Answers,
    ) -> None:  # fmt: skip
        assert driver is not None  # without a condition all rows are looked at
        ranges, starts = driver.ranges, driver.index.starts
        chosen = few[ranges.who]
        who, first, last = ranges.who[chosen], starts[ranges.low[chosen]], starts[ranges.high[chosen]]
        budget = np.cumsum(last - first) // _AT_ONCE
        members = np.flatnonzero(few)
        part = np.zeros(len(start), np.int64)
        part[who] = budget  # an access's last interval decides in which part it goes, with all its intervals
        for number in np.unique(part[members]):
            taken = part[who] == number
            mine = members[part[members] == number]
            self._part(conditions, driver, (who[taken], first[taken], last[taken]), mine, start, stop, answers)

    def _part(
        self, conditions: tuple[Condition, ...], driver: Condition, slices: tuple[Ints, Ints, Ints], members: Ints,
        start: Ints, stop: Ints, answers: Answers,
    ) -> None:  # fmt: skip
        history = self.history
        who, rows = spread(*slices, driver.index.order)
        keep = (history.start[rows] <= stop[who]) & (history.end[rows] > start[who])
        who, rows = who[keep], rows[keep]
        for each in conditions:
            if each is not driver:
                keep = meets(each.ranges, who, each.index.codes[rows], each.index.top)
                who, rows = who[keep], rows[keep]
        place = np.zeros(len(start), np.int64)
        place[members] = np.arange(len(members))
        found = settled(history, rows, place[who], start[members], stop[members])
        answers.rows[members], answers.most[members], answers.steady[members] = found
        numbers, owner = history.records[rows], place[who]
        complete = np.ones(len(members), np.bool_)
        complete[owner[numbers == 0]] = False
        answers.complete[members] = complete
        one, bitmaps = _packed(owner[numbers > 0], numbers[numbers > 0], len(members))
        answers.record[members], answers.records[members] = one, bitmaps

    def state(self, key: Any, conditions: tuple[Condition, ...], member: int) -> State:
        """The state of conditions with the values of one access. `key` names them."""
        found = self._states.pop(key, None)
        if found is None:
            found = self._made(conditions, member)
            self._size += found.size
        self._states[key] = found
        while self._size > _KEPT_BYTES and len(self._states) > 1:
            _, gone = self._states.popitem(last=False)
            self._size = max(self._size - gone.size, 0)
        return found

    def _made(self, conditions: tuple[Condition, ...], member: int) -> State:
        history = self.history
        rows = history.by_record
        if conditions:
            one = tuple(Condition(each.column, each.index, _only(each.ranges, member)) for each in conditions)
            driver = self.driver(one, 1)
            assert driver is not None
            starts, ranges = driver.index.starts, driver.ranges
            slices = [driver.index.order[starts[a] : starts[b]] for a, b in zip(ranges.low, ranges.high, strict=True)]
            rows = np.concatenate(slices) if slices else np.empty(0, np.int64)
            for each in one:
                if each is not driver:
                    nobody = np.zeros(len(rows), np.int64)
                    rows = rows[meets(each.ranges, nobody, each.index.codes[rows], each.index.top)]
            rows = rows[np.argsort(history.records[rows], kind="stable")]
        return self._state(rows)

    def _state(self, rows: Ints) -> State:
        history = self.history
        start, end, dated = history.start[rows], history.end[rows], bool(history.dated[rows].all())
        moments = [start, end]
        if not dated:
            moments += [history.known_start[rows], history.known_end[rows]]
        events = np.sort(np.concatenate(moments))
        new = np.ones(len(events), np.bool_)
        new[1:] = events[1:] != events[:-1]  # np.unique hashes: 5 × slower
        return State(rows, start, end, history.records[rows], dated, events[new])

    def _many(self, state: State, members: Ints, start: Ints, stop: Ints, answers: Answers) -> None:
        before = np.searchsorted(state.events, start[members], "right")
        after = np.searchsorted(state.events, stop[members], "right")
        pairs, which = np.unique(before * (len(state.events) + 1) + after, return_inverse=True)
        for number in range(len(pairs)):
            mine = members[which == number]
            answers.put(mine, self.result(state, int(start[mine[0]]), int(stop[mine[0]])))

    def result(self, state: State, start: int, stop: int) -> Result:
        """What was visible of a state in [start, stop]; kept for all intervals between the same events."""
        key = (int(np.searchsorted(state.events, start, "right")), int(np.searchsorted(state.events, stop, "right")))
        found = state.results.get(key)
        if found is None:
            found = self._looked(state, start, stop)
            state.results[key] = found
            self._size += len(found.records or b"") + 100
            if len(state.results) > _KEPT_RESULTS:
                state.results.popitem(last=False)
        return found

    def _looked(self, state: State, start: int, stop: int) -> Result:
        seen = np.flatnonzero((state.start <= stop) & (state.end > start))
        numbers = state.records[seen]
        if state.dated and not ((state.start[seen] > start) | (state.end[seen] <= stop)).any():
            return result_of(numbers, len(seen), len(seen), True)
        nobody = np.zeros(len(seen), np.int64)
        count, most, steady = settled(self.history, state.rows[seen], nobody, np.array([start]), np.array([stop]))
        return result_of(numbers, int(count[0]), int(most[0]), bool(steady[0]))


def result_of(numbers: npt.NDArray[np.uint32], rows: int, most: int, steady: bool) -> Result:
    """A result from the record numbers of its rows, ascending, 0 where there is none."""
    new = np.ones(len(numbers), np.bool_)
    new[1:] = numbers[1:] != numbers[:-1]
    distinct = numbers[new]
    complete = not (len(distinct) and distinct[0] == 0)
    known = distinct if complete else distinct[1:]
    one = int(known[0]) if len(known) == 1 else 0
    return Result(rows, most, one, None if one else packed(known), steady, complete)


def packed(numbers: npt.NDArray[np.uint32]) -> bytes:
    """The bitmap of record numbers. An `array` is read at once, 4 × faster than NumPy's."""
    return pack(array("I", numbers.tobytes()))


def spread(who: Ints, first: Ints, last: Ints, order: npt.NDArray[np.int64]) -> tuple[Ints, Ints]:
    """(access, row) of each row in the slices [first, last) of `order`."""
    lengths = last - first
    shift = np.repeat(first - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.repeat(who, lengths), order[np.arange(len(shift), dtype=np.int64) + shift]


def settled(history: History, rows: Ints, who: Ints, start: Ints, stop: Ints) -> tuple[Ints, Ints, Flags]:
    """For each access: its rows where steady (else -1), its most rows, whether it is steady.

    rows, who: the versions that were visible at some time in the access's interval. Where a version ends at the very
    moment another of the same record begins, the records stay the same: the changes of each moment and record must
    add up to none.
    """
    count = len(start)
    begun, ended = history.start[rows] <= start[who], history.end[rows] > stop[who]
    certain = (history.known_start[rows] <= start[who]) & (history.known_end[rows] > stop[who])
    present = begun & (history.end[rows] > start[who])
    steady = np.ones(count, np.bool_)
    moving = ~certain
    steady[who[moving & ~history.dated[rows]]] = False
    moving &= history.dated[rows]
    if moving.any():
        coming, going = np.flatnonzero(moving & ~begun), np.flatnonzero(moving & ~ended)
        at = np.concatenate([history.start[rows[coming]], history.end[rows[going]]])
        changed = np.concatenate([coming, going])
        change = np.concatenate([np.ones(len(coming), np.int64), -np.ones(len(going), np.int64)])
        sorting = np.lexsort((history.records[rows[changed]], at, who[changed]))
        owner, moment, number = who[changed][sorting], at[sorting], history.records[rows[changed]][sorting]
        new = np.ones(len(sorting), np.bool_)
        new[1:] = (owner[1:] != owner[:-1]) | (moment[1:] != moment[:-1]) | (number[1:] != number[:-1])
        begins = np.flatnonzero(new)
        sums = np.add.reduceat(change[sorting], begins) if len(begins) else np.empty(0, np.int64)
        steady[owner[begins][sums != 0]] = False
    first = np.bincount(who[present], minlength=count)
    return np.where(steady, first, -1), np.bincount(who, minlength=count), steady


def grouped(conditions: tuple[Condition, ...], members: Ints) -> list[tuple[Ints, Any]]:
    """Accesses with equal values together, each group with a key that names conditions and values."""
    names = tuple(each.column for each in conditions)
    if not conditions:
        return [(members, names)]
    if all(each.ranges.single for each in conditions):
        parts = [part[members] for each in conditions for part in (each.ranges.low, each.ranges.high)]
        flat = np.ascontiguousarray(np.stack(parts, 1), np.int64)
        kind = pa.binary(flat.shape[1] * 8)
        encoded = pa.FixedSizeBinaryArray.from_buffers(kind, len(flat), [None, pa.py_buffer(flat)]).dictionary_encode()
        codes, keys = np.asarray(encoded.indices), encoded.dictionary.to_pylist()
    else:
        texts = [_values(conditions, int(member)) for member in members]
        found: dict[bytes, int] = {}
        codes = np.array([found.setdefault(text, len(found)) for text in texts], np.int32)
        keys = list(found)
    sorting = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[sorting], np.arange(len(keys) + 1))
    return [(members[sorting[edges[n] : edges[n + 1]]], (*names, key)) for n, key in enumerate(keys)]


def _values(conditions: tuple[Condition, ...], member: int) -> bytes:
    only = [_only(each.ranges, member) for each in conditions]
    parts = (part for each in only for part in (np.array([len(each.low)]), each.low, each.high))
    return b"".join(part.tobytes() for part in parts)


def _only(ranges: Ranges, member: int) -> Ranges:
    first, last = np.searchsorted(ranges.who, [member, member + 1])
    nobody = np.zeros(last - first, np.int64)
    return Ranges(nobody, ranges.low[first:last], ranges.high[first:last], ranges.sure[member : member + 1])


def _packed(who: Ints, numbers: npt.NDArray[np.uint32], count: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[Any]]:
    """Of each access its one record, or the bitmap of them."""
    pairs = np.sort((who.astype(np.uint64) << np.uint64(32)) | numbers)
    new = np.ones(len(pairs), np.bool_)
    new[1:] = pairs[1:] != pairs[:-1]
    pairs = pairs[new]
    owner, number = (pairs >> np.uint64(32)).astype(np.int64), pairs.astype(np.uint32)
    edges = np.searchsorted(owner, np.arange(count + 1))
    many = np.diff(edges)
    one = np.zeros(count, np.uint32)
    one[many == 1] = number[edges[:-1][many == 1]]
    bitmaps = np.full(count, None, object)
    bitmaps[many == 0] = NOBODY
    made: dict[bytes, bytes] = {}  # the same list is asked for again and again
    for place in np.flatnonzero(many > 1).tolist():
        told = number[edges[place] : edges[place + 1]].tobytes()
        found = made.get(told)
        if found is None:
            found = made[told] = pack(array("I", told))
        bitmaps[place] = found
    return one, bitmaps
