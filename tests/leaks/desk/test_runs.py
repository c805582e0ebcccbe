"""The log of runs: chained, rate-limited, and telling when it was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kulla.errors import InputError, UsageError
from kulla.leaks.desk.runs import Run, begin, end, runs_in

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def run(time: datetime = NOON, registers: tuple[str, ...] = ("payroll",)) -> Run:
    return Run(
        0, time, "begun", "12/2026", "find the source", "a.b", "c.d", "ff" * 32, ("ff" * 32,), registers, "centre"
    )


def test_a_run_is_noted_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "traces" / "runs.jsonl"
    begun = begin(path, run(), 5)
    end(path, begun, NOON + timedelta(minutes=1), ["none"])
    first, second = runs_in(path)
    assert (first.seq, first.state, second.seq, second.state) == (1, "begun", 2, "ended")
    assert second.previous == first.hash
    assert second.outcome == ("none",)
    assert second.case == "12/2026"


@pytest.mark.parametrize("change", ["alter", "remove", "swap", "truncate"])
def test_a_changed_log_is_told(tmp_path: Path, change: str) -> None:
    path = tmp_path / "runs.jsonl"
    for minute in range(4):
        begin(path, run(NOON + timedelta(minutes=minute)), 9)
    lines = path.read_bytes().splitlines(keepends=True)
    if change == "alter":
        lines[1] = lines[1].replace(b"find the source", b"find some source")
    elif change == "remove":
        del lines[1]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    else:
        lines[2] = lines[2][:40] + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=r"runs\.jsonl:[23]: "):
        runs_in(path)


def test_runs_are_few_for_each_register_and_day(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    for minute in range(3):
        begin(path, run(NOON + timedelta(minutes=minute)), 3)
    with pytest.raises(UsageError, match="may begin at 2026-05-05 12:00 UTC"):
        begin(path, run(NOON + timedelta(hours=1)), 3)
    begin(path, run(NOON + timedelta(hours=1), ("civil",)), 3)
    begin(path, run(NOON + timedelta(hours=24)), 3)
    assert len(runs_in(path)) == 5


def test_a_refused_run_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    begin(path, run(), 1)
    before = path.read_bytes()
    with pytest.raises(UsageError):
        begin(path, run(), 1)
    assert path.read_bytes() == before
