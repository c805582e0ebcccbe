"""From mapped columns to what is said of each row: verdict, surety, record, intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kulla.leaks.intervals import Intervals, from_rows
from kulla.leaks.matched import (
    ALTERED,
    AMBIGUOUS,
    CERTAIN,
    EXACT,
    NO_PERSON,
    NOBODY,
    PROBABLE,
    UNCOMPARED,
    UNSURE,
    ColumnMatch,
    Matched,
)
from kulla.leaks.recognise.assign import Mapped
from kulla.leaks.recognise.blockrows import Linked, linked
from kulla.leaks.recognise.blocks import BlockMap, block_values
from kulla.leaks.recognise.fullnames import FullName, full_name
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.identify import Keys, Link
from kulla.leaks.recognise.register import Ints, Mask, Register
from kulla.leaks.recognise.rows import Judged, cells_of, judged
from kulla.leaks.recognise.sheet import Sheet, column_tokens
from kulla.leaks.recognise.surety import surety
from kulla.registers.imprint import plan
from kulla.registers.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Run:
    """A whole leaked table, the register it is compared with, and the seed of what is drawn."""

    sheet: Sheet
    register: Register
    hasher: Hasher
    manifest: Manifest
    seed: int

    @property
    def names(self) -> tuple[str, ...]:
        """The register's columns that together are the name of blocks."""
        return plan(self.manifest, self.hasher.info.key_id, self.hasher.info.epoch).names


def by_record(run: Run, link: Link, found: Keys, mapped: tuple[Mapped, ...]) -> Matched:
    """What is said of a table with the record key in it. Rows without a key that the register has are linked by blocks,
    where the other columns allow it."""
    columns = []
    for each in mapped:
        name = each.match.register_column
        values = column_tokens(
            run.hasher, run.sheet.texts(each.columns), name, run.manifest.column(name).meaning, each.reading
        )
        columns.append(cells_of(run.hasher, found.tokens, name, values, each.match.chance))
    whole = _full_name(run, link, found, mapped)
    if whole is not None:
        columns.append(whole.cells(run.sheet, run.hasher, run.manifest))
    rows = judged(run.register, found.record, columns)
    own = tuple(
        ColumnMatch(place, name, link.hits, link.chance, link.margin, link.compared)
        for place, name in zip(link.columns, run.hasher.info.record, strict=True)
    )
    rows.altered[rows.altered >= 0] += len(own)
    rows.verdict[(found.record == 0) & ~found.tokens.missing] = NO_PERSON
    record = found.record.copy()
    lost = np.flatnonzero(record == 0)
    columns_of_blocks = _from_record(run, mapped, whole)
    if columns_of_blocks is not None and len(lost):
        again = _rows_by_blocks(run, columns_of_blocks, lost, 2)
        damaged = ~found.tokens.missing[lost]
        _without_key(rows, lost, again, damaged, 0 if len(own) == 1 else -1)
        record[lost] = again.record
    matches = own + tuple(each.match for each in mapped) + (() if whole is None else whole.matches(run.names))
    return _matched(run, matches, "record", record, rows)


def by_blocks(run: Run, columns: BlockMap) -> Matched:
    """What is said of a table without the record key."""
    rows = _rows_by_blocks(run, columns, np.arange(run.sheet.rows), 1)
    best = columns.others[0][1].match
    first, *rest = columns.name
    own = tuple(
        ColumnMatch(first, name, best.hits, best.chance, best.margin, best.compared, tuple(rest)) for name in run.names
    )
    rows.judged.altered[rows.judged.altered >= 0] += len(own)
    matches = own + tuple(mapped.match for _, mapped in columns.others)
    return _matched(run, matches, "blocks", rows.record, rows.judged)


@dataclass(frozen=True, slots=True)
class _ByBlocks:
    """Rows judged by blocks, in their order."""

    record: np.ndarray
    judged: Judged


def _full_name(run: Run, link: Link, found: Keys, mapped: tuple[Mapped, ...]) -> FullName | None:
    known = {each.match.register_column for each in mapped}
    if not run.names or known & set(run.names):
        return None
    return full_name(run.sheet, found, link.columns, mapped, run.register, run.hasher, run.manifest, run.seed)


def _from_record(run: Run, mapped: tuple[Mapped, ...], whole: FullName | None) -> BlockMap | None:
    """The blocks that columns known already make up; None with fewer than two, by which no row is linked."""
    of = {each.match.register_column: each for each in mapped}
    others = tuple((block, of[pair[1]]) for block, pair in enumerate(run.hasher.info.blocks) if pair[1] in of)
    if len(others) < 2:
        return None
    if whole is not None:
        return BlockMap(whole.columns.name, others, whole.columns.reading)
    if not run.names or not set(run.names) <= set(of):
        return None
    name = tuple(place for column in run.names for place in of[column].columns)
    return BlockMap(name, others, of[run.names[0]].reading)


def _rows_by_blocks(run: Run, columns: BlockMap, rows: Ints, fewest: int) -> _ByBlocks:
    values = block_values(run.sheet, columns, run.hasher, run.manifest)
    found = linked(values, run.register, rows, fewest)
    sure = surety(values, run.register, rows, found, run.seed)
    found.tied |= (found.record != 0) & ~sure.probable
    found.record[~sure.probable] = 0
    verdict = np.full(len(rows), NO_PERSON, np.uint8)
    verdict[found.comparable == 0] = UNCOMPARED
    verdict[found.tied] = AMBIGUOUS
    verdict[found.record != 0] = ALTERED
    verdict[found.exact] = EXACT
    grade = np.full(len(rows), NOBODY, np.uint8)
    grade[found.tied] = UNSURE
    grade[sure.probable] = PROBABLE
    grade[sure.certain] = CERTAIN
    kept = sure.probable[found.whole_row]
    times = run.register.times(found.whole_version[kept])
    intervals = from_rows(found.whole_row[kept], *times, len(rows))
    altered = _altered(found, verdict == ALTERED)
    return _ByBlocks(found.record, Judged(verdict, grade, altered, np.ones(len(rows)), intervals))


def _altered(found: Linked, rows: Mask) -> np.ndarray:
    one = rows & (np.bitwise_count(found.differing) == 1)
    return np.where(one, np.log2(np.where(one, found.differing, 1).astype(float)), -1).astype(np.int16)


def _without_key(rows: Judged, lost: Ints, again: _ByBlocks, damaged: Mask, key: int) -> None:
    """Take over what blocks say of rows without a key that the register has. A key that is there but unknown is a cell
    that never was so: such a row is altered, in its key when all else holds."""
    exact = again.judged.verdict == EXACT
    verdict = np.where(damaged & exact, ALTERED, again.judged.verdict)
    known = again.judged.surety != NOBODY
    rows.verdict[lost[known]] = verdict[known]
    rows.surety[lost] = again.judged.surety
    rows.altered[lost] = np.where(damaged & exact, key, -1)
    kept = exact & ~damaged
    times = again.judged.intervals
    own = rows.intervals
    keep = kept[times.row]
    rows.intervals = from_rows(
        np.concatenate([own.row, lost[times.row[keep]]]), np.concatenate([own.first, times.first[keep]]),
        np.concatenate([own.last, times.last[keep]]), len(own),
    )  # fmt: skip


def _matched(run: Run, columns: tuple[ColumnMatch, ...], by: str, record: np.ndarray, rows: Judged) -> Matched:
    intervals: Intervals = rows.intervals
    return Matched(
        run.hasher.info.register, columns, "record" if by == "record" else "blocks", record.astype(np.uint32),
        rows.verdict, rows.surety, intervals, rows.altered, run.register.records, run.register.horizon,
    )  # fmt: skip
