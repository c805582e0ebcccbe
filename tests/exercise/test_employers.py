from __future__ import annotations

import re

import numpy as np

from kulla.exercise.employers import made_employers


def test_names_and_ids_are_unique_and_of_their_form() -> None:
    employers = made_employers(200_000, 3)
    assert len(set(employers.names)) == len(set(employers.ids)) == len(employers.names)
    assert all(re.fullmatch("[KLM][0-9]{8}[A-W]", each) for each in employers.ids)


def test_employers_stand_by_place_and_each_place_has_some() -> None:
    employers = made_employers(1000, 3)
    assert employers.start[0] == 0
    assert employers.start[-1] == len(employers.names) == employers.total.size - 1
    assert (np.diff(employers.start) > 0).all()
    for place in range(62):
        assert set(employers.municipality[employers.start[place] : employers.start[place + 1]].tolist()) == {place - 1}


def test_weights_sum_up() -> None:
    assert (np.diff(made_employers(1000, 3).total) > 0).all()
