"""A process that falls: later each time, never in vain, and with all that it started."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import pytest

from kulla.centre.running import child
from kulla.centre.running.child import Child


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Child]]:
    monkeypatch.setattr(child, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(child, "LONGEST_WAIT", 0.1)
    children: list[Child] = []
    yield children
    for each in children:
        each.stop(0)


def started(made: list[Child], code: str) -> Child:
    found = Child("worker", [sys.executable, "-c", code], os.environ)
    made.append(found)
    found.start()
    return found


def tended(found: Child, wanted: str, first: bool = True) -> str:
    """What it says when something of this kind happens."""
    for _ in range(2000):
        told = found.tend(first)
        if wanted in told:
            return told
        time.sleep(0.005)
    raise AssertionError(f"never {wanted}")


def test_it_waits_longer_each_time_up_to_the_longest(made: list[Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "FIRST_WAIT", 0.02)
    found = started(made, "raise SystemExit(7)")
    waits = []
    for fall in range(1, 6):
        assert "status 7" in tended(found, "ended")
        waits.append(found._next - time.monotonic())
        assert found.falls == fall
        tended(found, "started again")
    assert waits[0] < waits[1] < waits[2] <= 0.1
    assert max(waits) <= 0.1


def test_one_that_was_well_begins_at_the_first_wait(made: list[Child], monkeypatch: pytest.MonkeyPatch) -> None:
    found = started(made, "raise SystemExit(7)")
    tended(found, "ended")
    tended(found, "started again")
    monkeypatch.setattr(child, "WELL", -1.0)
    tended(found, "ended")
    assert found.falls == 1


def test_one_that_hung_was_not_well(made: list[Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "WELL", -1.0)
    found = started(made, "import time; time.sleep(600)")
    for fall in (1, 2, 3):
        found.end()
        assert "SIGKILL" in tended(found, "ended")
        assert found.falls == fall
        tended(found, "started again")
    assert found.alive


def test_a_configuration_of_no_use_ends_all_at_the_start_and_later_only_itself(made: list[Child]) -> None:
    found = started(made, "raise SystemExit(2)")
    with pytest.raises(SystemExit):
        tended(found, "ended")
    assert "status 2" in tended(found, "ended", first=False)
    tended(found, "started again", first=False)
