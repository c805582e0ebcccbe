"""The end-to-end bench in small: a country of few, the same steps, the same judgement."""

from __future__ import annotations

import orjson
import pytest

from bench.endtoend import Home, Size, judged, prepare, report, timed


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    here = Home(tmp_path_factory.mktemp("home"))
    prepare(here, Size(persons=2500, months=4, reads=3000, rows=600, accounts=40, seed=5))
    return here


def test_what_is_made_is_used_again(home: Home) -> None:
    before = home.leak.stat().st_mtime_ns
    prepare(home, Size(persons=2500, months=4, reads=3000, rows=600, accounts=40, seed=5))
    assert home.leak.stat().st_mtime_ns == before
    assert len(home.misdeed()["record_numbers"]) == 636


def test_a_trace_is_measured_with_its_stages_and_judged_by_the_truth(home: Home) -> None:
    found = timed(home, "centre", False, 1, 120)
    assert found.run.code == 0
    assert {"files", "recognise payroll", "reports"} <= set(found.stages)
    told = judged(home, found.trace)
    assert told["registers"] == "payroll"
    assert ": holds " in told["window 1"]
    later = orjson.loads(orjson.dumps(found.trace).replace(b"2024-", b"2028-"))
    assert "does not hold" in judged(home, later)["window 1"]
    assert "| centre |" in "\n".join(report(home, Size(), [found]))
