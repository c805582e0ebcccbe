"""Pieces drawn by lot: what one row may change, against every model counted out; and what is told apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.date.drawn import HEAT, ODDS, PIECES, PRIVACY, ROWS, Drawn, Models, Paths, Sheet, _shuffled, drawn
from kulla.leaks.date.patterns import MOST, TIMES, WAYS, Patterns, grid, holds, stood
from kulla.leaks.date.window import told_by
from kulla.leaks.discretion import Discretion
from kulla.leaks.intervals import FOREVER, Intervals, from_rows

END = 64_000
SPAN = (0, END)


def lots(seed: int):  # type: ignore[no-untyped-def]
    return Discretion(False, bytes(32), str(seed).encode()).lots


def sheet(
    intervals: Intervals, block: np.ndarray | None = None, record: np.ndarray | None = None,
    place: np.ndarray | None = None,
) -> Sheet:  # fmt: skip
    count = len(intervals)
    telling = np.zeros(count, bool)
    telling[told_by(intervals, SPAN)] = True
    place = np.arange(count) if place is None else place
    block = np.zeros(int(place.max(initial=0)) + 1, np.int64) if block is None else block
    return Sheet(intervals, telling, np.arange(1, count + 1) if record is None else record, count, place, block, SPAN)


def copied(draw: np.random.Generator, moments: np.ndarray, changes: float = 3.0) -> Intervals:
    """One row for each moment: of a record with changes at random, as it stood then."""
    first, last = np.zeros(len(moments), np.int64), np.full(len(moments), FOREVER)
    for row, moment in enumerate(moments.tolist()):
        times = np.sort(draw.integers(1, END, draw.poisson(changes)))
        at = int(np.searchsorted(times, moment, "right"))
        first[row] = times[at - 1] if at else 0
        last[row] = times[at] if at < len(times) else FOREVER
    return from_rows(np.arange(len(moments)), first, last, len(moments))


def pieces(intervals: Intervals, seed: int = 0, **more: np.ndarray) -> list[Drawn]:
    return drawn(sheet(intervals, **more), np.flatnonzero(intervals.some), lots(seed))


rows_of_any_kind = st.lists(
    st.lists(st.tuples(st.integers(-10, END + 10), st.integers(1, END)), max_size=3), min_size=1, max_size=20
)


def made(rows: list[list[tuple[int, int]]]) -> Intervals:
    each = [(row, first, first + length) for row, some in enumerate(rows) for first, length in some]
    row, first, last = (np.array(part, np.int64) for part in (zip(*each, strict=True) if each else ([], [], [])))
    return from_rows(row, first, last, len(rows))


@settings(deadline=None)
@given(rows_of_any_kind)
def test_a_mask_has_the_stretches_in_which_a_row_stood(rows: list[list[tuple[int, int]]]) -> None:
    intervals, edges = made(rows), grid(SPAN)
    masks = stood(intervals, edges)
    for at, (first, last) in enumerate(pairwise(edges.tolist())):
        assert np.array_equal(holds(masks, at), intervals.meets(first, last))


@settings(deadline=None)
@given(rows_of_any_kind)
def test_a_row_never_speaks_for_a_model_by_more_than_its_most(rows: list[list[tuple[int, int]]]) -> None:
    patterns = Patterns.made(stood(made(rows), grid(SPAN)))
    for way, mass in product(WAYS, (0.0, 0.01, 0.5, 1.0)):
        worth = patterns.worth(mass, way)
        assert worth.min() >= 0
        assert worth.max() <= MOST


@settings(deadline=None)
@given(rows_of_any_kind)
def test_every_pattern_is_counted(rows: list[list[tuple[int, int]]]) -> None:
    masks = stood(made(rows), grid(SPAN))
    patterns = Patterns.made(masks)
    bits = masks[:, None] >> np.arange(TIMES, dtype=np.uint64) & np.uint64(1)
    assert np.array_equal(patterns.held[patterns.of], bits)
    assert patterns.counts(np.arange(len(rows)) % 2, 2).sum(axis=1).tolist() == [-(-len(rows) // 2), len(rows) // 2]


def chances(of: Sheet) -> list[np.ndarray]:
    """The logarithms of the chances of all models, family by family."""
    _, groups = Models(of, lots(0)).groups()
    whole = np.logaddexp.reduce(np.concatenate([each.ravel() for _, _, each in groups]))
    return [each - whole for _, _, each in groups]


def differ(one: Sheet, other: Sheet) -> float:
    """By how much the chances of any model differ, as logarithms."""
    worst = 0.0
    for mine, its in zip(chances(one), chances(other), strict=True):
        known = np.isfinite(mine)
        assert np.array_equal(known, np.isfinite(its))
        worst = max(worst, float(np.abs(mine[known] - its[known]).max(initial=0)))
    return worst


spans = st.lists(st.tuples(st.integers(0, END), st.integers(1, END)), min_size=1, max_size=2)


@settings(max_examples=15, deadline=None)
@given(rows_of_any_kind, st.integers(0, 1000), spans)
def test_whether_one_row_stood_changes_no_chance_by_more_than_promised(
    rows: list[list[tuple[int, int]]], place: int, guess: list[tuple[int, int]]
) -> None:
    place %= len(rows)
    right, wrong = [*rows], [*rows]
    right[place], wrong[place] = guess, []
    block = np.arange(len(rows)) // 7
    with_it, without = (sheet(made(each), block) for each in (right, wrong))
    assert differ(with_it, without) <= PRIVACY + 1e-9


@settings(max_examples=15, deadline=None)
@given(rows_of_any_kind, st.integers(0, 1000), spans, spans)
def test_when_one_row_stood_changes_no_chance_by_more_than_twice_that(
    rows: list[list[tuple[int, int]]], place: int, guess: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    place %= len(rows)
    one, another = [*rows], [*rows]
    one[place], another[place] = guess, other
    assert differ(sheet(made(one)), sheet(made(another))) <= 2 * PRIVACY + 1e-9


@settings(max_examples=15, deadline=None)
@given(rows_of_any_kind.filter(lambda rows: len(rows) > 1), st.integers(0, 1000))
def test_whether_one_row_is_left_out_changes_no_chance_by_more_than_promised(
    rows: list[list[tuple[int, int]]], place: int
) -> None:
    """As rows are that say the same of one person too often: those after it stay where they stood in the file."""
    place %= len(rows)
    block, record, left = np.arange(len(rows)) // 3, np.arange(1, len(rows) + 1), np.delete(np.arange(len(rows)), place)
    whole = sheet(made(rows), block, record)
    fewer = replace(sheet(made([rows[at] for at in left]), block, record[left], left), highest=whole.highest)
    assert differ(whole, fewer) <= PRIVACY + 1e-9


def test_of_a_long_table_every_so_manyth_row_of_the_file_is_looked_at() -> None:
    count = 2 * ROWS + 10
    intervals = from_rows(np.arange(count), np.full(count, 5), np.full(count, 500), count)
    whole = sheet(intervals)
    left = np.delete(np.arange(count), [0, 7])
    fewer = sheet(intervals.take(left), record=left + 1, place=left)
    assert whole.looked.tolist() == list(range(0, count, 3))
    assert left[fewer.looked].tolist() == list(range(3, count, 3))


def test_a_pattern_of_its_own_puts_no_other_out() -> None:
    """Thousands of patterns, and one row more of one."""
    draw = np.random.default_rng(8)
    first = draw.integers(0, END, (3000, 2))
    rows = [[(int(a), 700), (int(b), 700)] for a, b in first]
    assert differ(sheet(made(rows)), sheet(made([[], *rows[1:]]))) <= PRIVACY + 1e-9


def test_the_weights_of_pieces_in_file_order_are_those_of_all_paths() -> None:
    """Every way to stay or to change along three stretches, counted out."""
    draw = np.random.default_rng(1)
    gains, turns = draw.normal(0, 3, (1, 3, TIMES)), np.log(np.array([0.7, 0.3]))
    odds = ODDS - np.log(TIMES)
    by: dict[int, list[float]] = {0: [], 1: [], 2: []}
    every = np.arange(TIMES)
    first = gains[0, 0] - np.log(TIMES)
    for one, two in product((False, True), repeat=2):
        weight = first[:, None, None] + np.zeros((TIMES, TIMES if one else 1, TIMES if two else 1))
        second = gains[0, 1][None, every, None] if one else gains[0, 1][:, None, None]
        third = (
            gains[0, 2][None, None, every]
            if two
            else gains[0, 2][None, every, None]
            if one
            else gains[0, 2][:, None, None]
        )
        weight = weight + second + third + one * (turns[0] + odds) + two * (turns[1] + odds)
        by[one + two].append(float(np.logaddexp.reduce(weight, axis=None)))
    totals = np.logaddexp.reduce(Paths(gains, turns).totals[0], axis=1)
    assert totals == pytest.approx([np.logaddexp.reduce(by[changes]) for changes in range(3)])


def test_paths_are_drawn_as_often_as_they_weigh() -> None:
    gains = np.full((1, 3, TIMES), -50.0)
    gains[0, :, 5] = (3.0, 3.0, 0.0)
    gains[0, :, 9] = (0.0, 0.0, 12.0)
    paths, draw = Paths(gains, np.log(np.array([0.5, 0.5]))), np.random.default_rng(3)

    def pick(_: str, weights: np.ndarray) -> int:
        return int(draw.choice(len(weights), p=np.exp(weights - np.logaddexp.reduce(weights))))

    taken = [paths.path(0, TIMES + 9, pick).tolist() for _ in range(2000)]
    odds = np.exp(
        [6.0 + 12.0, 3.0 + 0.0 + 12.0, 12.0]
    )  # 5 5 9, 5 9 9 and the change from 9 to 9 itself, at either place
    shares = [np.mean([each == kind for each in taken]) for kind in ([5, 5, 9], [5, 9, 9])]
    assert shares == pytest.approx((odds / (odds[0] + odds[1] + 2 * odds[2]))[:2], abs=0.02)


def test_rows_of_one_time_are_one_piece() -> None:
    intervals = copied(np.random.default_rng(0), np.full(2000, 40_000))
    for seed in range(5):
        (only,) = pieces(intervals, seed)
        assert only.kind == "instant"
        assert len(only.rows) == 2000
        assert only.stray == 0


def test_pieces_in_file_order_are_told_apart() -> None:
    moments = np.repeat([45_000, 15_000], [1500, 900])
    for seed in range(5):
        late, early = sorted(pieces(copied(np.random.default_rng(1), moments), seed), key=lambda each: each.rows[0])
        assert abs(len(late.rows) - 1500) <= 2400 / 64
        assert set(late.rows) | set(early.rows) == set(range(2400))


def test_a_piece_begins_at_a_block_where_there_is_one() -> None:
    moments, block = np.repeat([45_000, 15_000], [1490, 910]), np.repeat([0, 1], [1490, 910])
    for seed in range(5):
        parts = pieces(copied(np.random.default_rng(1), moments), seed, block=block)
        assert sorted(len(each.rows) for each in parts) == [910, 1490]


def test_shuffled_pieces_are_told_apart() -> None:
    moments = np.random.default_rng(2).permutation(np.repeat([45_000, 15_000], [2000, 1000]))
    for seed in range(5):
        early, late = pieces(copied(np.random.default_rng(2), moments, 8.0), seed)
        assert early.kind == late.kind == "instant"
        assert np.mean(moments[early.rows] == 15_000) > 0.75
        assert np.mean(moments[late.rows] == 45_000) > 0.9


def test_what_few_rows_tell_apart_is_one_piece() -> None:
    """By the lowest BIC, ten such rows are a piece."""
    moments = np.concatenate([np.full(1000, 45_000), np.full(12, 10_000)])
    assert all(len(pieces(copied(np.random.default_rng(3), moments, 8.0), seed)) == 1 for seed in range(30))


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_crawl_is_one_piece_with_a_way(shuffle: bool) -> None:
    draw = np.random.default_rng(4)
    moments, record = np.linspace(10_000, 50_000, 4000).astype(np.int64), np.arange(1, 4001)
    if shuffle:
        record = draw.permutation(record)
        moments = moments[record - 1]
    (only,) = pieces(copied(draw, moments, 8.0), record=record)
    assert only.kind == "crawl"
    assert len(only.rows) == 4000
    places, times = zip(*only.way, strict=True)
    assert times[0] < 16_000
    assert times[-1] > 44_000
    assert (places == tuple(sorted(places))) is not shuffle


def test_to_which_piece_a_row_goes_hangs_on_itself_alone() -> None:
    draw = np.random.default_rng(5)
    intervals = copied(draw, draw.permutation(np.repeat([45_000, 15_000], [300, 300])))
    whole = _shuffled(sheet(intervals), np.arange(600), [15, 45], [0.5, 0.5])
    left = np.delete(np.arange(600), [3, 200])
    fewer = _shuffled(sheet(intervals.take(left), place=left), np.arange(598), [15, 45], [0.5, 0.5])
    for one, other in zip(whole, fewer, strict=True):
        assert set(one.rows) - {3, 200} == set(left[other.rows])


def test_a_change_is_likelier_where_a_block_ends() -> None:
    turns = np.exp(sheet(copied(np.random.default_rng(1), np.full(100, 9)), np.repeat([0, 1], [35, 65])).turns)
    assert turns.sum() == pytest.approx(1)
    assert turns[3] > 0.5 > 9 * turns[0]


@settings(max_examples=25, deadline=None)
@given(rows_of_any_kind, st.integers(0, 50), st.integers(1, 9))
def test_every_exact_row_is_in_one_piece(rows: list[list[tuple[int, int]]], seed: int, size: int) -> None:
    intervals = made(rows)
    found = pieces(intervals, seed, block=np.arange(len(rows)) // size)
    placed = np.concatenate([each.rows for each in found]) if found else np.zeros(0, np.int64)
    assert np.array_equal(np.sort(placed), np.flatnonzero(intervals.some))
    assert len(found) <= PIECES
    assert all(0 <= each.stray <= len(each.rows) for each in found)


def test_heat_is_what_a_row_weighs_at_most_by_what_it_may_change() -> None:
    assert MOST / HEAT == PRIVACY
