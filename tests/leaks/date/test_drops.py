"""The calibration of dating: how far a region reaches, read, looked up and measured."""

from __future__ import annotations

import numpy as np
import orjson
import pytest

from kulla.errors import ConfigError
from kulla.leaks.date import Drops, calibrate_drops, read_drops, shipped_drops, stock
from kulla.leaks.date.calibration import SHARES, Trial, _below, covering, drops_of
from kulla.leaks.date.drops import LEAST
from kulla.leaks.intervals import FOREVER
from kulla.leaks.world import World

TABLE = Drops((100, 1_000), (0.1, 1.0), ((3.5, 5.0), (3.2, 4.0)))


def test_the_larger_of_the_neighbouring_sizes_holds() -> None:
    assert TABLE.of(100, 0.05) == 3.5
    assert TABLE.of(500, 0.05) == 3.5
    assert TABLE.of(500, 0.5) == 5.0
    assert TABLE.of(1_001, 0.5) == 4.0
    assert TABLE.of(9_999_999, 0.05) == 3.2
    assert TABLE.of(0, 1.0) == 5.0


def test_no_drop_is_less_than_the_least() -> None:
    assert Drops((10,), (1.0,), ((0.2,),)).of(10, 0.0) == LEAST


def test_what_is_written_is_read_again() -> None:
    assert read_drops(orjson.dumps(TABLE.plain()), "x.json") == TABLE


@pytest.mark.parametrize(
    "text",
    [b"{", b"{}", b'{"format": 9}', orjson.dumps(TABLE.plain() | {"nats": [[3.0]]}),
     orjson.dumps(TABLE.plain() | {"sizes": [1_000, 100]}), orjson.dumps(TABLE.plain() | {"sizes": []})],
)  # fmt: skip
def test_what_is_no_calibration_is_refused_with_its_place(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"x\.json"):
        read_drops(text, "x.json")


def test_the_shipped_table_is_there_and_says_that_it_is_not_the_registers_own() -> None:
    drops = shipped_drops()
    assert not drops.own
    assert drops.runs >= 1_000
    assert all(LEAST <= nats < 10 for row in drops.nats for nats in row)


def test_a_bound_covers_the_level_for_sure_enough() -> None:
    # 45 is the fewest for which the greatest of them is such a bound: 0.95 ** 45 < 0.1.
    assert _below(44, 45) == pytest.approx(1 - 0.95**45)
    assert _below(9, 10) == pytest.approx(1 - 0.95**10)
    needs = np.arange(1.0, 201.0)
    bound = covering(needs)
    assert 193 < bound < 198
    assert covering(np.zeros(0)) == LEAST


def test_a_size_with_too_few_trials_takes_those_of_all() -> None:
    many = [Trial(100, 0.5, 4.0) for _ in range(120)] + [Trial(1_000, 0.5, 9.0)]
    drops = drops_of(many, True, 0)
    assert drops.sizes == (100, 1_000)
    assert drops.nats[0][-1] == pytest.approx(4.001)
    assert drops.nats[1][-1] == pytest.approx(4.001)
    assert drops.nats[0][0] == LEAST
    assert drops.shares == SHARES


def world() -> World:
    """A register of 300 records with about three changes each."""
    draw = np.random.default_rng(1)
    record, first, last = [], [], []
    for number in range(1, 301):
        times = np.sort(draw.integers(1, 10**9, draw.poisson(3))).tolist()
        for a, b in zip([0, *times], [*times, FOREVER], strict=True):
            record.append(number)
            first.append(a)
            last.append(b)
    cells = {"name": np.arange(len(record)).astype(np.uint64)}
    return World(np.array(record, np.uint32), np.array(first), np.array(last), cells, 300, (0, 10**9))


def test_a_register_is_calibrated_on_its_own_history_and_repeatably() -> None:
    of = stock(world(), ["name"])
    drops = calibrate_drops(of, (80, 200), 12, 5)
    assert drops.own
    assert drops.runs == 2 * 4 * 12
    assert drops == calibrate_drops(of, (80, 200), 12, 5)
    assert all(nats >= LEAST for row in drops.nats for nats in row)
