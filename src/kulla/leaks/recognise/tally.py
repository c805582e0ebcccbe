"""Counts of what was recognised: rows by verdict, persons by surety, duplicates, registers that a table joins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ALTERED, CERTAIN, PROBABLE, SURETIES, UNSURE, VERDICTS, ColumnMatch, Matched
from kulla.leaks.trace import FEWEST, TableFound, told
from kulla.registers.manifest import Manifest

SHARED: Final = 0.5
"""A table joins two registers when this share of the rows of the one with fewer is of both."""
BETTER: Final = 0.02
"""By how much a column must agree better with one register than with the other, to be the first one's."""


def table_found(
    file: int, table: LeakTable, matched: Matched, manifest: Manifest, at_owner: bool = False
) -> TableFound:  # fmt: skip
    """What is told of a table against a register. Counts below `trace.FEWEST` are None unless `at_owner`."""
    rows = {word: int((matched.verdict == number).sum()) for number, word in enumerate(VERDICTS)}
    one = np.bincount(matched.altered[(matched.verdict == ALTERED) & (matched.altered >= 0)])
    altered = {matched.columns[place].register_column: int(count) for place, count in enumerate(one.tolist()) if count}
    return TableFound(
        file, table.name, matched.register, matched.linked_by,
        tuple(_column(each, manifest) for each in matched.columns), table.rows, _told(rows, at_owner),
        _told(persons([matched]), at_owner), told(duplicates(matched), at_owner), _told(altered, at_owner),
    )  # fmt: skip


def persons(tables: Sequence[Matched]) -> dict[str, int]:
    """Distinct records of one register over tables, each under the best surety that a row about it has.

    `ambiguous` counts rows, not records: each fits several.
    """
    best: npt.NDArray[np.uint8] = np.full(0, UNSURE, np.uint8)
    rows = 0
    for matched in tables:
        most = int(matched.record.max(initial=0)) + 1
        if most > len(best):
            best = np.concatenate([best, np.full(most - len(best), UNSURE, np.uint8)])
        sure = (matched.record != 0) & (matched.surety <= PROBABLE)
        np.minimum.at(best, matched.record[sure], matched.surety[sure])
        rows += int((matched.surety == UNSURE).sum())
    counted = {SURETIES[grade]: int((best == grade).sum()) for grade in (CERTAIN, PROBABLE)}
    return counted | {SURETIES[UNSURE]: rows}


def duplicates(matched: Matched) -> int:
    """Rows about a record that an earlier row of the table is about. In a register with several rows for a person at a
    time (payrolls) these are mostly other entries, not copies."""
    linked = matched.record[matched.record != 0]
    return int(len(linked) - len(np.unique(linked)))


def joined(matched: Sequence[Matched]) -> tuple[tuple[str, str], ...]:
    """Pairs of registers that a table joins: about half of its rows or more are of both, and each has a column that
    the other has not, or that agrees better with it. matched: of one table, one for each register."""
    found = []
    for place, first in enumerate(matched):
        for second in matched[place + 1 :]:
            of_both = int(((first.record != 0) & (second.record != 0)).sum())
            fewer = min(int((each.record != 0).sum()) for each in (first, second))
            if of_both >= max(SHARED * fewer, FEWEST) and _own(first, second) and _own(second, first):
                found.append((first.register, second.register))
    return tuple(found)


def _own(first: Matched, second: Matched) -> bool:
    other = {place: each.hits for each in second.columns for place in (each.column, *each.joined)}
    return any(
        each.hits > max(other.get(place, 0.0) for place in (each.column, *each.joined)) + BETTER
        for each in first.columns
    )


def _column(each: ColumnMatch, manifest: Manifest) -> dict[str, object]:
    return asdict(each) | {"meaning": manifest.column(each.register_column).meaning}


def _told(counts: dict[str, int], at_owner: bool) -> dict[str, int | None]:
    return {word: told(count, at_owner) for word, count in counts.items()}
