"""An opened imprint answers as its rows do, from one part or several, and keeps its index beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from leakregisters import CENTRE, START, Opened, small
from payrolls import manifest, nid, row

from kulla.errors import ConfigError, InputError
from kulla.leaks.desk.imprintindex import _expand, open_index
from kulla.leaks.intervals import FOREVER
from kulla.registers.keyfile import new_key
from kulla.registers.tokens import unfixed


def parts() -> list[list[dict[str, object]]]:
    """Three parts: new persons, a version that has ended since, another that came after it."""
    first = [row(person, 1, 100 + person, 2) for person in range(6)]
    ended = [row(2, 1, 102, 2, 9), row(2, 1, 300, 9), row(7, 1, 107, 4)]
    return [first, ended, [row(0, 2, 100, 5), row(7, 1, 107, 4, 11)]]


def told(opened: Opened) -> dict[int, list[tuple[int, int]]]:
    index = opened.index
    begin, end = index.stretch(np.arange(9, dtype=np.uint32))
    made = {}
    for record, (a, b) in enumerate(zip(begin, end, strict=True)):
        first, last = index.times(np.arange(a, b))
        made[record] = [(int(x), int(y)) for x, y in zip(first, last, strict=True)]
    return made


def hour(number: int) -> int:
    return int((row(0, 1, 1, number)["valid_from"]).timestamp() * 1_000_000)  # type: ignore[attr-defined]


def test_versions_of_records_over_several_parts(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), parts())
    index = opened.index
    assert (index.records, index.versions) == (7, 9)
    assert index.horizon == (hour(2), hour(11) + 1)
    spans = told(opened)
    assert spans[0] == []
    assert spans[1] == [(hour(2), FOREVER), (hour(5), FOREVER)]
    assert spans[3] == [(hour(2), hour(9)), (hour(9), FOREVER)]
    assert spans[7] == [(hour(4), hour(11))]
    assert spans[8] == []


def test_hashes_are_those_of_the_parts(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), parts())
    stored = [pq.read_table(path) for path in sorted((tmp_path / "imprint").glob("*.parquet"))]
    every = {bytes(cell) for part in stored for cell in unfixed(part["cell_nid"].chunk(0))}
    cells, missing = opened.index.hashes("cell_nid", np.arange(opened.index.versions))
    assert not missing.any()
    assert {bytes(cell) for cell in cells} == every
    some, _ = opened.index.hashes("cell_nid", np.array([1, 1, 4]))
    assert (some == cells[[1, 1, 4]]).all()


def test_records_are_found_by_cell_and_by_block(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), parts())
    index = opened.index
    begin, _ = index.stretch(np.array([5, 2, 7], np.uint32))
    order = np.argsort(begin)
    cells, _ = index.hashes("cell_nid", begin[order])
    asked = np.concatenate([cells, np.zeros((1, 16), np.uint8)])
    assert index.find(asked).tolist() == [*np.array([5, 2, 7])[order], 0]
    block = [pair[1] for pair in index.info.blocks].index("phone")
    keys, _ = index.hashes(f"block_{block}", begin[order])
    counts, place, record = index.holders(block, np.concatenate([keys, keys[:1]]), 5)
    assert counts.tolist() == [1, 1, 1, 1]
    assert place.tolist() == [0, 1, 2, 3]
    assert record.tolist() == [*np.array([5, 2, 7])[order], np.array([5, 2, 7])[order][0]]
    assert index.holders(block, keys, 0)[1].tolist() == []


def test_of_reconstructed_history_the_outer_interval_counts(tmp_path: Path) -> None:
    known = {f"known_{side}": row(0, 1, 1, at)["valid_from"] for side, at in (("from", 5), ("to", 7))}
    opened = small(tmp_path, manifest(), [[row(0, 1, 5, 2, 9) | known]], reconstructed=True)
    assert opened.index.info.reconstructed
    assert told(opened)[1] == [(hour(2), hour(9))]


def test_half_a_hash_is_not_a_hash() -> None:
    high, low = np.array([3, 5, 5, 9], np.uint64), np.array([1, 1, 2, 1], np.uint64)
    asked = np.array([[9, 1], [5, 2], [5, 3], [4, 1], [3, 1]], np.uint64).view(np.uint8).reshape(-1, 16)
    place, which = _expand(high, low, asked)
    assert (place.tolist(), which.tolist()) == ([0, 1, 4], [3, 2, 0])


def test_the_index_is_used_again_and_goes_when_parts_change(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), parts()[:1])
    opened.index.find(np.zeros((1, 16), np.uint8))
    (first,) = (tmp_path / "index").iterdir()
    assert {path.name for path in first.iterdir()} == {"versions", "records"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in first.rglob("*.npy"))
    again = open_index(tmp_path / "imprint", CENTRE)
    assert told(replace(opened, index=again)) == told(opened)
    before = told(opened)
    (first / "versions" / "01.npy").unlink()
    (first / "versions" / "01.npy").write_bytes(b"cut short")
    assert told(replace(opened, index=open_index(tmp_path / "imprint", CENTRE))) == before
    assert told(replace(opened, index=open_index(tmp_path / "imprint", CENTRE))) == before
    small(tmp_path / "more", manifest(), parts())
    (tmp_path / "more" / "imprint" / "part-000002.parquet").rename(tmp_path / "imprint" / "part-000002.parquet")
    assert open_index(tmp_path / "imprint", CENTRE).versions == 8
    (second,) = (tmp_path / "index").iterdir()
    assert second != first


def test_where_nothing_can_be_written_it_stays_in_memory(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), parts())
    (tmp_path / "file").write_text("in the way")
    index = open_index(tmp_path / "imprint", CENTRE, tmp_path / "file" / "index")
    assert told(replace(opened, index=index)) == told(opened)


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no imprint here"):
        open_index(tmp_path, CENTRE)
    small(tmp_path, manifest(), [[row(0, 1, 5, 0)]])
    with pytest.raises(ConfigError, match="Name the centre's key"):
        open_index(tmp_path / "imprint")
    with pytest.raises(ConfigError, match="Name the centre's key"):
        open_index(tmp_path / "imprint", new_key("centre", START))
    assert nid(0) not in str(open_index(tmp_path / "imprint", CENTRE))
