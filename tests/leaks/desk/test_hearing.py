"""A record is heard in a few leaks a year: counted under a key, in one file that the log of runs names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from kulla.errors import InputError
from kulla.leaks.desk.hearing import MOST_LEAKS, hearing
from kulla.leaks.desk.runs import Run, begin, runs_in

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = bytes(range(32))
HIGHEST = 50


def heard(
    log: Path, leak: str, records: Sequence[int], texts: Sequence[str | None] = (), secret: bytes = SECRET,
    now: datetime = NOON, highest: int = HIGHEST,
) -> list[bool]:  # fmt: skip
    """Which rows of a leak are left out."""
    run = Run(0, now, "begun", "1", "p", "a", "b", "ff", (), ("payroll",), "centre")
    begun = begin(log, run, 10_000)
    with hearing(log, begun, "payroll", secret, highest, leak, now) as counts:
        (gone,) = counts.spent([(np.array(records, np.uint32), list(texts) or [None] * len(records))])
    return [bool(each) for each in gone]


def test_who_was_heard_in_many_leaks_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    told = [heard(log, f"leak {n}", [7, 7, 10 + n, 0]) for n in range(MOST_LEAKS + 1)]
    assert told[:MOST_LEAKS] == [[False] * 4] * MOST_LEAKS
    assert told[-1] == [True, True, False, False]


def test_the_same_leak_counts_once_and_is_heard_as_before(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    for _ in range(2 * MOST_LEAKS):
        assert heard(log, "same", [7]) == [False]
    for n in range(MOST_LEAKS - 1):
        assert heard(log, f"other {n}", [7]) == [False]
    assert heard(log, "one more", [7, 8]) == [True, False]
    assert heard(log, "same", [7]) == [False]
    assert heard(log, "one more", [7, 8]) == [True, False]


def test_who_is_left_out_makes_it_another_leak(tmp_path: Path) -> None:
    """With the same noise on statements with and without a person, their difference would be the person."""
    log, leaks = tmp_path / "runs.jsonl", []
    for n in range(MOST_LEAKS + 1):
        begun = begin(log, Run(0, NOON, "begun", "1", "p", "a", "b", "ff", (), ("payroll",), "centre"), 10_000)
        with hearing(log, begun, "payroll", SECRET, HIGHEST, f"leak {n}", NOON) as counts:
            plain = counts.leak
            counts.spent([(np.array([7], np.uint32), [None])])
            leaks.append(counts.leak == plain)
    assert leaks == [True] * MOST_LEAKS + [False]


def test_persons_without_a_record_fall_silent_as_others_do(tmp_path: Path) -> None:
    """Else, whoever is asked for so often that nothing is heard any more is in the register, and others are not."""
    log = tmp_path / "runs.jsonl"
    told = [heard(log, f"leak {n}", [0, 0], ["x1", None]) for n in range(MOST_LEAKS + 1)]
    assert told[-1] == [True, False]


def test_counts_begin_anew_each_year_and_with_another_key(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    for n in range(MOST_LEAKS):
        heard(log, f"leak {n}", [7])
    assert heard(log, "x", [7]) == [True]
    assert heard(log, "x", [7], secret=bytes(32)) == [False]
    assert heard(log, "x", [7], now=NOON.replace(year=2027)) == [False]


def test_a_register_that_grew_keeps_what_was_counted(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    for n in range(MOST_LEAKS):
        heard(log, f"leak {n}", [7, 0], [None, "y"])
    assert heard(log, "x", [7, 60, 0], [None, None, "y"], highest=80) == [True, False, True]


def test_the_file_tells_nothing_without_the_key(tmp_path: Path) -> None:
    sizes, held = set(), b""
    for n, records in enumerate(([7], list(range(1, 40)))):
        log = tmp_path / str(n) / "runs.jsonl"
        heard(log, "x", records)
        (path,) = (log.parent / "heard").glob("payroll-*")
        held = path.read_bytes()
        sizes.add(len(held))
        assert path.stat().st_mode & 0o077 == 0
    assert len(sizes) == 1
    assert len(set(np.bincount(np.frombuffer(held, np.uint8), minlength=256).tolist())) > 100  # no value stands out
    assert np.bincount(np.frombuffer(held, np.uint8), minlength=256).max() < 1.1 * len(held) / 256


@pytest.mark.parametrize("harm", ["older", "altered", "gone"])
def test_an_older_altered_or_missing_file_stops_the_run(tmp_path: Path, harm: str) -> None:
    log = tmp_path / "runs.jsonl"
    heard(log, "one", [7])
    (path,) = (tmp_path / "heard").glob("payroll-*")
    old = path.read_bytes()
    heard(log, "two", [7])
    (path,) = (tmp_path / "heard").glob("payroll-*")
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(old if harm == "older" else path.read_bytes()[:-1] + b"\0")
    with pytest.raises(InputError, match="who was heard in how many leaks"):
        heard(log, "three", [7])


def test_a_run_that_fails_counts_nothing_and_the_log_stays_whole(tmp_path: Path) -> None:
    log = tmp_path / "runs.jsonl"
    begun = begin(log, Run(0, NOON, "begun", "1", "p", "a", "b", "ff", (), ("payroll",), "centre"), 9)
    with pytest.raises(ZeroDivisionError), hearing(log, begun, "payroll", SECRET, HIGHEST, "x", NOON):
        raise ZeroDivisionError
    assert [run.state for run in runs_in(log)] == ["begun"]
    heard(log, "y", [7])
    assert [run.state for run in runs_in(log)] == ["begun", "begun", "heard"]
