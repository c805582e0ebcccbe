"""`kulla heartbeat`: fresh, old, missing."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kulla.centre.lifesign import give
from kulla.cli.heartbeat import heartbeat, span
from kulla.errors import UsageError

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_fresh_old_and_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "beat"
    assert heartbeat(path, "10m", False) == 3
    assert "SILENT" in capsys.readouterr().err
    give(path, "0123456789abcdef", NOW)
    assert heartbeat(path, "10m", False) == 0
    assert "0123456789abcdef" in capsys.readouterr().out
    os.utime(path, (time.time() - 700,) * 2)
    assert heartbeat(path, "10m", False) == 3
    assert heartbeat(path, "1h", True) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["beat"]


def test_lengths_of_time() -> None:
    assert span("90s").total_seconds() == 90
    assert span("2h").total_seconds() == 7200
    for wrong in ("", "10", "0m", "-5m", "m", "1w"):
        with pytest.raises(UsageError):
            span(wrong)
