from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from kulla.errors import InputError, UsageError
from kulla.registers.desk.historystore import OPEN, HistoryStore
from kulla.registers.folder import RegisterFolder
from kulla.registers.history import BEGINNING, Gap, merged, version_schema, with_times
from kulla.registers.historystate import HistoryState, read_state, state_text

AT = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
SCHEMA = version_schema([pa.field("a", pa.string())])


def versions(*names: str, ended: dt.datetime | None = None) -> pa.Table:
    return with_times(pa.table({"a": list(names)}, pa.schema([("a", pa.string())])), AT, ended)


@pytest.fixture
def store(tmp_path: Path) -> HistoryStore:
    return HistoryStore(RegisterFolder(tmp_path / "r"))


def names(store: HistoryStore, since: dt.datetime | None = None) -> list[str]:
    return [name for batch in store.changes(since) for name in batch.column("a").to_pylist()]


def step(
    store: HistoryStore, sequence: int, lasting: pa.Table, closed: pa.Table, dropped: tuple[str, ...] = ()
) -> None:
    staged = [store.stage(OPEN, SCHEMA, [lasting]), store.stage(store.closed_name(sequence), SCHEMA, [closed])]
    state = HistoryState("trigger", sequence, AT, gaps=(Gap(None, AT, "before"),))
    store.commit(state, [each for each in staged if each is not None], dropped)


def test_steps_add_up_and_changes_can_be_asked_since(store: HistoryStore, tmp_path: Path) -> None:
    assert store.load() is None
    step(store, 1, versions("x", "y"), versions())
    later = AT + dt.timedelta(days=2)
    step(store, 2, versions("y"), versions("x", ended=later))
    assert sorted(names(store)) == ["x", "y"]
    assert names(store, AT + dt.timedelta(days=1)) == ["x"]
    assert names(store, later + dt.timedelta(days=1)) == []
    assert (tmp_path / "r" / "history" / "gaps.jsonl").read_text().count("\n") == 1
    assert store.gaps() == (Gap(None, AT, "before"),)
    assert all(path.stat().st_mode & 0o077 == 0 for path in store.files())


def test_files_of_an_older_schema_are_widened(store: HistoryStore) -> None:
    step(store, 1, versions("y"), versions("x", ended=AT + dt.timedelta(days=2)))
    wide = version_schema([pa.field("a", pa.string()), pa.field("b", pa.int64())])
    state = store.load()
    assert state is not None
    store.commit(state, store.fitted(wide))
    assert [path.name for path in store.files()] == ["versions-000001.parquet", OPEN]
    (closed, _) = store.changes(None)
    assert closed.to_pylist()[0]["b"] is None
    assert store.fitted(wide) == ()


def test_a_damaged_file_is_named(store: HistoryStore, tmp_path: Path) -> None:
    step(store, 1, versions("y"), versions())
    (tmp_path / "r" / "history" / OPEN).write_bytes(b"PAR1nonsense")
    with pytest.raises(InputError, match=r"versions-open\.parquet: not a file of versions"):
        names(store)
    (tmp_path / "r" / "state" / "history.json").write_text("{")
    with pytest.raises(InputError, match=r"history\.json: damaged"):
        store.load()


def test_versions_from_elsewhere_are_not_mixed_with_ours(store: HistoryStore, tmp_path: Path) -> None:
    assert store.resume() is None
    (tmp_path / "r" / "history").mkdir(parents=True)
    (tmp_path / "r" / "history" / "versions-2024.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match="versions from elsewhere"):
        store.resume()


def test_the_state_survives_its_text() -> None:
    state = HistoryState(
        "trigger", 3, AT, "1:2:", "9/1", "t:1", {"a": "text"}, AT, (Gap(None, AT, "x"),), ("f",), ("g",)
    )
    assert read_state(state_text(state), "here") == state
    with pytest.raises(InputError, match="newer Kulla"):
        read_state(state_text(state).replace(b'"schema": 1', b'"schema": 2'), "here")


def test_gaps_of_one_reason_that_touch_are_one() -> None:
    day = dt.timedelta(days=1)
    gaps = [Gap(AT, AT + day, "a"), Gap(AT + day, AT + 2 * day, "a"), Gap(AT, None, "b"), Gap(AT + 5 * day, None, "a")]
    assert merged([*gaps, Gap(None, AT, "a")]) == (
        Gap(None, AT + 2 * day, "a"), Gap(AT, None, "b"), Gap(AT + 5 * day, None, "a"),
    )  # fmt: skip
    assert merged([Gap(AT, None, "a"), Gap(AT + day, AT + 2 * day, "a")]) == (Gap(AT, None, "a"),)
    assert BEGINNING < AT
