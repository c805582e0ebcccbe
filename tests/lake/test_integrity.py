from __future__ import annotations

from pathlib import Path

import lakes
import pytest
from lakes import SCOPE

from kulla.errors import InputError
from kulla.lake import Lake, check, disk_low

EVENTS = [{"raw": f"event {n}", "product": f"p{n % 3}"} for n in range(30)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Lake(tmp_path) as lake:
        for chunk in range(3):
            lake.append(lakes.table(EVENTS).slice(10 * chunk, 10), "aa" * 32, chunk)
        lake.sync()
    return tmp_path


def entry(folder: Path, number: int) -> Path:
    return folder / "_delta_log" / f"{number:020}.json"


def problems(folder: Path, deep: bool = False) -> list[str]:
    with Lake(folder) as lake:
        return lake.check(deep)


def test_a_whole_lake_has_no_problem(folder: Path) -> None:
    assert problems(folder, deep=True) == []


def test_a_missing_file_is_told(folder: Path) -> None:
    path = lakes.files(folder)[0]
    path.unlink()
    (told,) = problems(folder)
    assert path.name in told
    assert "missing" in told
    with Lake(folder) as lake, pytest.raises(InputError, match="run `kulla lake check`"):
        lake.count("event", SCOPE)


def test_a_file_of_another_size_is_told(folder: Path) -> None:
    path = lakes.files(folder)[0]
    path.write_bytes(path.read_bytes() + b"x")
    assert "instead of" in problems(folder)[0]


def test_any_altered_byte_is_found(folder: Path) -> None:
    path = lakes.files(folder)[0]
    whole = path.read_bytes()
    for at in range(0, len(whole), len(whole) // 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert any("changed" in told for told in problems(folder, deep=True)), at
    path.write_bytes(whole)
    assert problems(folder, deep=True) == []


def test_a_gap_in_the_log_is_told(folder: Path) -> None:
    with Lake(folder) as lake:
        entry(folder, 2).rename(folder / "aside")
        for told in (lake.check(), check(folder)):
            assert any(f"{2:020}.json" in each and "missing" in each for each in told)
        (folder / "aside").rename(entry(folder, 2))
        assert lake.check() == check(folder, deep=True) == []
    entry(folder, 1).write_bytes(b'{"commitInfo":')
    assert any(f"{1:020}.json" in each and "cannot be read" in each for each in check(folder))
    assert "no lake is here" in check(folder / "nothing")[0]


def test_entries_before_a_checkpoint_may_be_gone(folder: Path) -> None:
    with Lake(folder) as lake:
        lake.checkpoint()
        for number in range(3):
            entry(folder, number).unlink()
        assert lake.check() == []
    assert problems(folder) == []


@pytest.mark.parametrize("left", [b"", b'{"add":{"path":"x'])
def test_an_entry_torn_by_a_power_failure_is_put_aside(folder: Path, left: bytes) -> None:
    """It was never synced, so its source was not acknowledged: the chunk is taken again."""
    entry(folder, 3).write_bytes(left)
    with Lake(folder) as lake:
        assert lake.count("", SCOPE) == 20
        assert "torn by a power failure" in lake.check()[0]
        assert lake.taken("civil", "mof", "aa" * 32) == 2
        assert lake.append(lakes.table(EVENTS).slice(20), "aa" * 32, 2)
        assert lake.count("", SCOPE) == 30


def test_a_torn_checkpoint_is_put_aside(folder: Path) -> None:
    with Lake(folder) as lake:
        lake.checkpoint()
        lake.append(lakes.table(EVENTS), "bb" * 32, 0)
    (checkpoint,) = (folder / "_delta_log").glob("*.checkpoint.parquet")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-9])
    with Lake(folder) as lake:
        assert lake.count("", SCOPE) == 60
        assert lake.taken("civil", "mof", "aa" * 32) == 3


def test_checkpoints_come_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kulla.lake import delta

    monkeypatch.setattr(delta, "CHECKPOINT_EVERY", 4)
    with Lake(tmp_path) as lake:
        for chunk in range(9):
            lake.append(lakes.table(EVENTS[:1]), "aa" * 32, chunk)
    assert len(list((tmp_path / "_delta_log").glob("*.checkpoint.parquet"))) == 2
    with Lake(tmp_path) as lake:
        assert lake.taken("civil", "mof", "aa" * 32) == 9
        assert lake.count("", SCOPE) == 9


def test_low_disk(tmp_path: Path) -> None:
    assert disk_low(tmp_path, 1, 0.0) is None
    assert "GiB are free" in str(disk_low(tmp_path, 1 << 60))
    assert "GiB are free" in str(disk_low(tmp_path, 1, 1.1))
