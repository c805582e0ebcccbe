from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from kulla.errors import UsageError
from kulla.exercise.columns import ids
from kulla.exercise.frame import START, Frame, _serials, frame


@pytest.fixture(scope="module")
def country() -> Frame:
    return frame(30_000, 5)


def test_the_same_seed_makes_the_same_country(country: Frame) -> None:
    again, other = frame(30_000, 5), frame(30_000, 6)
    for each in fields(Frame):
        assert np.array_equal(getattr(country, each.name), getattr(again, each.name))
    assert not np.array_equal(country.born, other.born)
    assert not np.array_equal(country.municipality, other.municipality)


def test_households_live_together_and_stand_together(country: Frame) -> None:
    assert (np.diff(country.household) >= 0).all()
    same = country.household[1:] == country.household[:-1]
    assert (country.municipality[1:][same] == country.municipality[:-1][same]).all()
    assert (country.member[1:][same] == country.member[:-1][same] + 1).all()
    assert (country.member[1:][~same] == 0).all()
    sizes = np.bincount(country.household)
    assert 2 < sizes.mean() < 4


def test_ids_are_unique(country: Frame) -> None:
    made = ids(country.born, country.is_woman, country.serial)
    assert len(made.unique()) == country.persons


def test_ids_are_unique_where_most_are_born() -> None:
    crowd = frame(400_000, 1)
    key = (crowd.born.astype("datetime64[D]").astype(np.int64) * 2 + crowd.is_woman) * 1000 + crowd.serial
    assert np.unique(key).size == crowd.persons
    assert crowd.serial.min() >= 0
    assert crowd.serial.max() < 1000


def test_serials_of_a_full_day_are_all_different() -> None:
    days = np.repeat(np.arange("2000-01-01", "2000-02-10", dtype="datetime64[D]"), 1000)
    serials = _serials(days, np.zeros(days.size, dtype=bool), 1).reshape(40, 1000)
    assert (np.sort(serials, axis=1) == np.arange(1000)).all()
    with pytest.raises(UsageError, match="fewer persons"):
        _serials(np.repeat(days[:1], 1001), np.zeros(1001, dtype=bool), 1)


def test_everybody_is_born_before_the_start(country: Frame) -> None:
    assert country.born.max() < np.datetime64(START)
    assert frame(400_000, 1).born.min() > np.datetime64("1920-01-01")


def test_a_third_works_for_employers_of_a_heavy_tail(country: Frame) -> None:
    assert ((country.employer >= 0) == country.is_employed).all()
    assert 0.28 < country.is_employed.mean() < 0.38
    sizes = np.bincount(country.employer[country.is_employed], minlength=len(country.employers))
    assert sizes.max() > 50 * max(1, np.median(sizes))
    local = country.employer_municipality[country.employer[country.is_employed]]
    home = country.municipality[country.is_employed]
    assert ((local == home) | (local == -1)).all()


def test_municipalities_are_skewed(country: Frame) -> None:
    counts = np.bincount(country.municipality, minlength=61)
    assert len(country.municipalities) == 61
    assert counts.max() > 50 * counts.min()


def test_somebody_is_watched_even_in_a_small_country(country: Frame) -> None:
    assert 1 <= country.is_watched.sum() < country.persons // 1000
    assert frame(1, 1).is_watched.sum() == 1


@pytest.mark.parametrize("persons", [0, -1, 20_000_000])
def test_a_number_out_of_range_is_refused(persons: int) -> None:
    with pytest.raises(UsageError, match="--persons"):
        frame(persons, 1)
