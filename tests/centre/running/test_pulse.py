"""The worker's sign of life does not hang on the time of day."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kulla.centre.running.pulse import beat, beating


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_neither_hides_a_hang_nor_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    beat(tmp_path, "reading files")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
    time.sleep(0.05)
    found = beating(tmp_path)
    assert found is not None
    assert 0.04 < found.silence < 60


def test_one_of_an_older_kulla_or_a_torn_one_is_none(tmp_path: Path) -> None:
    for text in ('{"pid": 1, "at": 1.0, "doing": "waiting"}', '{"pid"', "[]"):
        (tmp_path / "worker.json").write_text(text)
        assert beating(tmp_path) is None
