"""Joins between registers: by the product where all have one key in common, else by `duck`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.bitmap import pack
from kulla.registers.replay.answers import NOBODY, Answering, Answers, Condition, Result, State, grouped
from kulla.registers.replay.binding import Values, conditions
from kulla.registers.replay.indexes import Flags, Ints
from kulla.registers.replay.shape import Link, Shape, Source, Test

_DUCKED = 2_000
"""Distinct joins of a group that are looked at one by one; beyond, the conditions of each register alone bound it."""


def transferred(shape: Shape) -> tuple[Source, ...]:
    """The sources with what the links let each know of the others' equalities.

    Over `a.nid = b.nid`, `a.nid = x` holds for b too; not backwards over a LEFT JOIN, whose left rows stay anyway.
    """
    tests: list[list[Test]] = [list(source.tests) for source in shape.sources]
    for _ in shape.sources:
        for link in shape.links:
            _copy(tests, link.left, link.left_column, link.right, link.right_column)
            if not link.outer:
                _copy(tests, link.right, link.right_column, link.left, link.left_column)
    return tuple(replace(source, tests=tuple(each)) for source, each in zip(shape.sources, tests, strict=True))


def _copy(tests: list[list[Test]], origin: int, column: str, target: int, named: str) -> None:
    for test in tests[origin]:
        copied = Test(named, test.op, test.slots)
        if test.column == column and test.op in ("eq", "in") and copied not in tests[target]:
            tests[target].append(copied)


def join(
    shape: Shape, at_hand: Mapping[str, Answering], values: Values, start: Ints, stop: Ints
) -> tuple[list[Answers], Flags, Ints]:
    """The answers of each source, which accesses are certain, and how many rows each returned (-1: not known)."""
    sources = transferred(shape)
    answerings = [at_hand[source.register] for source in sources]
    bound = [
        conditions(answering.history, source.tests, values)
        for source, answering in zip(sources, answerings, strict=True)
    ]
    alone = [each.answer(found[0], start, stop) for each, found in zip(answerings, bound, strict=True)]
    sure = np.logical_and.reduce([found[1] for found in bound])
    comparable = all(_comparable(answerings, link) for link in shape.links)
    if not comparable or shape.doubts:
        return alone, np.zeros(values.count, np.bool_), np.full(values.count, -1, np.int64)
    if _one_key(shape, sources):
        return _product(sources, alone, sure)
    return _joined(shape, answerings, [found[0] for found in bound], alone, sure, start, stop)


def _comparable(answerings: Sequence[Answering], link: Link) -> bool:
    left = answerings[link.left].history.index(link.left_column)
    right = answerings[link.right].history.index(link.right_column)
    if left is None or right is None or left.padded or right.padded:
        return False
    written = left.kind == "text" and "money" in (left.meaning, right.meaning)
    return left.kind == right.kind and left.scale == right.scale and not written


def _one_key(shape: Shape, sources: Sequence[Source]) -> bool:
    """Whether every source has one and the same key by its links."""
    for number, source in enumerate(sources):
        keys = {test.column for test in source.tests if test.op == "eq"}
        linked = {
            column
            for link in shape.links
            for place, column in ((link.left, link.left_column), (link.right, link.right_column))
            if place == number
        }
        if len(linked) != 1 or not linked <= keys:
            return False
    return True


def _product(sources: Sequence[Source], alone: list[Answers], sure: Flags) -> tuple[list[Answers], Flags, Ints]:
    steady = np.logical_and.reduce([each.steady & each.complete for each in alone])
    rows = np.ones(len(sure), np.int64)
    for source, each in zip(sources, alone, strict=True):
        rows *= np.maximum(each.rows, 1) if source.outer else np.maximum(each.rows, 0)
    certain = sure & steady
    empty = certain & (rows == 0)
    for each in alone:
        each.record[empty] = 0
        each.records[empty] = NOBODY
    return alone, certain, np.where(certain, rows, -1)


def _joined(
    shape: Shape, answerings: Sequence[Answering], bound: Sequence[tuple[Condition, ...]], alone: list[Answers],
    sure: Flags, start: Ints, stop: Ints,
) -> tuple[list[Answers], Flags, Ints]:  # fmt: skip
    from kulla.registers.replay import duck  # here, since few logs hold such a join

    certain, rows = np.zeros(len(sure), np.bool_), np.full(len(sure), -1, np.int64)
    named = tuple(Condition(f"{n}.{c.column}", c.index, c.ranges) for n, part in enumerate(bound) for c in part)
    asked = 0
    for members, key in grouped(named, np.flatnonzero(sure)):
        first = int(members[0])
        states = [
            answering.state((shape, number, key), part, first)
            for number, (answering, part) in enumerate(zip(answerings, bound, strict=True))
        ]
        for mine in _moments(states, members, start, stop):
            asked += 1
            if asked > _DUCKED:
                return alone, certain, rows
            begin, end = int(start[mine[0]]), int(stop[mine[0]])
            tables = [
                _table(answering, state, duck.columns_of(shape.links, number), begin, end)
                for number, (answering, state) in enumerate(zip(answerings, states, strict=True))
            ]
            found = duck.joined(tables, shape.links)
            if found is None:
                continue
            for answers, numbers in zip(alone, found.records, strict=True):
                known = np.asarray(numbers, np.uint32)
                one = int(known[0]) if len(known) == 1 and known[0] else 0
                bitmap = None if one else pack(known[known > 0])
                complete = not bool((known == 0).any())
                answers.put(mine, Result(-1, 0, one, bitmap, found.steady, complete))
            certain[mine], rows[mine] = found.steady, found.rows if found.steady else -1
    return alone, certain, rows


def _moments(states: Sequence[State], members: Ints, start: Ints, stop: Ints) -> list[Ints]:
    """Accesses that saw the same states together."""
    marks = [
        np.searchsorted(state.events, moments[members], "right") for state in states for moments in (start, stop)
    ]  # fmt: skip
    _, which = np.unique(np.stack(marks, 1), axis=0, return_inverse=True)
    return [members[which.ravel() == number] for number in range(int(which.max()) + 1)]


def _table(answering: Answering, state: State, columns: Sequence[tuple[str, str]], start: int, stop: int) -> pa.Table:
    history = answering.history
    rows = state.rows[(history.start[state.rows] <= stop) & (history.end[state.rows] > start)]
    steady = (history.known_start[rows] <= start) & (history.known_end[rows] > stop)
    parts = {"record": pa.array(history.records[rows]), "steady": pa.array(steady)}
    for column, name in columns:
        parts[name] = pc.take(history.table.column(column), pa.array(rows))
    return pa.table(parts)
