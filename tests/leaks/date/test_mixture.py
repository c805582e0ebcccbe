"""Of how many pieces a table is: shuffled, one after the other, crawled; and what each piece says of itself."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.date import Bounds, Drops, mixture
from kulla.leaks.date.along import candidates, laid, path, rises, straight
from kulla.leaks.date.background import belief
from kulla.leaks.date.instants import held, known, settled, without
from kulla.leaks.date.mixture import dealt
from kulla.leaks.date.models import AT_BLOCK, Rows, one_after_another, price, shuffled
from kulla.leaks.dated import Mixture, Piece
from kulla.leaks.intervals import FOREVER, Intervals, from_rows
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ColumnMatch, Matched

END = 10_000
HORIZON = (0, END)
DROPS = Drops((1,), (1.0,), ((3.0,),))


def copied(draw: np.random.Generator, moments: list[int] | np.ndarray, changes: float = 6.0) -> Intervals:
    """One row for each moment: of a record with changes at random, as it stood then."""
    first, last = np.zeros(len(moments), np.int64), np.full(len(moments), FOREVER)
    for row, moment in enumerate(np.asarray(moments).tolist()):
        times = np.sort(draw.integers(1, END, draw.poisson(changes)))
        at = int(np.searchsorted(times, moment, "right"))
        first[row] = times[at - 1] if at else 0
        last[row] = times[at] if at < len(times) else FOREVER
    return from_rows(np.arange(len(moments)), first, last, len(moments))


def found(
    intervals: Intervals, *, blocks: np.ndarray | None = None, record: np.ndarray | None = None,
    cells: list[str] | None = None, seen: int | None = None, limits: Bounds | None = None,
    columns: tuple[str, ...] = ("nid",),
) -> Mixture:  # fmt: skip
    count = len(intervals)
    matched = Matched(
        "payroll", tuple(ColumnMatch(0, name, 0.9, 0.0, 0.9, count) for name in columns), "record",
        np.arange(1, count + 1, dtype=np.uint32) if record is None else record, np.zeros(count, np.uint8),
        np.zeros(count, np.uint8), intervals, np.full(count, -1, np.int16), count, HORIZON,
    )  # fmt: skip
    table = LeakTable(
        "sheet", (), pa.table({"c0": pa.array(cells or ["x"] * count)}), np.arange(count) + 1,
        np.zeros(count, np.int32) if blocks is None else blocks,
    )  # fmt: skip
    return mixture(matched, table, DROPS, seen, 4, limits=limits)


def dated_at(piece: Piece, moment: int) -> bool:
    return any(a <= moment < b for a, b in piece.window.spans)


def test_rows_of_one_time_are_one_piece_with_all_rows() -> None:
    draw = np.random.default_rng(1)
    result = found(copied(draw, [6_000] * 500))
    (piece,) = result.pieces
    assert piece.kind == "instant"
    assert piece.table == 4
    assert piece.register == "payroll"
    assert piece.rows.tolist() == list(range(500))
    assert dated_at(piece, 6_000)
    assert result.bic[0] == min(result.bic)


@pytest.mark.parametrize("moments", [(7_000, 3_000), (3_000, 8_000, 5_500)])
def test_pieces_one_after_the_other_are_told_apart_and_dated(moments: tuple[int, ...]) -> None:
    draw = np.random.default_rng(2)
    result = found(copied(draw, np.repeat(moments, 300)))
    assert len(result.pieces) == len(moments)
    assert int(np.argmin(result.bic)) == len(moments) - 1
    by_first = sorted(result.pieces, key=lambda piece: int(piece.rows[0]))
    for at, (piece, moment) in enumerate(zip(by_first, moments, strict=True)):
        assert dated_at(piece, moment)
        inside = (piece.rows >= 300 * at) & (piece.rows < 300 * (at + 1))
        assert inside.mean() > 0.97
    every = np.sort(np.concatenate([piece.rows for piece in result.pieces]))
    assert every.tolist() == list(range(300 * len(moments)))


@pytest.mark.parametrize("moments", [(7_000, 3_000), (2_500, 8_000, 5_500)])
def test_shuffled_pieces_are_told_apart_and_dated(moments: tuple[int, ...]) -> None:
    draw = np.random.default_rng(3)
    result = found(copied(draw, draw.permutation(np.repeat(moments, 400))))
    assert len(result.pieces) == len(moments)
    for moment in moments:
        assert sum(dated_at(piece, moment) for piece in result.pieces) == 1
    every = np.sort(np.concatenate([piece.rows for piece in result.pieces]))
    assert every.tolist() == list(range(400 * len(moments)))


def test_rows_that_hold_at_several_moments_are_dealt_by_share() -> None:
    draw = np.random.default_rng(3)
    intervals = copied(draw, draw.permutation(np.repeat((2_000, 5_000, 8_000), (600, 300, 300))), 2.0)
    model = settled(intervals, HORIZON, (2_000, 5_000, 8_000), True)
    kind = held(intervals, model.moments)
    piece = dealt(kind, model)
    assert ((kind >> piece) & 1 == 1)[kind > 0].all()
    assert (piece[kind == 0] == int(np.argmax(model.shares))).all()
    everywhere = np.bincount(piece[kind == 7], minlength=3)
    assert everywhere == pytest.approx(model.shares * everywhere.sum(), abs=3)
    assert np.bincount(piece, minlength=3).min() > 150


def test_that_many_rows_are_stray_is_little_believed() -> None:
    assert belief(0.0) == 0.0
    told = [belief(share) for share in (0.05, 0.2, 0.5, 0.9)]
    assert told == sorted(told, reverse=True)
    assert told[0] > -0.5
    assert told[2] < -4


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 3))
def test_pieces_found_in_file_order_cost_no_more_than_the_true_ones_joined(seed: int, count: int) -> None:
    """Against pricing the true places and times, and every way to join neighbours in time of what was found."""
    draw = np.random.default_rng(seed)
    moments = np.sort(draw.choice(np.arange(1_500, 9_500, 1_000), count, replace=False))
    intervals = copied(draw, np.repeat(moments, 150))
    rows = Rows(
        intervals, np.arange(150 * count), np.arange(150 * count), np.ones(150 * count), 150 * count, HORIZON, HORIZON
    )
    tried = [each for each, _ in shuffled(rows, int(moments[0]))]
    made = one_after_another(rows, tried)
    assert made is not None
    turns = int((np.diff(made.moment) != 0).sum())
    assert made.bic == pytest.approx(price(rows, made.moment, made.pieces + turns))
    assert made.bic <= price(rows, np.repeat(moments, 150), 2 * count - 1) + 0.01  # EM stops a little short
    for each in np.unique(made.moment)[:-1].tolist():
        after = int(np.unique(made.moment[made.moment > each])[0])
        joined = np.where(made.moment == each, after, made.moment)
        free = len(np.unique(joined)) + int((np.diff(joined) != 0).sum())
        assert made.bic <= price(rows, joined, free) + 0.01


def test_stray_rows_of_many_times_are_no_piece() -> None:
    draw = np.random.default_rng(4)
    moments = np.where(draw.random(800) < 0.15, draw.integers(0, 6_000, 800), 6_000)
    result = found(copied(draw, moments))
    assert len(result.pieces) == 1
    assert dated_at(result.pieces[0], 6_000)
    assert 0.05 < result.pieces[0].window.epsilon < 0.3


@pytest.mark.parametrize("shuffled", [False, True])
def test_a_crawl_is_a_rise_along_the_file_or_the_record_numbers(shuffled: bool) -> None:
    draw = np.random.default_rng(5)
    moments = np.linspace(2_000, 6_000, 900).astype(np.int64)
    order = draw.permutation(900) if shuffled else np.arange(900)
    result = found(copied(draw, moments[order]), record=(order + 1).astype(np.uint32))
    (piece,) = result.pieces
    assert piece.kind == "crawl"
    places, times = zip(*piece.trajectory, strict=True)
    assert list(times) == sorted(times)
    assert np.abs(np.array(times) - moments[order][list(places)]).max() < 500
    assert piece.window.spans[0][0] <= 2_050
    assert piece.window.spans[-1][1] >= 5_950


def test_a_known_copy_that_stopped_within_the_window_makes_a_piece_frozen() -> None:
    draw = np.random.default_rng(6)
    intervals = copied(draw, [6_000] * 300)
    kinds = [found(intervals, limits=Bounds(frozen=at)).pieces[0].kind for at in ((), (6_000,), (2_000,))]
    assert kinds == ["instant", "frozen", "instant"]


def test_a_column_that_came_late_bounds_every_piece_from_below() -> None:
    intervals = from_rows(np.arange(50), np.full(50, 100), np.full(50, FOREVER), 50)
    late = Bounds(columns_since={"phone": 4_000, "other": 9_000})
    assert found(intervals, limits=late, columns=("nid", "phone")).pieces[0].window.spans == ((4_000, FOREVER),)
    assert found(intervals, limits=late).pieces[0].window.spans == ((100, FOREVER),)
    assert found(intervals, seen=7_000).pieces[0].window.spans == ((100, 7_000),)


def test_the_period_is_read_from_cells_and_never_from_times() -> None:
    """January's payroll, still readable in November: about January, and not before the last correction."""
    filed = from_rows(np.arange(60), np.append(np.full(59, 900), 8_000), np.full(60, FOREVER), 60)
    result = found(filed, cells=["2026-01"] * 59 + ["2026-02"], limits=Bounds(period="nid"))
    (piece,) = result.pieces
    assert piece.reference == ("2026-01", "2026-02")
    assert piece.window.spans == ((8_000, FOREVER),)
    assert piece.window.open_end
    assert found(filed).pieces[0].reference is None


def test_without_exact_rows_there_is_no_piece() -> None:
    none = from_rows(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), 5)
    assert found(none) == Mixture((), ())


def test_a_change_at_a_new_block_is_cheaper() -> None:
    """The same few rows are a piece of their own when the table begins a block with them."""
    draw = np.random.default_rng(2)
    intervals = copied(draw, np.append(np.full(200, 7_000), np.full(14, 4_500)), 5.0)
    counts = []
    for start in (None, 200):
        blocks = None if start is None else (np.arange(214) >= start).astype(np.int32)
        of = laid(intervals, np.full(214, 1.0), np.arange(214), np.linspace(0, 1, 214), candidates(intervals, HORIZON),
                  None if start is None else np.array([start]))  # fmt: skip
        turn = None if blocks is None else np.where(np.append([False], np.diff(blocks) != 0), AT_BLOCK, 1)[of.cuts[:-1]]
        counts.append([path(of, price, False, turn)[1] for price in (3.0, 6.0)])
    assert counts[1][0] - counts[0][0] == pytest.approx(0.75)
    assert counts[1][1] > counts[0][1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_the_path_is_the_best_of_all_paths(seed: int, rising: bool) -> None:
    """Against trying every path of few chunks and few times."""
    draw = np.random.default_rng(seed)
    chunks, times, price = 5, 4, 1.3
    intervals = from_rows(np.arange(chunks), np.zeros(chunks, np.int64), np.full(chunks, 1), chunks)
    of = laid(intervals, np.ones(chunks), np.arange(chunks), np.linspace(0, 1, chunks), np.arange(times))
    of.gains[:] = draw.normal(0, 2, (chunks, times))
    best = -np.inf
    for number in range(times**chunks):
        way = np.array([number // times**k % times for k in range(chunks)])
        steps = np.diff(way)
        if not (rising and (steps < 0).any()):
            best = max(best, of.gains[np.arange(chunks), way].sum() - price * (steps != 0).sum())
    taken, score = path(of, price, rising)
    assert score == pytest.approx(best)
    assert of.gains[np.arange(chunks), taken].sum() - price * (np.diff(taken) != 0).sum() == pytest.approx(best)


def test_a_straight_rise_gains_what_its_rows_gain() -> None:
    draw = np.random.default_rng(7)
    intervals = copied(draw, np.linspace(1_000, 9_000, 200).astype(np.int64))
    times = candidates(intervals, HORIZON)
    of = laid(intervals, np.ones(200), np.arange(200), np.linspace(0, 1, 200), times)
    low, high, gained = straight(of)
    slow = 0
    for row, share in enumerate(np.linspace(0, 1, 200)):
        moment = times[low] + int(float(times[high] - times[low]) * share)
        held_at = times[np.searchsorted(times, moment, "right") - 1]
        slow += bool(intervals.take(np.array([row])).holds(int(held_at))[0])
    assert gained == pytest.approx(slow)
    assert gained == pytest.approx(rises(of, np.array([low]), np.array([high]))[0])
    assert gained > 185


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, END - 1), min_size=1, max_size=3, unique=True))
def test_a_rows_probability_is_the_sum_over_the_moments_it_holds_at(seed: int, moments: list[int]) -> None:
    draw = np.random.default_rng(seed)
    intervals = copied(draw, draw.integers(0, END, 20))
    model = settled(intervals, HORIZON, tuple(sorted(moments)), True)
    assert model.shares.sum() == pytest.approx(1.0)
    mass = known(model.shares)[held(intervals, model.moments)]
    stray = model.background.share * model.background.of(intervals)
    total = 0.0
    for row in range(20):
        here = [intervals.first[row] <= m < intervals.last[row] for m in model.moments]
        assert mass[row] == pytest.approx(float(np.dot(here, model.shares)))
        total += np.log((1 - model.background.share) * float(np.dot(here, model.shares)) + stray[row])
    assert model.loglik == pytest.approx(total + belief(model.background.share))
    for place in range(len(moments)):
        rest = without(intervals, model, place)
        others = (1 - model.background.share) * (mass - model.shares[place] * intervals.holds(model.moments[place]))
        assert rest == pytest.approx(others + stray)
