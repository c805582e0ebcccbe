from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_hits import Row, table, week

from kulla.errors import OutputError
from kulla.hunt.hits import HITS
from kulla.hunt.spool import Spool

TEMPLATE = week(1).rows[0]
KEYS = st.tuples(
    st.one_of(st.none(), st.integers(0, 3)),
    st.sampled_from(["a", "b", "ë", "\U0001f600"]),
    st.integers(0, 3),
    st.sampled_from("xy"),
)


def rows(keys: list[tuple[int | None, str, int, str]]) -> list[Row]:
    return [
        {**TEMPLATE, "time": time, "file": file, "record": record, "rule_id": rule, "event_id": str(n)}
        for n, (time, file, record, rule) in enumerate(keys)
    ]


def order(row: tuple[int, Row]) -> tuple[bool, int, str, int, str, int]:
    n, hit = row
    time = hit["time"]
    return (time is None, time or 0, str(hit["file"]), int(str(hit["record"])), str(hit["rule_id"]), n)  # type: ignore[return-value]


@settings(max_examples=25, deadline=None)
@given(st.lists(KEYS, max_size=30), st.integers(1, 7), st.integers(1, 4000), st.integers(1, 4000))
def test_external_sort_equals_sorting_in_memory(
    keys: list[tuple[int | None, str, int, str]], size: int, run: int, chunk: int
) -> None:
    made = rows(keys)
    wanted = [row["event_id"] for _, row in sorted(enumerate(made), key=order)]
    with Spool(run_bytes=run, chunk_bytes=chunk) as spool:
        for start in range(0, len(made), size):
            spool.add(table(made[start : start + size]))
        for _ in range(2):
            assert [i for part in spool for i in part["event_id"].to_pylist()] == wanted
        assert len(spool) == len(made)


def test_more_runs_than_are_merged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.hunt.spool.FAN_IN", 3)
    made = rows([(n * 7 % 40, "f", n, "r") for n in range(40)])
    with Spool(run_bytes=1) as spool:
        for row in made:
            spool.add(table([row]))
        assert [t for part in spool for t in part["time"].cast(pa.int64()).to_pylist()] == sorted(range(40))


def test_its_files_go_with_it_and_the_schema_stays(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.add(table(rows([(1, "f", 1, "r")])))
        assert [part.schema.names for part in spool] == [HITS.names]
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_hold_hits_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="TMPDIR"):
        Spool(tmp_path / "absent")
