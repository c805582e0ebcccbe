from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import lakes
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lakes import NOON, SCOPE

from kulla.errors import InputError
from kulla.lake import Lake, grams, upkeep
from kulla.lake.index import FOLDER, MOST_COLUMNS
from kulla.lake.layout import File, Partition


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    lakes.small_blocks(monkeypatch)
    with Lake(tmp_path) as made:
        yield made


def fill(lake: Lake, chunks: int = 5, **more: object) -> pa.Table:
    tables = []
    for chunk in range(chunks):
        events = [
            {"raw": f"event {chunk} {n}", "fields": {"n": str(n), **more}, "time": NOON + timedelta(seconds=n * 7 % 11)}
            for n in range(11)
        ]
        tables.append(lakes.table(events))
        lake.append(tables[-1], "aa" * 32, chunk)
    return pa.concat_tables(tables)


def test_small_files_become_one_in_order_of_time_and_lose_nothing(lake: Lake) -> None:
    table = fill(lake)
    before = lakes.ids(lake.search("", SCOPE))
    done = lake.compact()
    assert (done.merged, done.made, done.indexed) == (5, 1, 1)
    (file,) = lake.log.files()
    stored = pq.read_table(lake.folder / file.path)
    assert stored["time"].to_pylist() == sorted(stored["time"].to_pylist())
    assert sorted(stored["event_id"].to_pylist()) == sorted(table["event_id"].to_pylist())
    assert lakes.ids(lake.search("", SCOPE)) == before
    counts = [pq.read_metadata(lake.folder / file.path).row_group(n).num_rows for n in range(14)]
    assert counts == [4] * 13 + [3]
    assert lake.check(deep=True) == []


def test_few_files_wait_unless_every_one_is_wanted(lake: Lake) -> None:
    fill(lake, chunks=3)
    assert lake.compact().made == 0
    assert lake.compact(every=True).made == 1
    assert lake.compact(every=True).made == 0


def sized(*sizes: int) -> list[File]:
    here = Partition("civil", "mof", "a.b", "2026-05-11")
    return [File(f"{n:02}", here, size, 1, n, n) for n, size in enumerate(sizes)]


def test_large_files_are_left_alone_and_none_grows_beyond_twice_that() -> None:
    large = upkeep.LARGE
    assert list(upkeep.groups(sized(large, large + 1), every=True)) == []
    assert [len(group) for group in upkeep.groups(sized(*[large // 2] * 9), every=True)] == [4, 4]
    assert list(upkeep.groups(sized(1000, 1, 1, 1))) == []
    assert [len(group) for group in upkeep.groups(sized(1000, 400, 300, 300))] == [4]


def test_events_come_back_while_files_are_merged(lake: Lake) -> None:
    """A search that began before goes on reading the files that it chose."""
    table = fill(lake)
    found = lake.search("", SCOPE)
    first = next(found)
    lake.compact(every=True)
    assert len(first) + sum(len(each) for each in found) == len(table)


def test_vacuum_deletes_what_left_long_enough_ago(lake: Lake) -> None:
    fill(lake)
    lake.compact(every=True)
    stray = lake.folder / "zone=civil" / "stray.parquet"
    stray.write_bytes(b"left by a crash")
    assert lake.vacuum(hours=1) == []
    assert len(lake.vacuum(hours=0)) == 6
    assert [path.name for path in lakes.files(lake.folder)] == [Path(lake.log.files()[0].path).name]
    assert len(list((lake.folder / FOLDER).iterdir())) == 2
    assert lake.count("", SCOPE) == 55


def test_an_index_whose_file_is_gone_goes_too(lake: Lake) -> None:
    fill(lake)
    lake.compact(every=True)
    for chunk in range(5, 10):
        lake.append(lakes.table([{"raw": f"more {n}"} for n in range(9)]), "aa" * 32, chunk)
    lake.compact(every=True)
    lake.vacuum(0)
    assert len(list((lake.folder / FOLDER).iterdir())) == 2


@pytest.mark.parametrize("harm", ["columns", "grams", "both", "torn", "short"])
def test_without_a_whole_index_answers_are_the_same(lake: Lake, harm: str) -> None:
    fill(lake)
    lake.compact(every=True)
    columns, sets = sorted((lake.folder / FOLDER).iterdir(), key=lambda path: path.suffix, reverse=True)
    if harm in ("columns", "both"):
        columns.unlink()
    if harm in ("grams", "both"):
        sets.unlink()
    if harm == "torn":
        columns.write_bytes(columns.read_bytes()[:-50])
    if harm == "short":
        sets.write_bytes(sets.read_bytes()[:-50])
    with Lake(lake.folder) as again:
        assert again.count("n:7", SCOPE) == 5
        assert again.count('"event 3"', SCOPE) == 11
        assert again.compact().indexed == 1
    with Lake(lake.folder) as healed:
        assert healed.indexes.of(healed.log.files()[0].path) is not None
        assert healed.count("n:7", SCOPE) == 5


def test_rare_fields_and_doubled_names_are_found_though_they_have_no_column(lake: Lake) -> None:
    many = {f"f{n}": "x" for n in range(MOST_COLUMNS)}
    events: list[lakes.Made] = [*({"fields": many} for _ in range(9)), {"fields": {"rare": "y"}}]
    events.append({"fields": [("twice", "1"), ("twice", "2"), *many.items()]})
    lake.append(lakes.table(events), "aa" * 32, 0)
    lake.compact(every=True)
    index = lake.indexes.of(lake.log.files()[0].path)
    assert index is not None
    assert {"rare", "twice"} <= set(index.rest)
    assert [lake.count(query, SCOPE) for query in ("rare:y", "twice:1", "twice:2", "f7:x", "f7:y")] == [1, 1, 1, 10, 0]
    assert lake.facets("", SCOPE, ["twice"])["twice"].values == [("1", 1), ("2", 1)]


def test_two_processes_do_not_compact_at_once(lake: Lake) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with Lake(lake.folder) as other, other.upkeep():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert entered.wait(10)
        with pytest.raises(InputError, match="another process"):
            lake.compact()
        assert lake.append(lakes.table([{}]), "bb" * 32, 0)
    finally:
        leave.set()
        thread.join()


raws = st.lists(st.none() | st.text("abABéÉ ", max_size=12), min_size=1, max_size=12)


@given(st.lists(raws, min_size=1, max_size=10), st.text("abé ", max_size=6))
@settings(deadline=None)
def test_a_block_that_holds_a_literal_is_never_ruled_out(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[str | None]], literal: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "sets.grams"
    arrays = [pa.array(["first", *block], pa.large_string()).slice(1) for block in blocks]
    path.write_bytes(grams.pack([grams.of_block(each) for each in arrays]))
    assert path.stat().st_size == grams.size_of(len(blocks))
    may = grams.may_hold(path, len(blocks), literal)
    for block, said in zip(arrays, may, strict=True):
        has = pc.any(pc.match_substring(pc.utf8_lower(block), literal)).as_py()
        assert said or not has


def test_a_literal_that_is_nowhere_is_ruled_out_nearly_everywhere(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    blocks = [pa.array([f"{rng.integers(1 << 60):x}" for _ in range(50)], pa.large_string()) for _ in range(40)]
    path = tmp_path / "sets.grams"
    path.write_bytes(grams.pack([grams.of_block(each) for each in blocks]))
    assert not grams.may_hold(path, 40, "zq-no-such-word").any()
    assert grams.may_hold(path, 40, blocks[17][3].as_py())[17]
    assert grams.may_hold(path, 40, "abc").all()
