from __future__ import annotations

import errno
import threading
from pathlib import Path

import lakes
import pytest
from lakes import SCOPE

from kulla.errors import InputError
from kulla.lake import Lake, check, disk_low
from kulla.lake.locking import WRITING, locked

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


def test_an_entry_that_cannot_be_opened_is_not_taken_for_torn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many open files, a failing disk or a wrong mode: events of whole entries would be lost for it."""
    newest, read = entry(folder, 3), Path.read_bytes

    def fails(path: Path) -> bytes:
        if path == newest:
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fails)
        with pytest.raises(InputError, match=r"run `kulla lake check`: .*Too many open files"):
            Lake(folder)
        assert any("it may be whole" in told for told in check(folder))
    assert newest.exists()
    assert problems(folder) == []


def test_a_torn_entry_is_put_aside_by_who_may_write_only(folder: Path) -> None:
    entry(folder, 3).write_bytes(b"")
    opened = threading.Event()

    def reader() -> None:
        with Lake(folder):
            opened.set()

    with locked(folder / WRITING):
        thread = threading.Thread(target=reader)
        thread.start()
        assert not opened.wait(0.3)
        assert entry(folder, 3).exists(), "another process is at it"
    thread.join()
    assert opened.is_set()
    assert not entry(folder, 3).exists()


@pytest.mark.parametrize("left", [b"", b"7", b'{"version":9}'])
def test_a_torn_hint_of_the_last_checkpoint_is_put_aside(folder: Path, left: bytes) -> None:
    with Lake(folder) as lake:
        lake.checkpoint()
    (folder / "_delta_log" / "_last_checkpoint").write_bytes(left)
    with Lake(folder) as lake:
        assert lake.count("", SCOPE) == 30
        assert lake.check() == []


def test_a_sync_waits_for_that_of_another_thread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would else find nothing to sync, and its source be acknowledged before the first has synced."""
    begun, go, second = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Path) -> None:
        begun.set()
        go.wait(10)

    with Lake(folder) as lake:
        lake.append(lakes.table(EVENTS[:1]), "bb" * 32, 0)
        monkeypatch.setattr("kulla.lake.delta.fsync", slow)

        def synced() -> None:
            lake.sync()
            second.set()

        first = threading.Thread(target=lake.sync)
        first.start()
        assert begun.wait(10)
        other = threading.Thread(target=synced)
        other.start()
        assert not second.wait(0.3)
        go.set()
        first.join()
        other.join()
    assert second.is_set()
