"""The log of runs: chained, rate-limited, and telling when it was changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from kulla.errors import ConfigError, InputError, UsageError
from kulla.leaks.desk.runs import Run, begin, earlier_runs, end, excerpt, opened, runs_in

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


@pytest.mark.parametrize("cut", [1, 30])
def test_a_line_cut_short_by_a_crash_stops_no_run(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "runs.jsonl"
    begin(path, run(), 9)
    whole = path.read_bytes()
    begin(path, run(NOON + timedelta(minutes=1)), 9)
    path.write_bytes(path.read_bytes()[:-cut])
    assert len(runs_in(path)) == 1
    begin(path, run(NOON + timedelta(minutes=2)), 9)
    assert path.read_bytes().startswith(whole)
    assert [each.time.minute for each in runs_in(path)] == [0, 2]


def test_an_envelope_serves_one_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    first, second = begin(path, run(), 9), begin(path, run(), 9)  # at once: both looked before either had opened it
    opened(path, first, NOON, ["e1"])
    with pytest.raises(ConfigError, match="served a run already"):
        opened(path, second, NOON, ["e0", "e1"])
    opened(path, second, NOON, ["e2"])


def test_earlier_runs_are_those_on_a_file_of_it_or_for_the_case(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    same = begin(path, run(), 9)
    end(path, same, NOON, ["none"])
    begin(path, replace(run(), leak="aa" * 32, files=("ff" * 32, "aa" * 32), case="7/2026"), 9)
    begin(path, replace(run(), leak="bb" * 32, files=("bb" * 32,)), 9)
    begin(path, replace(run(), leak="cc" * 32, files=("cc" * 32,), case="8/2026"), 9)
    found = earlier_runs(runs_in(path), "ff" * 32, ["ff" * 32], "12/2026")
    assert [(each.leak[:2], ended and ended.outcome) for each, ended in found] == [
        ("ff", ("none",)), ("aa", None), ("bb", None),
    ]  # fmt: skip


def test_evidence_of_one_case_tells_nothing_of_others_but_keeps_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    begin(path, replace(run(), leak="cc" * 32, files=("cc" * 32,), case="secret/1", purpose="the minister"), 9)
    mine = begin(path, run(), 9)
    end(path, mine, NOON, ["none"])
    told = excerpt(path, "ff" * 32, ["ff" * 32], "12/2026")
    assert b"secret/1" not in told
    assert b"minister" not in told
    lines = [orjson.loads(line) for line in told.splitlines()]
    assert [each["seq"] for each in lines] == [1, 2, 3]
    assert lines[1]["previous"] == lines[0]["hash"]
    assert told.splitlines()[1:] == path.read_bytes().splitlines()[1:]
