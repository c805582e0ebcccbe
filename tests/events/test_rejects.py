from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.errors import OutputError
from kulla.events.formats._api import Reject
from kulla.events.rejects import RejectWriter, readable


def test_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    with RejectWriter(path) as writer:
        writer.write("a.log", "", Reject(3, "bad UTF-8", b"\xff\n\x00"))
        writer.write("b\udcff.zip", "c\x1b[2J", Reject(9, "cut off", b"", "byte"))
    assert writer.count == 2
    one, two = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert one == {
        "file": "a.log",
        "member": "",
        "position": 3,
        "unit": "line",
        "reason": "bad UTF-8",
        "raw": base64.b64encode(b"\xff\n\x00").decode(),
    }
    assert (two["file"], two["member"], two["unit"]) == ("b\\xff.zip", "c\\x1b[2J", "byte")
    assert path.stat().st_mode & 0o077 == 0


def test_an_unwritable_path_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="rejects"):
        RejectWriter(tmp_path / "none" / "rejects.jsonl")


@given(st.text(st.characters(exclude_categories=())))
def test_names_become_plain_text(name: str) -> None:
    shown = readable(name)
    shown.encode("utf-8")
    assert shown.isprintable()
