from __future__ import annotations

import numpy as np
import pytest
from exercise.worlds import country

from kulla.exercise import columns
from kulla.exercise.shelves import shelves


@pytest.mark.parametrize("register", ["payroll", "civil", "voter"])
def test_shelves_hold_everybody_of_the_register_once_in_the_order_of_ids(register: str) -> None:
    frame, made = country(), shelves(country(), register, 1)
    nids = columns.ids(frame.born, frame.is_woman, frame.serial).to_pylist()
    ranked = [nids[person] for person in made.by_rank]
    assert ranked == sorted(ranked)
    assert sorted(made.by_id) == sorted(made.mixed) == made.everyone.tolist()
    for place in range(made.places):
        here = made.by_id[made.start[place] : made.start[place + 1]]
        assert (frame.municipality[here] == place).all()
        assert [nids[person] for person in here] == sorted(nids[person] for person in here)
        assert set(here) == set(made.mixed[made.start[place] : made.start[place + 1]])


def test_payroll_holds_the_employed_alone_by_employer() -> None:
    frame, made = country(), shelves(country(), "payroll", 1)
    assert set(made.everyone) == set(np.flatnonzero(frame.is_employed))
    assert set(made.others) == set(np.flatnonzero(~frame.is_employed))
    employer = int(frame.employer[made.everyone[0]])
    assert set(made.staff_of(employer)) == set(np.flatnonzero(frame.employer == employer))
    employers, start = made.local_employers
    for place in range(made.places):
        here = set(frame.employer[(frame.municipality == place) & frame.is_employed].tolist())
        assert set(employers[start[place] : start[place + 1]].tolist()) == here


def test_a_family_is_the_household() -> None:
    frame, made = country(), shelves(country(), "civil", 1)
    assert set(made.family_of(17)) == set(np.flatnonzero(frame.household == frame.household[17]))
