"""The backup of a whole centre while it works: one encrypted file, consistent in itself.

What refers to something is taken before what it refers to. First the inbox: a file that is read meanwhile is read again
after a restore, and nothing of it doubles. Then the signed heads of the chains, which are in the database; then the
database, by its own means. Then evidence, which only grows while
this lasts (removals are refused), registers, each at one moment, traces, and the lake's tables, each at one version
that is no older than what the database knows. Keys are not in it (keybackup.py).
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from kulla import __version__
from kulla.centre.folder import TOML, Centre
from kulla.centre.vault import pgdump
from kulla.centre.vault.archive import Manifest, write_archive
from kulla.centre.vault.deltalog import LAST, LOG, last_checkpoint, newest, tables_in
from kulla.centre.vault.sqlite import copy_database
from kulla.centre.vault.stage import Stage
from kulla.centre.vault.stores import REPORTS, evidence_store
from kulla.errors import OutputError, UsageError
from kulla.registers.desk.receiving import INDEX

DUMP: Final = "state/centre.pgdump"
HEADS: Final = "*-heads.jsonl"
ARRIVING: Final = "arriving"
"""What a backup calls the evidence that came while it was made: the database may not speak of it yet."""
_LOCKS: Final = ("run.lock", "backup.lock", "lock", "removals.lock")
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup as written. files, bytes: what it holds; size: of the archive; manifest: its signed list."""

    path: Path
    files: int
    bytes: int
    size: int
    manifest: Manifest


def backup(centre: Centre, out: Path, now: datetime, url: str = "") -> BackedUp:
    """Write a backup to a file that is not there yet, outside the centre's folder and its keys'.

    Args:
        url: the address of PostgreSQL; empty for SQLite (`centre.database_url`).

    Raises UsageError for a place that cannot be used; OutputError when it exists, another backup is at work, or
    something does not come to rest; InputError, ConfigError when the database or the lake cannot be copied.
    """
    if url:
        pgdump.program("pg_dump")  # told before anything is done
    out = out.resolve()
    if centre.path in out.parents or centre.keys.folder in out.parents:
        raise UsageError(f"{out}: a backup must lie outside the centre's folder and its keys'")
    store = evidence_store(centre)
    with _staging(centre) as folder, store.nothing_removed():
        try:
            stage = Stage(centre.path, folder)
            told = _take(centre, stage, url)
        except OSError as error:
            raise OutputError(f"{centre.path}: cannot be backed up: {error.strerror}: {error.filename}") from error
        told |= {
            "centre": centre.told.id, "name": centre.told.name, "layout": centre.told.version, "kulla": __version__,
            "made": now.astimezone(UTC).isoformat(), "database": "postgresql" if url else "sqlite",
        }  # fmt: skip
        keys = centre.keys
        manifest = write_archive(out, stage.files, stage.folders, told, keys.backup(), keys.signing())
    total = sum(size for size, _ in manifest.files.values())
    return BackedUp(out, len(manifest.files), total, out.stat().st_size, manifest)


def _take(centre: Centre, stage: Stage, url: str) -> dict[str, Any]:
    """Take hold of everything, in order; the versions of the lake's tables, and the evidence that came meanwhile."""
    stage.tree(centre.inbox)
    for path in sorted(centre.state.glob(HEADS)):
        stage.add(path)
    store = evidence_store(centre)
    before = set(store.addresses())
    _database(centre, stage, url)
    stage.tree(centre.evidence, lambda path: path.parent.name != "incoming" and path.name not in _LOCKS)
    if centre.registers.is_dir():  # with none in it, too
        stage.folders.add(centre.registers.name)
    for register in sorted(path for path in centre.registers.glob("*") if path.is_dir()):
        stage.steady(register, lambda path: path.parent.name != INDEX)
    stage.tree(centre.traces)
    stage.tree(centre.rejects)
    stage.tree(centre.state, lambda path: _of_state(path, centre.state))
    stage.folders = {each for each in stage.folders if not each.startswith("state/backup-")}
    stage.add(centre.path / TOML)
    arriving = [Path(place).name for place in stage.files if place.startswith(f"{centre.evidence.name}/items/")]
    return {"tables": _lake(centre, stage), ARRIVING: sorted({*arriving} - before)}


def _database(centre: Centre, stage: Stage, url: str) -> None:
    if url:
        copy = stage.spare()
        pgdump.dump(url, copy)
        stage.made(copy, DUMP)
    for path in sorted(centre.state.glob("*.sqlite3")):  # none in a centre that was made and never started
        copy = stage.spare()
        copy_database(path, copy)
        stage.made(copy, path.relative_to(centre.path).as_posix())


def _of_state(path: Path, state: Path) -> bool:
    """Whether a file of the state is still to be taken: no lock, no stage of a backup, no upload, no intake that is
    under way, no database, no signed heads, which were taken before it."""
    place = path.relative_to(state).parts
    if place[0] == "uploads" or place[:2] == (REPORTS, "incoming"):
        return False
    if path.name in _LOCKS or path.match(HEADS):
        return False
    return not place[0].startswith("backup-") and path.suffix != ".sqlite3"


def _lake(centre: Centre, stage: Stage) -> dict[str, int]:
    """Each table at its newest version, and what else lies in the lake."""
    tables = {}
    found = list(tables_in(centre.lake))
    for table in found:
        tables[table.relative_to(centre.path).as_posix()] = _table(table, stage)
    stage.tree(centre.lake, lambda path: not any(_of_table(path, table) for table in found))
    return tables


def _table(table: Path, stage: Stage) -> int:
    """A table at its newest version. Compaction may take files away between reading the log and holding them."""
    for _ in range(_TRIES):
        try:
            version = newest(table)
            for name in version.files:
                stage.add(table / name)
            for name in version.log:
                stage.add(table / LOG / name)
        except FileNotFoundError:
            gone = f"{table.relative_to(stage.root).as_posix()}/"
            stage.files = {place: held for place, held in stage.files.items() if not place.startswith(gone)}
            continue
        last = last_checkpoint(version)
        if last:
            path = stage.spare()
            path.write_bytes(last)
            stage.made(path, (table / LOG / LAST).relative_to(stage.root).as_posix())
        return version.number
    raise OutputError(f"{table}: is being compacted without a pause; back up again later")


def _of_table(path: Path, table: Path) -> bool:
    """Whether a file belongs to a table's versions: its log, and its data files, named by the newest or not."""
    return table in path.parents and (LOG in path.relative_to(table).parts or path.suffix == ".parquet")


@contextmanager
def _staging(centre: Centre) -> Iterator[Path]:
    """An empty folder within the centre's, gone afterwards; also what a backup that was killed left."""
    handle = os.open(centre.state / "backup.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"{centre.path}: another backup is at work; try again when it has ended") from None
        for left in centre.state.glob("backup-*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = centre.state / f"backup-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
