from __future__ import annotations

from pathlib import Path

import lakes
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.errors import InputError
from kulla.lake import datafile
from kulla.lake.layout import STORED, Partition

HERE = Partition("civil", "mof", "a.b", "2026-05-11")
TABLE = lakes.table([{"raw": str(n)} for n in range(60)]).select(STORED.names)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(any))
@settings(deadline=None, max_examples=30)
def test_blocks_are_full_but_for_the_last(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    """Whatever the tables that are written: an index lies block by block beside its file."""
    folder = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        lakes.small_blocks(patch)
        file = datafile.write(folder, HERE, [TABLE.slice(0, size) for size in sizes], "here")
    metadata = pq.read_metadata(folder / file.path)
    counts = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert file.rows == sum(counts) == sum(sizes)
    assert set(counts[:-1]) <= {4}
    assert 0 < counts[-1] <= 4


def test_the_same_again_is_the_same_file_and_from_elsewhere_another(tmp_path: Path) -> None:
    one, again, other = (datafile.write(tmp_path, HERE, [TABLE], whence) for whence in ("a 0", "a 0", "a 1"))
    assert one == again
    assert one.path != other.path
    assert len(lakes.files(tmp_path)) == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    reader = datafile.Reader(tmp_path)
    with pytest.raises(InputError, match=r"none\.parquet: a file of the lake is missing"):
        reader.blocks("none.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"bad\.parquet: a file of the lake cannot be read"):
        reader.blocks("bad.parquet")


def test_footers_that_were_let_go_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datafile, "_FOOTERS", 1)
    monkeypatch.setattr(datafile, "_OPEN_FILES", 1)
    monkeypatch.setattr(datafile, "_BLOCKS", 1)
    files = [datafile.write(tmp_path, HERE, [TABLE.slice(n)], "x") for n in range(4)]
    reader = datafile.Reader(tmp_path)
    for file in (*files, *files):
        assert int(reader.blocks(file.path).rows.sum()) == file.rows
        assert reader.read(file.path, [0], ["raw"])["raw"].to_pylist()[0] == str(60 - file.rows)
