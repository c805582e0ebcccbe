from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from insiderreads import MANIFEST, at, day_reads, explanations, read

from kulla.registers.insider import reads as module
from kulla.registers.insider.context import context
from kulla.registers.insider.facts import facts
from kulla.registers.insider.state import State


def test_bulk_and_touches_count_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    rows = [
        read(f"a{n % 3}", at(0, 8) + timedelta(minutes=n), sorted(set(rng.integers(1, 300, int(size)).tolist())))
        for n, size in enumerate(rng.integers(1, 60, 60))
    ]
    told = context(MANIFEST, explanations=explanations([{"account": "a1"}]), watched=range(1, 40), decoys=[7, 8])
    plain = facts(day_reads(rows), told)
    monkeypatch.setattr(module, "BULK", 25)
    large = facts(day_reads(rows), told)
    assert len(day_reads(rows).bulk) > 10
    for name in ("persons", "explained", "watched", "decoys", "hours", "without_case", "read_persons"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(large, name), err_msg=name)
    one, other = State(), State()
    one.note(plain, one.rows(plain.subjects))
    other.note(large, other.rows(large.subjects))
    np.testing.assert_array_equal(one.cells, other.cells)


def test_a_case_file_does_not_explain_a_scan() -> None:
    many = range(1, module.BULK + 1)
    told = context(MANIFEST, explanations=explanations([{"account": "a", "record_no": 5}]))
    found = facts(day_reads([read("a", at(0, 9), many), read("a", at(0, 10), [5])]), told)
    assert (found.persons.tolist(), found.explained.tolist()) == ([module.BULK], [1.0])
