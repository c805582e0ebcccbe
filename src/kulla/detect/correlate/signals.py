"""What correlations know of a hit, and how a hit becomes entries of their groups."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kulla.detect.rule import Correlation
from kulla.events.text import fold

MAX_KEYS = 1_000
"""Group keys that one hit may belong to (arrays in several group-by fields multiply)."""


Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """A hit of a rule or correlation, as correlations see it.

    `time` is in µs since 1970 UTC. `order` breaks ties of time: file and position as input order. `values` holds the
    fields that `Correlator.needs` asked for, under the rule's names. `place` is what a report says of it.
    """

    time: int
    order: tuple[int, int]
    event: str
    rule: str
    values: Mapping[str, Sequence[str]]
    place: Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One hit inside one group of one correlation. `key` is the group as this hit spells it; `member` is the
    rule's number in the correlation's list."""

    key: Key
    time: int
    order: tuple[int, int]
    event: str
    member: int
    value: tuple[str, ...]
    place: Mapping[str, str | int | None]

    @property
    def sort_key(self) -> tuple[int, tuple[int, int], str, int]:
        """Time, input order, then members from last to first, so that one event cannot be two steps of an order."""
        return (self.time, self.order, self.event, -self.member)


def field_of(correlation: Correlation, member: str, name: str) -> str:
    """The field of the rule `member` that `name` (a field, or an alias) stands for in a correlation."""
    return correlation.aliases.get(name, {}).get(member, name)


def keys(correlation: Correlation, member: str, signal: Signal) -> Iterator[Key]:
    """The groups a hit belongs to, as shown; none when it lacks a group-by field. Compare them folded."""
    columns = [signal.values.get(field_of(correlation, member, name), ()) for name in correlation.group_by]
    return itertools.islice(itertools.product(*columns), MAX_KEYS)


def values(correlation: Correlation, member: str, signal: Signal) -> Iterator[tuple[str, ...]]:
    """The values a hit brings to be counted or summed; one empty tuple when the correlation asks for none."""
    columns = [signal.values.get(field_of(correlation, member, name), ()) for name in correlation.value_fields]
    return itertools.islice(itertools.product(*columns), MAX_KEYS)


def folded(key: Key) -> Key:
    """A key as compared: account and host names differ in case between logs and mean the same."""
    return tuple(map(fold, key))
