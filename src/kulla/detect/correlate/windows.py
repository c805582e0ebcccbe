"""When a group's entries meet a correlation: one aggregate per type, over a sliding window.

The window of an entry is the time span that ends with it, both ends included. An entry *fires* when its window
meets the condition. These functions are exact: sums are of fractions, so nothing drifts as the window slides.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Protocol

from kulla.detect.correlate.signals import Entry
from kulla.detect.rule import Correlation, Operator
from kulla.events.text import fold

COMPARE: Mapping[Operator, Callable[[float | Fraction, float], bool]] = {
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "eq": lambda value, bound: value == bound,
    "neq": lambda value, bound: value != bound,
}


class Aggregate(Protocol):
    """What is known of the entries now in the window. `value` is None when nothing can be said."""

    def add(self, entry: Entry) -> None: ...
    def remove(self, entry: Entry) -> None: ...
    def value(self, last: Entry) -> float | Fraction | None: ...


class Distinct:
    """How many different things the window holds: events, values or rules, by `key`."""

    def __init__(self, key: Callable[[Entry], object]) -> None:
        self._key = key
        self._counts: Counter[object] = Counter()

    def add(self, entry: Entry) -> None:
        self._counts[self._key(entry)] += 1

    def remove(self, entry: Entry) -> None:
        key = self._key(entry)
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]

    def value(self, last: Entry) -> float:
        return len(self._counts)


class Share:
    """The share, in percent, that the last entry's value has among the window's entries (rare values)."""

    def __init__(self) -> None:
        self._counts: Counter[object] = Counter()

    def add(self, entry: Entry) -> None:
        self._counts[_folded_value(entry)] += 1

    def remove(self, entry: Entry) -> None:
        self._counts[_folded_value(entry)] -= 1

    def value(self, last: Entry) -> Fraction:
        return Fraction(100 * self._counts[_folded_value(last)], self._counts.total())


class Numbers:
    """Sum, average or a percentile of the window's numeric values; values that are no number are left out."""

    def __init__(self, statistic: str, percentile: float = 50.0) -> None:
        self._statistic = statistic
        self._percentile = percentile
        self._sorted: list[Fraction] = []
        self._sum = Fraction(0)

    def add(self, entry: Entry) -> None:
        number = _number(entry)
        if number is not None:
            self._sum += number
            bisect.insort(self._sorted, number)

    def remove(self, entry: Entry) -> None:
        number = _number(entry)
        if number is not None:
            self._sum -= number
            del self._sorted[bisect.bisect_left(self._sorted, number)]

    def value(self, last: Entry) -> Fraction | None:
        if not self._sorted:
            return None
        if self._statistic == "sum":
            return self._sum
        if self._statistic == "avg":
            return self._sum / len(self._sorted)
        return self._quantile()

    def _quantile(self) -> Fraction:
        """Linear interpolation between closest ranks (Hyndman and Fan's type 7)."""
        rank = Fraction(self._percentile) / 100 * (len(self._sorted) - 1)
        low = math.floor(rank)
        high = min(low + 1, len(self._sorted) - 1)
        return self._sorted[low] + (rank - low) * (self._sorted[high] - self._sorted[low])


class Ordered:
    """1 when hits of all rules, in their order, stand in the window and the last entry ends such a chain."""

    def __init__(self, members: int, span: int) -> None:
        self._starts: list[int | None] = [None] * members
        self._span = span

    def add(self, entry: Entry) -> None:
        if entry.member == 0:
            self._starts[0] = entry.time
        else:
            self._starts[entry.member] = _later(self._starts[entry.member], self._starts[entry.member - 1])

    def remove(self, entry: Entry) -> None:
        """Nothing: a chain that began before the window fails the test of its start."""

    def value(self, last: Entry) -> float:
        start = self._starts[-1]
        ends = last.member == len(self._starts) - 1
        return float(ends and start is not None and start >= last.time - self._span)


def _later(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def _folded_value(entry: Entry) -> tuple[str, ...]:
    return tuple(map(fold, entry.value))


def _number(entry: Entry) -> Fraction | None:
    try:
        return Fraction(entry.value[0].strip())
    except (ValueError, IndexError, ZeroDivisionError):
        return None


def aggregate(correlation: Correlation, members: int, span: int) -> Aggregate:
    """A fresh aggregate for a correlation over `members` rules and a window of `span` µs."""
    match correlation.type:
        case "event_count":
            return Distinct(lambda entry: entry.event)
        case "value_count":
            return Distinct(_folded_value)
        case "temporal":
            return Distinct(lambda entry: entry.member)
        case "temporal_ordered":
            return Ordered(members, span)
        case "value_sum":
            return Numbers("sum")
        case "value_avg":
            return Numbers("avg")
        case "value_median":
            return Numbers("percentile")
        case "value_percentile":
            return Share() if correlation.percentile is None else Numbers("percentile", correlation.percentile)


def bounds(correlation: Correlation, members: int) -> tuple[tuple[Operator, float], ...]:
    """The condition as comparisons; without one, a temporal rule asks for all its rules."""
    if correlation.type == "temporal_ordered":
        return (("gte", 1.0),)
    if correlation.type == "temporal" and not correlation.bounds:
        return (("gte", float(members)),)
    return correlation.bounds


def firings(
    correlation: Correlation, members: int, entries: Sequence[Entry], span: int
) -> list[tuple[int, int, float | Fraction]]:
    """Which of a group's entries (sorted by `Entry.sort_key`) fire: (its number, number of its window's first
    entry, the aggregate's value). Entries of one time are one moment: each is judged with all of them in."""
    state = aggregate(correlation, members, span)
    limits = bounds(correlation, members)
    fired: list[tuple[int, int, float | Fraction]] = []
    first = start = 0
    for stop in _moments(entries):
        for entry in entries[start:stop]:
            state.add(entry)
        while entries[first].time < entries[start].time - span:
            state.remove(entries[first])
            first += 1
        for number in range(start, stop):
            value = state.value(entries[number])
            if value is not None and all(COMPARE[operator](value, bound) for operator, bound in limits):
                fired.append((number, first, value))
        start = stop
    return fired


def _moments(entries: Sequence[Entry]) -> Iterator[int]:
    """The ends of the runs of entries of one time."""
    for number in range(1, len(entries)):
        if entries[number].time != entries[number - 1].time:
            yield number
    if entries:
        yield len(entries)
