"""Ages of decoys' households."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from kulla.registers.decoys.ages import Ages
from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll
from kulla.registers.manifest import Column, Manifest, Meaning
from kulla.registers.nationalid import birth_date, made

EPOCH = date(1970, 1, 1)


def manifest(name: str, *columns: tuple[str, Meaning]) -> Manifest:
    return Manifest(name, "o", "c", "civil", "law", "files", "x", "", ("nid",), tuple(Column(*c) for c in columns))


def country(homes: int, seed: int = 1) -> tuple[tuple[Roll, Roll], list[list[str]]]:
    """Couples with a child; the adults are paid, and the children of 18 or more."""
    random = np.random.default_rng(seed)
    rows, paid, households = [], [], []
    for home in range(homes):
        head = EPOCH + timedelta(int(random.integers(-4000, 9000)))
        spouse = head + timedelta(int(random.normal(1000, 800)))
        child = head + timedelta(int(random.normal(10_500, 1500)))
        born = [(head, False), (spouse, True), (child, home % 2 == 0)]
        ids = [made(day, woman, (home * 3 + at) % 1000) for at, (day, woman) in enumerate(born)]
        households.append(ids)
        for each, (day, _) in zip(ids, born, strict=True):
            rows.append({"nid": each, "town": "Vlorë", "address": f"Rruga, nr. {home}"})
            if day < date(2006, 1, 1):
                paid.append({"nid": each})
    columns: tuple[tuple[str, Meaning], ...] = (
        ("nid", "national_id"),
        ("town", "municipality"),
        ("address", "address"),
    )
    civil = Roll(manifest("civil", *columns), pa.Table.from_pylist(rows))
    return (civil, Roll(manifest("payroll", columns[0]), pa.Table.from_pylist(paid))), households


def days(household: Sequence[str], found: dict[str, date]) -> np.ndarray:
    return np.array([(found[each] - EPOCH).days for each in household])


def own(household: Sequence[str]) -> dict[str, date]:
    born = {each: birth_date(each) for each in household}
    return {each: day for each, day in born.items() if day}


@pytest.fixture(scope="module")
def found() -> tuple[np.ndarray, np.ndarray, list[list[bool]]]:
    """Real households' days of birth, decoys', and who of these is paid."""
    rolls, households = country(900)
    ages = Ages(rolls)
    paid = set(rolls[1].persons.to_pylist())
    some = households[::3]
    return (
        np.array([days(each, own(each)) for each in households]),
        np.array([days(each, ages.of(Draw(b"k", at), each)) for at, each in enumerate(some)]),
        [[person in paid for person in each] for each in some],
    )


def test_ages_are_as_in_the_country(found: tuple[np.ndarray, np.ndarray, list[list[bool]]]) -> None:
    real, ours, _ = found
    for gap in (1, 2):
        apart_real, apart_ours = real[:, gap] - real[:, 0], ours[:, gap] - ours[:, 0]
        assert abs(np.median(apart_real) - np.median(apart_ours)) < 250
        assert 0.8 < apart_ours.std() / apart_real.std() < 1.35
    assert abs(np.median(real[:, 0]) - np.median(ours[:, 0])) < 800


def test_whoever_is_paid_is_old_enough(found: tuple[np.ndarray, np.ndarray, list[list[bool]]]) -> None:
    _, ours, paid = found
    edge = (date(2006, 1, 1) - EPOCH).days
    assert any(not each[2] for each in paid)
    assert (ours[np.array(paid)] < edge).all()


def test_no_household_has_a_twin(found: tuple[np.ndarray, np.ndarray, list[list[bool]]]) -> None:
    real, ours, _ = found

    def nearest(one: np.ndarray, others: np.ndarray) -> float:
        apart = np.abs(others - others[:, :1] - (one - one[0])).max(axis=1)
        return float(np.sort(apart)[0])

    among_real = [nearest(each, np.delete(real, at, axis=0)) for at, each in enumerate(real[:300])]
    to_real = [nearest(each, real) for each in ours]
    assert np.median(to_real) > 0.6 * np.median(among_real)
    assert np.quantile(to_real, 0.1) > 0.4 * np.quantile(among_real, 0.1)


def test_a_household_like_no_other_still_gets_ages() -> None:
    rolls, households = country(3)
    ages = Ages(rolls).of(Draw(b"k", 1), households[0])
    assert ages.keys() == set(households[0])
    assert ages != own(households[0])
