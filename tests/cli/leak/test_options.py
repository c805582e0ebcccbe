"""Options of `kulla leak`: what they take, and where typer stops what they do not."""

from __future__ import annotations

import pytest
from cli.inprocess import kulla

RUN = ("leak", "trace", "leak.csv", "--case", "1", "--purpose", "p", "--by", "a", "--with", "b")


@pytest.mark.parametrize(("option", "value"), [("--prior-unlogged", "1"), ("--prior-unlogged", "0"), ("--seed", "x")])
def test_a_number_out_of_its_range_is_refused(option: str, value: str) -> None:
    ran = kulla(*RUN, option, value)
    assert (ran.code, option in ran.err) == (2, True)


@pytest.mark.parametrize(("option", "value"), [("--runs", "10"), ("--workers", "0")])
def test_a_calibration_needs_enough_runs_and_a_worker(option: str, value: str) -> None:
    ran = kulla("leak", "calibrate", "payroll", option, value)
    assert (ran.code, option in ran.err) == (2, True)


@pytest.mark.parametrize("option", ["--seen", "--received", "--as-of"])
def test_a_time_that_is_none_is_said(option: str, tmp_path: object) -> None:
    ran = kulla(*RUN, "--owner", tmp_path, "--key", "k", option, "yesterday")
    assert (ran.code, f"{option} yesterday" in ran.err) == (2, True)
