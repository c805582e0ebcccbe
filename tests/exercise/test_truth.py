from __future__ import annotations

import orjson
from exercise.worlds import world

from kulla.exercise.misdeeds import Misdeed
from kulla.exercise.truth import lines, truth_of
from kulla.registers import bitmap


def test_days_of_a_misdeed_add_up() -> None:
    [done] = truth_of(world((Misdeed("paged_crawl", start=3, days=4, rate=200),)))
    assert sum(new for *_, new in done.daily) == done.persons == bitmap.count(done.record_numbers)
    assert all(new <= persons for _, _, persons, new in done.daily)
    assert done.first is not None
    assert done.last is not None
    assert done.first.date() >= done.daily[0][0]
    assert done.first < done.last


def test_a_misdeed_that_never_happens_is_told_as_such() -> None:
    [done] = truth_of(world((Misdeed("low_and_slow", "u00003", start=500, days=4),)))
    assert (done.first, done.persons, done.daily) == (None, 0, ())
    [line] = lines("payroll", [done])
    assert orjson.loads(line)["from"] is None
