"""Whether decoys can be told from persons. The full attack stands in bench/extractattack.py."""

from __future__ import annotations

import numpy as np
import pytest
from registers.extracts.country import made

from bench import extractattack as attack


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[attack.Floats, np.ndarray]]:
    """For two keys: the features of all persons in a recipient's joined copies, and which of them are decoys."""
    owner, _ = made(tmp_path_factory.mktemp("owner"))
    found = []
    for number in range(2):
        joined, ids = attack.copies(owner, bytes([number + 1]) * 32, 64)
        persons = sorted(joined.civil)
        found.append((attack.features(joined, persons), np.array([each in ids for each in persons])))
    return found


def test_no_single_sign_tells_a_decoy(copies: list[tuple[attack.Floats, np.ndarray]]) -> None:
    areas = attack.single(copies)
    assert sum(labels.sum() for _, labels in copies) > 300
    assert {at: round(area, 3) for at, area in enumerate(areas) if area > 0.6} == {}


def test_the_attack_would_see_a_crude_decoy(copies: list[tuple[attack.Floats, np.ndarray]]) -> None:
    features, labels = copies[0]
    crude = features.copy()
    crude[labels, 18] = 0  # each lives alone
    assert attack.single([(crude, labels)])[18] > 0.75
