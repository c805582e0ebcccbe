"""Indexes that would make searches slow, or wrong, are found: on real lakes of several small blocks."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import lakes
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lakes import SCOPE

from kulla.lake import Hold, Lake, Policy, grams, indexing, upkeep
from kulla.lake.datafile import Reader
from kulla.lake.index import places
from kulla.lake.layout import File

EVENTS = [{"raw": f"needle{n} in the hay", "fields": {"User": f"u{n}", "Only": "x"} if n % 2 else {"User": f"u{n}"}}
          for n in range(10)]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lakes.small_blocks(monkeypatch)
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(EVENTS), "aa" * 32, 0)
        lake.append(lakes.table([{**each, "service": "sysmon"} for each in EVENTS]), "bb" * 32, 0)
        lake.compact()
        assert lake.check(deep=True) == []
    return tmp_path


def problems(folder: Path, deep: bool = True) -> list[str]:
    with Lake(folder) as lake:
        return lake.check(deep)


def pairs(folder: Path) -> list[tuple[Path, Path]]:
    return [(folder / one, folder / two) for one, two in (places(path.name) for path in lakes.files(folder))]


def rebuilt(folder: Path) -> None:
    """What the message says to do puts it right."""
    with Lake(folder) as lake:
        lake.compact(reindex=True)
        lake.vacuum()
        assert lake.check(deep=True) == []


@pytest.mark.parametrize("which", [0, 1])
def test_half_an_index_is_told(folder: Path, which: int) -> None:
    path = pairs(folder)[0][which]
    path.unlink()
    (told,) = problems(folder, deep=False)
    assert f"{path}: missing beside" in told
    assert "--reindex" in told
    rebuilt(folder)


def test_an_index_that_never_came_is_told_when_it_should_have(folder: Path) -> None:
    for path in pairs(folder)[0]:
        path.unlink()
    assert problems(folder) == []
    data = lakes.files(folder)[0]
    os.utime(data, (0, time.time() - 3 * 86_400))
    (told,) = problems(folder)
    assert "searches are slow; run `kulla lake compact`" in told
    with Lake(folder) as lake:
        lake.compact()
        assert lake.check() == []


@pytest.mark.parametrize("which", [0, 1])
def test_a_torn_index_is_told(folder: Path, which: int) -> None:
    path = pairs(folder)[1][which]
    path.write_bytes(path.read_bytes()[:-5])
    assert "torn" in problems(folder, deep=False)[0]
    rebuilt(folder)


def test_the_index_of_another_file_is_found_by_its_contents(folder: Path) -> None:
    """Its sizes fit; the labels alone differ, so that columns do and runs may not."""
    with Lake(folder) as lake:
        lake.append(lakes.table([{"raw": f"thread{n} of silk", "fields": {"User": f"v{n}"}} for n in range(10)],
                                "mod", "military"), "cc" * 32, 0)  # fmt: skip
        lake.compact()
    by_name = {path.name: places(path.name) for path in lakes.files(folder)}
    (foreign,) = [path.name for path in lakes.files(folder) if "zone=military" in str(path)]
    mine = next(name for name in by_name if name != foreign)
    for target, source in zip(by_name[mine], by_name[foreign], strict=True):
        (folder / target).write_bytes((folder / source).read_bytes())
    with Lake(folder) as lake:
        assert lake.count("needle3", SCOPE) == 1, "the fault that is looked for: one of two is missed, and silently"
    assert problems(folder, deep=False) == []
    (told,) = problems(folder)
    assert "searches may have missed some" in told
    rebuilt(folder)
    with Lake(folder) as lake:
        assert lake.count("needle3", SCOPE) == 2


def test_one_bit_of_the_sets_is_found(folder: Path) -> None:
    path = pairs(folder)[0][1]
    data = bytearray(path.read_bytes())
    run = int(grams.hashes(b"need")[0])
    width = len(data) >> grams.BITS
    data[run * width] ^= 1
    path.write_bytes(bytes(data))
    assert problems(folder, deep=False) == []
    (told,) = problems(folder)
    assert "its sets of runs" in told


def test_strays_are_told_unless_they_are_being_made(folder: Path) -> None:
    (folder / "_index" / "note.parquet").write_bytes(b"x")
    part = folder / "_index" / ".x.grams.part"
    part.write_bytes(b"x")
    (told,) = problems(folder, deep=False)
    assert "note.parquet: belongs to no file of the lake" in told
    os.utime(part, (0, 0))
    assert len(problems(folder, deep=False)) == 2
    rebuilt(folder)


def test_what_left_the_table_keeps_its_index_while_a_search_may_read_it(folder: Path) -> None:
    with Lake(folder) as lake:
        found = lake.search("needle3", SCOPE)
        lake.append(lakes.table(EVENTS), "dd" * 32, 0)
        assert lake.compact(every=True).merged
        lake.vacuum()
        assert lake.check(deep=True) == []
        assert len(lakes.ids(found)) == 2
        lake.vacuum(0)
        assert lake.check(deep=True) == []
        assert len(list((folder / "_index").iterdir())) == 2 * len(lakes.files(folder))


def test_an_index_that_goes_or_is_made_anew_is_seen_by_an_open_lake(folder: Path) -> None:
    """`_index` may be deleted at any time, and a fault be mended while the centre runs."""
    with Lake(folder) as lake:
        query = "needle3 User:u3"
        assert lake.count(query, SCOPE) == 2
        kept = {path: path.read_bytes() for pair in pairs(folder) for path in pair}
        for path in kept:
            path.unlink()
        assert lake.count(query, SCOPE) == 2
        (one, other), *_ = zip(*pairs(folder), strict=True)
        one.write_bytes(kept[other])
        for path in list(kept)[1:]:
            path.write_bytes(kept[path])
        lake.count(query, SCOPE)
        lake.compact(reindex=True)
        assert lake.count(query, SCOPE) == 2


@pytest.mark.parametrize("head", [b"", b"[]", b'{"version":"1"}', b"\xff", b'{"version":"1","columns":3,"rest":[]}'])
def test_a_head_that_makes_no_sense_is_no_index(folder: Path, head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_head", lambda _: head)
    with Lake(folder) as lake:
        lake.compact(reindex=True)
        assert lake.count("needle3 User:u3", SCOPE) == 2
        monkeypatch.undo()
        lakes.small_blocks(monkeypatch)
        assert all("torn, or of another" in each for each in lake.check())


@given(st.lists(lakes.events(), min_size=4, max_size=12), st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_the_events_a_fresh_index_is_right_and_another_one_is_not(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    events: list[lakes.Made],
    data: st.DataObject,
) -> None:
    lakes.small_blocks(monkeypatch)
    root = tmp_path_factory.mktemp("lake")
    with Lake(root) as lake:
        lake.append(lakes.table(events), "aa" * 32, 0)
        files: list[File] = lake.log.files()
        for file in files:
            upkeep.index(root, lake.reader, file)
            assert indexing.flaw(root, Reader(root), file.path) == ""
        path = root / places(data.draw(st.sampled_from(files)).path)[1]
        whole = bytearray(path.read_bytes())
        whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(bytes(whole))
        assert [indexing.flaw(root, Reader(root), each.path) for each in files].count("") == len(files) - 1


@pytest.fixture
def blind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake whose columns hold nothing, though their heads are right."""
    with monkeypatch.context() as patch, Lake(folder) as lake:
        patch.setattr(indexing, "_column", lambda run, _: pa.nulls(run.count, pa.string()))
        lake.compact(reindex=True)
    return folder


def test_an_altered_index_drops_nothing_that_a_hold_names(blind: Path) -> None:
    with Lake(blind) as lake:
        assert lake.count("User:u3", SCOPE) == 0, "what the index hides"
        done = lake.retain(Policy(1), [Hold("case", query="User:u3")], date(2026, 7, 1))
        assert sum(sum(each.held.values()) for each in done.fates) == 2
        assert lake.count("needle3", SCOPE) == 2


def test_a_fault_is_mended_while_another_process_has_the_lake_open(blind: Path) -> None:
    assert all("its columns" in told for told in problems(blind))
    with Lake(blind) as other:
        assert other.count("User:u3", SCOPE) == 0
        rebuilt(blind)
        assert other.count("User:u3", SCOPE) == 2
