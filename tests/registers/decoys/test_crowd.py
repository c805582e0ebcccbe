"""How crowded the groups are that decoys join."""

from __future__ import annotations

import numpy as np
import pytest

from kulla.registers.decoys.crowd import unlike


@pytest.mark.parametrize("wanted", [0, 1, 4])
def test_few_others_are_met_exactly(wanted: int) -> None:
    costs = unlike(np.arange(20), wanted)
    assert int(np.argmin(costs)) == wanted
    assert costs[wanted] == 0
    assert np.sort(costs)[1] >= 1.5


def test_of_many_others_one_more_or_less_is_nothing() -> None:
    costs = unlike(np.arange(200), 100)
    assert costs[100] == 0
    assert costs[101] == 0, "the reference's own group"
    assert costs[50] == pytest.approx(1.0, abs=0.02)
    assert costs[0] > costs[1], "to have none is worse"
