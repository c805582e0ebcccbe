"""Another machine looks whether a centre lives."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from kulla.centre.lifesign import give, look

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_it_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    assert look(path).age is None
    give(path, "0123456789abcdef", NOW)
    found = look(path)
    assert found.centre == "0123456789abcdef"
    assert found.age is not None
    assert [each.name for each in tmp_path.iterdir()] == ["beat"]


def test_what_is_no_sign(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    for text in ("", "{}", "[]", "null", "\udcff"):
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert look(path).age is None
    give(path, "x", NOW)
    os.utime(path, (time.time() + 3600,) * 2)
    assert look(path).age is None  # a clock that is wrong hides nothing
