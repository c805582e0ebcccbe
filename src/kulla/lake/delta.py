"""The only place that knows deltalake: a Delta table's log. Data files are written and read elsewhere.

delta-rs writes no file here but those of `_delta_log`, and fsyncs none: `sync` does. A commit names files that must be
on the disk already. A power failure may leave the newest entries of the log torn; none of them was acknowledged if
`sync` comes first, so `Log` puts them aside when it opens the table.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from kulla.errors import InputError, OutputError
from kulla.lake.layout import PARTITIONS, TABLE, File, Partition, micros
from kulla.lake.locking import WRITING, locked

CHECKPOINT_EVERY: Final = 100
"""Commits between checkpoints: a commit costs 10 ms after a checkpoint and 24 ms on average at 200 entries."""

_ENTRY = re.compile(r"(\d{20})\.json")
_HINT = "_last_checkpoint"
_QUIET = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
_SETTINGS = {"delta.logRetentionDuration": "interval 30 days", "delta.dataSkippingStatsColumns": "time"}


class Log:
    """The log of the table in a folder, open. Made when it is not there. One process may commit at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries = folder / "_delta_log"
        self._synced = _checkpointed(self._entries)
        self._lock = threading.RLock()
        self._unsynced: set[Path] = set()
        try:
            _recover(self._entries)
            self._table = DeltaTable(str(folder))
        except TableNotFoundError:
            self._table = self._made()
        except (DeltaError, OSError, ValueError) as error:
            raise InputError(
                f"{folder}: the lake's log cannot be read; run `kulla lake check`: {_told(error)}"
            ) from error
        if self._table.metadata().partition_columns != list(PARTITIONS):
            raise InputError(f"{folder}: a Delta table, but not a lake of events")
        self._files: tuple[int, list[File]] | None = None

    def _made(self) -> DeltaTable:
        self.folder.mkdir(parents=True, exist_ok=True)
        made = DeltaTable.create(
            str(self.folder), TABLE, mode="ignore", partition_by=list(PARTITIONS), configuration=_SETTINGS
        )
        self._unsynced.add(self.folder)
        return made

    @property
    def version(self) -> int:
        """Of the table as this handle knows it."""
        return int(self._table.version())

    def refresh(self) -> None:
        """Take in what other processes committed."""
        try:
            with self._lock:
                self._table.update_incremental()
        except DeltaError as error:
            raise InputError(f"{self.folder}: the lake's log cannot be read: {_told(error)}") from error

    def files(self) -> list[File]:
        """All data files of the table as this handle knows it."""
        with self._lock:
            if self._files is None or self._files[0] != self.version:
                actions = pa.table(self._table.get_add_actions(flatten=True))
                self._files = (self.version, _files(actions))
            return self._files[1]

    def taken(self, app: str) -> int | None:
        """The highest transaction number of an application; None when it has none."""
        with self._lock:
            found = self._table.transaction_version(app)
        return None if found is None else int(found)

    def commit(
        self,
        add: Sequence[File],
        remove: Sequence[File] = (),
        taken: tuple[str, int] | None = None,
        changed: bool = True,
    ) -> None:
        """Put files into the table and take others out, in one step; with it, note a transaction as taken.

        `changed`: this changes what events there are, not only how they lie.

        Raises OutputError when the log cannot be written, or another process removed one of the files meanwhile."""
        now = time.time_ns() // 1_000_000
        actions: list[AddAction | RemoveAction] = [
            AddAction(each.path, each.size, each.partition.values(), now, changed, _stats(each)) for each in add
        ]
        actions += [RemoveAction(each.path, changed, now, each.size, each.partition.values()) for each in remove]
        transactions = [Transaction(*taken)] if taken else None
        try:
            with self._lock:
                self._table.create_write_transaction(
                    actions,
                    "append",
                    TABLE,
                    list(PARTITIONS),
                    commit_properties=CommitProperties(app_transactions=transactions),
                    post_commithook_properties=_QUIET,
                )
                self._table.update_incremental()
        except (DeltaError, OSError) as error:
            raise OutputError(f"{self.folder}: the lake's log cannot be written: {_told(error)}") from error

    def checkpoint(self) -> None:
        """Sum the log up in one file, so that opening stays fast, and drop entries older than 30 days."""
        with self._lock:
            self.sync()
            self._table.create_checkpoint()
            self._unsynced.update(self._entries.glob(f"{self.version:020}.checkpoint*"))
            self._unsynced.add(self._entries / "_last_checkpoint")
            self.sync()
            self._table.cleanup_metadata()

    def due(self) -> bool:
        """Whether a checkpoint would help."""
        return self.version - _checkpointed(self._entries) >= CHECKPOINT_EVERY

    def sync(self) -> None:
        """Bring the log onto the disk. What was committed before survives a power failure after.

        Threads wait for one another: what another one is about to sync is not on the disk yet."""
        with self._lock:
            version = self.version
            paths = [self._entries / f"{number:020}.json" for number in range(self._synced + 1, version + 1)]
            for path in (*paths, *self._unsynced, self._entries):
                fsync(path)
            self._unsynced.clear()
            self._synced = version

    def vacuum(self, hours: float) -> list[str]:
        """Delete data files that left the table, or never came into it, longer ago than this; their paths."""
        live = {each.path for each in self.files()}
        horizon = datetime.now(UTC) - timedelta(hours=hours)
        left = {each: at for each, at in self._removed().items() if each not in live}
        gone = []
        for path in self.folder.glob("zone=*/**/*"):
            name = path.relative_to(self.folder).as_posix()
            if name in live or not path.is_file():
                continue
            since = left.get(name, micros(datetime.fromtimestamp(path.stat().st_mtime, UTC)))
            if since <= micros(horizon):
                path.unlink(missing_ok=True)
                gone.append(name)
        return sorted(gone)

    def _removed(self) -> dict[str, int]:
        """Path → when it left the table (µs), as far as the log's entries still tell."""
        found: dict[str, int] = {}
        for path in self._entries.glob("*.json"):
            for line in path.read_bytes().splitlines():
                if b'"remove"' in line and (action := json.loads(line).get("remove")):
                    found[action["path"]] = int(action["deletionTimestamp"]) * 1000
        return found


def _checkpointed(folder: Path) -> int:
    """The version of the last checkpoint, -1 without one. What it sums up was on the disk before it was made."""
    try:
        return int(json.loads((folder / "_last_checkpoint").read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return -1


def fsync(path: Path) -> None:
    """Bring a file, or a folder's list of names, onto the disk; one that is gone is left alone."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def entries(folder: Path) -> dict[int, Path]:
    """The entries of a table's log by number."""
    found = ((_ENTRY.fullmatch(path.name), path) for path in (folder / "_delta_log").glob("*.json"))
    return {int(match[1]): path for match, path in found if match}


def torn(path: Path) -> bool:
    """Whether an entry of the log is no sequence of JSON lines. Raises OSError when the disk, a limit or a mode keeps
    it from being read: that says nothing about what is in it."""
    lines = path.read_bytes().splitlines()
    try:
        return not lines or any(not isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return True


def _recover(folder: Path) -> None:
    """Put aside what a power failure tore. Only who may write does so, alone: an entry that another process is about to
    write is not torn. Raises OSError."""
    try:
        if not _torn(folder):
            return
    except FileNotFoundError:
        pass  # another process has just put it aside
    with locked(folder.parent / WRITING):
        for path in _torn(folder):
            if path.name == _HINT:
                path.unlink()
            else:
                path.replace(path.with_suffix(".torn"))


def _torn(folder: Path) -> list[Path]:
    """The newest entries that are torn; a torn checkpoint, and behind it the file that leads to it."""
    found: list[Path] = []
    numbered = entries(folder.parent)
    for number in sorted(numbered, reverse=True):
        if not torn(numbered[number]):
            break
        found.append(numbered[number])
    last = folder / _HINT
    try:
        version = int(json.loads(last.read_bytes())["version"])
    except FileNotFoundError:
        return found
    except (ValueError, KeyError, TypeError):
        return [*found, last]
    parts = sorted(folder.glob(f"{version:020}.checkpoint*.parquet"))
    return found if parts and all(_is_parquet(path) for path in parts) else [*found, *parts, last]


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) < 12:
            return False
        stream.seek(-4, os.SEEK_END)
        return stream.read(4) == b"PAR1"


def _stats(file: File) -> str:
    stats: dict[str, object] = {"numRecords": file.rows}
    if file.first is not None and file.last is not None:
        stats["minValues"], stats["maxValues"] = {"time": _iso(file.first)}, {"time": _iso(file.last)}
    return json.dumps(stats)


def _iso(time: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _files(actions: pa.Table) -> list[File]:
    columns = {name: actions[name].to_pylist() for name in actions.column_names if name.startswith("partition.")}
    keys = zip(*(columns[f"partition.{name}"] for name in PARTITIONS), strict=True)
    paths, sizes, rows = (actions[name].to_pylist() for name in ("path", "size_bytes", "num_records"))
    times = [
        actions[name].cast(pa.int64()).to_pylist() if name in actions.column_names else [None] * len(paths)
        for name in ("min.time", "max.time")
    ]
    made = zip(paths, keys, sizes, rows, *times, strict=True)
    return [File(path, Partition(*key), size, count, first, last) for path, key, size, count, first, last in made]


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
