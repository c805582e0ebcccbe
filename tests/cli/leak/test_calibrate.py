"""`kulla leak calibrate`: which sets of columns and cells are measured."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from leaktraces import SALARIES, trace

from kulla.cli.leak.calibrate import SLACK, _wanted
from kulla.errors import InputError, UsageError
from kulla.leaks.calibrate import cells_near


def test_a_traces_pieces_are_measured_by_their_sizes_and_kinds(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_bytes(trace().json())
    found = _wanted([], [path], "payroll")
    cells = {*cells_near("instant", 412_118, SLACK), *cells_near("instant", 225_020, SLACK)}
    assert {key: set(value or ()) for key, value in found.items()} == {SALARIES: cells}


def test_columns_that_are_named_are_measured_whole() -> None:
    assert _wanted(["nid, salary ,"], [], "payroll") == {("nid", "salary"): None}
    assert _wanted([], [], "payroll") == {}


def test_a_trace_of_another_register_gives_nothing_to_measure(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_bytes(trace().json())
    with pytest.raises(UsageError, match="register civil: no columns to calibrate for"):
        _wanted([], [path], "civil")


@pytest.mark.parametrize(
    "content", [b"no json", b"[1]", b"{}", orjson.dumps({"pieces": [{"register": "payroll"}]}), b'{"pieces": 3}']
)
def test_what_is_no_trace_is_named_with_what_to_give(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"notes\.txt: is no trace\.json .*--out trace\.json"):
        _wanted([], [path], "payroll")


def test_a_trace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: is no trace\.json"):
        _wanted([], [tmp_path / "none.json"], "payroll")
