"""Is a register in order? The manifest against source and history, keys, imprint and map, and what is not yet told."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import KullaError
from kulla.registers.desk.imprinting import history_files, unseen
from kulla.registers.desk.imprintparts import parts_in
from kulla.registers.desk.recordmap import map_file, read_map
from kulla.registers.folder import RegisterFolder
from kulla.registers.imprint import plan
from kulla.registers.imprintformat import RECORD_NO, require_key, require_same
from kulla.registers.keyfile import keys_below, read_key
from kulla.registers.manifest import Manifest

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong (error), weak (warning) or not told (note), and what to do."""

    level: Level
    about: str
    text: str


def check(folder: RegisterFolder, key: Path | None = None, live: bool = True) -> tuple[Remark, ...]:
    """All remarks on a register. `key`: also hold a key file against the imprint; `live`: also ask the source.

    Raises InputError, ConfigError only when the manifest itself cannot be read.
    """
    manifest = folder.read()
    checks: list[tuple[str, Callable[[], Iterator[Remark]]]] = [
        ("manifest", lambda: _manifest(manifest)),
        ("copies", lambda: _copies(manifest)),
        ("folder", lambda: _folder(folder)),
        ("history", lambda: _history(folder, manifest)),
        ("map", lambda: _map(folder)),
        ("imprint", lambda: _imprint(folder, manifest)),
    ]
    if key is not None:
        checks.append(("key", lambda: _key(folder, key)))
    if live and manifest.source == "postgresql":
        checks.append(("source", lambda: _source(manifest)))
    return tuple(remark for about, each in checks for remark in _safely(about, each))


def _safely(about: str, each: Callable[[], Iterator[Remark]]) -> Iterator[Remark]:
    try:
        yield from each()
    except KullaError as error:
        yield Remark("error", about, str(error))


def _manifest(manifest: Manifest) -> Iterator[Remark]:
    if not manifest.legal_basis.strip():
        yield Remark("warning", "manifest", "legal_basis is empty: name the law or article that allows this register")
    for column in manifest.columns:
        if not column.evidence:
            yield Remark("note", f"column {column.name}", f"no evidence for its meaning, {column.meaning}")
        if column.meaning == "special" and not column.category:
            yield Remark("error", f"column {column.name}", "a special category: say which, in category")
    if not manifest.purposes:
        yield Remark("warning", "manifest", "no purposes: say who may read for what, or no read can be out of purpose")
    if manifest.history == "none":
        yield Remark("warning", "history", "history is none: without versions a leak can be neither dated nor traced")


def _copies(manifest: Manifest) -> Iterator[Remark]:
    if not manifest.copies:
        yield Remark("warning", "copies", "no known copy: name replicas, backups, test copies, processors' copies")
    for copy in manifest.copies:
        about = f"copy {copy.name}"
        if not copy.read_log:
            yield Remark("warning", about, "no read log: a leak from it leaves no trace; log its reads or remove it")
        if copy.kind in ("backup", "test") and copy.frozen_at is None:
            yield Remark("note", about, "frozen_at is not told: the state it holds tells it apart from the register")
        if not copy.reachable_by:
            yield Remark("note", about, "reachable_by is not told: who can read it?")


def _folder(folder: RegisterFolder) -> Iterator[Remark]:
    for place in (folder.path, folder.map, folder.history, folder.accesses, folder.context):
        if place.exists() and stat.S_IMODE(place.stat().st_mode) & 0o077:
            yield Remark("error", str(place), "others may look into it; chmod 700 it")
    for path, held in keys_below(folder.path):
        yield Remark(
            "error", str(path), f"a key ({held.kind}) lies inside the register's folder; move it away and rotate it"
        )


def _history(folder: RegisterFolder, manifest: Manifest) -> Iterator[Remark]:
    if manifest.history == "none" and not folder.history.exists():
        return
    declared = {c.name for c in manifest.columns}
    times = {"valid_from", "valid_to", "known_from", "known_to"}
    for path in history_files(folder, manifest):
        for name in sorted(set(pq.read_schema(path).names) - declared - times):
            yield Remark("warning", path.name, f"its column {name} is not declared: no meaning, no imprint")


def _map(folder: RegisterFolder) -> Iterator[Remark]:
    known = read_map(folder)
    numbers = known.column("record_no").to_numpy()
    if len(numbers) and (len(np.unique(numbers)) < len(numbers) or numbers.min() == 0):
        yield Remark(
            "error", str(map_file(folder)), "a record number is 0 or stands twice; restore the map from a backup"
        )
    keys = known.column("key")
    if len(keys.drop_null().unique()) < len(keys) - keys.null_count:
        yield Remark("error", str(map_file(folder)), "a record key stands twice; restore the map from a backup")


def _imprint(folder: RegisterFolder, manifest: Manifest) -> Iterator[Remark]:
    place = folder.outbox / "imprint"
    parts = parts_in(place)
    if not parts:
        yield Remark("note", "imprint", "there is none yet; make one with kulla register imprint")
        return
    info = parts[0].info
    now = plan(manifest, info.key_id, info.epoch, info.reconstructed, info.part).info
    require_same(now, info, f"{place} (against the manifest)")
    known = read_map(folder)
    alive = known.filter(pc.invert(known.column("erased"))).column("record_no").to_numpy()
    for part in parts:
        numbers = pq.read_table(part.path, columns=[RECORD_NO]).column(0).to_numpy()
        strange = int((~np.isin(numbers, alive)).sum())
        if strange:
            yield Remark(
                "error", str(part.path), f"{strange} rows are of records unknown or erased; make a full imprint anew"
            )
    if new := unseen(folder):
        yield Remark(
            "note",
            "imprint",
            f"{new} history files are new or have changed since; extend it with kulla register imprint",
        )


def _key(folder: RegisterFolder, path: Path) -> Iterator[Remark]:
    key = read_key(path, "owner")
    parts = parts_in(folder.outbox / "imprint")
    if parts:
        require_key(parts[0].info, key.id, key.current, str(parts[0].path.parent))
    else:
        yield Remark("note", "key", "read; there is no imprint to hold it against")


def _source(manifest: Manifest) -> Iterator[Remark]:
    from kulla.registers.connect import postgres

    with postgres.connect(manifest.connection, read_only=True) as connection:
        there = {c.name for c in postgres.columns(connection, manifest.table)}
        copies = postgres.copies(connection, manifest.table)
    declared = {c.name for c in manifest.columns}
    for name in sorted(declared - there):
        yield Remark("error", f"column {name}", f"is no longer in {manifest.table}")
    for name in sorted(there - declared):
        yield Remark("warning", f"column {name}", f"is in {manifest.table} but not declared: no meaning, no imprint")
    known = {copy.name for copy in manifest.copies}
    for copy in copies:
        if copy.name not in known:
            yield Remark("warning", f"copy {copy.name}", f"the server tells of it ({copy.note}), the manifest does not")
