"""A centre from its backup, on a bare machine: unpacked, checked whole, and only then put in place."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from kulla.centre.folder import Centre, apart, opened_any, told_in
from kulla.centre.vault import pgdump
from kulla.centre.vault.archive import read_archive
from kulla.centre.vault.backup import ARRIVING, DUMP
from kulla.centre.vault.deltalog import newest, tables_in
from kulla.centre.vault.keyring import Keys, synced
from kulla.centre.vault.sqlite import database_problem
from kulla.centre.vault.stores import REPORTS, evidence_store, stores
from kulla.errors import ConfigError, InputError, KullaError, OutputError
from kulla.leaks.desk.runs import runs_in

Check = Callable[[Centre], Iterable[str]]
"""What looks a restored centre over and says what does not hold."""
Unspoken = Callable[[Centre, frozenset[str]], Iterable[str]]
"""Of these addresses of evidence those of which a restored centre's database does not speak."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A centre that was restored. told: what the backup says of itself; problems: what does not hold in it."""

    centre: Centre
    told: dict[str, Any]
    problems: tuple[str, ...]


def restore(
    archive: Path, path: Path, keys: Path, url: str = "", checks: Iterable[Check] = (),
    unspoken: Unspoken = lambda centre, addresses: (),
) -> Restored:  # fmt: skip
    """Restore a centre to a folder that is empty or not there yet.

    Args:
        keys: the folder of its keys, as they were kept, or as `keybackup.recover_keys` made it.
        url: the address of an empty PostgreSQL database, when the centre used one; else the one among the keys.
        checks: more of them, such as the audit's chain; those of this room are always made.
        unspoken: what of the evidence that came while the backup was made is removed again: its intake is not in the
            database, so that nothing would tell of it.

    Raises UsageError, OutputError for a place that cannot be used; InputError when the backup was altered, is not this
    centre's, or the database cannot be loaded: then nothing is there. What was wrong already when the backup was made
    is told in `problems`, and restored as it was.
    """
    if url:
        pgdump.program("pg_restore")  # told before anything is unpacked
    path, held = path.resolve(), Keys(keys.resolve())
    apart(path, held.folder)
    waiting = path.with_name(path.name + ".restoring")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise OutputError(f"{path}: holds something already; name a new folder")
    if waiting.exists():
        raise OutputError(f"{waiting}: an interrupted restore left it; remove it")
    key, public = held.backup(), held.signing().public_key()
    try:
        waiting.mkdir(mode=0o700, parents=True)
        manifest = read_archive(archive, waiting, key, public)
        if manifest.told.get("centre") != held.id():
            raise InputError(f"{archive}: the backup of another centre than the keys are of")
        _settled(waiting, held)
        if manifest.told.get("database") == "postgresql":
            _load(waiting, url or held.database_url())
        if path.exists():
            path.rmdir()
        waiting.replace(path)
        synced(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be restored: {error.strerror}") from error
    finally:
        shutil.rmtree(waiting, ignore_errors=True)
    centre = opened_any(path, held.folder)
    arriving = frozenset(manifest.told.get(ARRIVING, ()))
    for address in sorted(unspoken(centre, arriving)) if arriving else ():
        evidence_store(centre).remove(address)
    return Restored(centre, dict(manifest.told), tuple(problems(centre, checks)))


def problems(centre: Centre, checks: Iterable[Check] = ()) -> Iterator[str]:
    """What does not hold: databases, every byte of both stores, the log of runs, the lake's tables, and `checks`."""
    for check in (*_CHECKS, *checks):
        try:
            yield from check(centre)
        except KullaError as error:
            yield str(error)


def _settled(folder: Path, keys: Keys) -> None:
    """Modes as the stores want them, and centre.toml with the place where the keys are now."""
    for store in ("evidence", f"state/{REPORTS}"):
        for item in folder.glob(f"{store}/items/*/*"):
            item.chmod(0o400)
    told = told_in(folder)
    Centre(folder, keys, told).rewritten(replace(told, keys=str(keys.folder)))


def _load(folder: Path, url: str) -> None:
    if not url:
        raise ConfigError(
            "the centre used PostgreSQL: set DATABASE_URL to an empty database, owned by the centre's role"
        )
    pgdump.load(url, folder / DUMP)
    (folder / DUMP).unlink()


def _database(centre: Centre) -> Iterator[str]:
    yield from filter(None, map(database_problem, sorted(centre.state.glob("*.sqlite3"))))


def _evidence(centre: Centre) -> Iterator[str]:
    for name, store in stores(centre).items():
        yield from (f"{name} {flaw.address}: {flaw.text}" for flaw in store.verify())


def _runs(centre: Centre) -> Iterator[str]:
    runs_in(centre.traces / "runs.jsonl")
    yield from ()


def _lake(centre: Centre) -> Iterator[str]:
    for table in tables_in(centre.lake):
        for name in newest(table).files:
            if not (table / name).exists():
                yield f"{table / name}: is missing"


_CHECKS: Final[tuple[Check, ...]] = (_database, _evidence, _runs, _lake)
