"""How the centre takes what an owner delivered: an outbox becomes what the centre keeps of a register.

    registers/<name>/{manifest.toml,accounts.parquet,templates.parquet,groups.parquet,seals.jsonl,findings.jsonl}
    registers/<name>/imprint/*.parquet   after the centre's step
    registers/<name>/reads/*.parquet

What the owner no longer has goes at the centre too, with the next delivery.
"""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kulla.errors import ConfigError, InputError
from kulla.registers.desk.centreside import take_imprint
from kulla.registers.desk.describing import ACCOUNTS, MANIFEST
from kulla.registers.desk.recordmap import replaced
from kulla.registers.desk.watch import FINDINGS
from kulla.registers.folder import made
from kulla.registers.keyfile import KeyFile
from kulla.registers.manifest import Manifest, manifest_text, read_manifest

CENTRE: Final = "centre.toml"
INDEX: Final = "index"
"""Beside an imprint: sorted copies of its keyed hashes, made by a trace when it needs them."""

_ALONGSIDE: Final = (ACCOUNTS, "templates.parquet", "groups.parquet", "seals.jsonl", FINDINGS)


@dataclass(frozen=True, slots=True)
class Received:
    """What a delivery brought. Parts and files of reads: taken now, dropped since the last, and there in all."""

    register: str
    parts_taken: int
    parts_dropped: int
    reads_taken: int
    reads_dropped: int
    reads: int


def receive(outbox: Path, centre: Path, key: KeyFile) -> Received:
    """Take an owner's delivery into a centre's folder; the folder is made when there is none.

    outbox: as delivered; centre: the centre's folder; key: the centre's own.
    Raises InputError when the delivery is none or damaged, ConfigError when it does not go with what is there.
    """
    _plain(outbox)
    manifest = _manifest(outbox)
    _centre(centre)
    kept = made(centre / "registers") / manifest.name
    if (kept / MANIFEST).exists():
        before = read_manifest((kept / MANIFEST).read_text("utf-8"), str(kept / MANIFEST))
        if (before.owner, before.constituent) != (manifest.owner, manifest.constituent):
            raise ConfigError(
                f"{outbox}: a register {manifest.name} of {manifest.owner}; the centre has one of {before.owner}."
                " Give one of them another name"
            )
    made(kept)
    taken, dropped = take_imprint(outbox / "imprint", kept / "imprint", key)
    if taken or dropped:
        # What was sorted of the imprint before holds the hashes of persons who may have been erased since.
        shutil.rmtree(kept / INDEX, ignore_errors=True)
    reads_taken, reads_dropped = _mirrored(outbox / "reads", kept / "reads")
    if reads_taken or reads_dropped:
        shutil.rmtree(kept / INDEX / "reads", ignore_errors=True)
    for name in _ALONGSIDE:
        if (outbox / name).exists():
            _copied(outbox / name, kept / name)
        else:
            (kept / name).unlink(missing_ok=True)
    with replaced(kept / MANIFEST) as waiting:
        waiting.write_text(manifest_text(manifest), "utf-8")
    return Received(
        manifest.name, taken, dropped, reads_taken, reads_dropped, len(list((kept / "reads").glob("*.parquet")))
    )


def _plain(outbox: Path) -> None:
    """Refuse a delivery with links in it: they would be followed here, to keys and whatever else the centre can read.

    Raises InputError.
    """
    for path in (outbox / "imprint", outbox / "reads", *outbox.glob("*"), *outbox.glob("*/*")):
        if path.is_symlink():
            raise InputError(f"{path}: is a link; a delivery holds files and folders only. Ask its owner, and say so")


def _manifest(outbox: Path) -> Manifest:
    path = outbox / MANIFEST
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise InputError(
            f"{outbox}: no {MANIFEST} here; give the outbox of a register whose owner ran kulla register imprint"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    manifest = read_manifest(text, str(path))
    if not manifest.name or not all(c.isalnum() or c in "-_" for c in manifest.name):
        raise ConfigError(f"{path}: a register's name has letters, digits, - and _ only")
    return manifest


def _centre(folder: Path) -> None:
    path = folder / CENTRE
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder}: holds other things and no {CENTRE}; give a centre's folder, or a new one")
        made(folder)
        path.write_text("schema = 1\n", "utf-8")
        return
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    if told.get("schema") != 1:
        raise ConfigError(f"{path}: schema must be 1; a newer Kulla may have written it")


def _mirrored(source: Path, kept: Path) -> tuple[int, int]:
    """Copy files of reads that are new or changed, drop those that are gone."""
    there = {path.name: path for path in sorted(source.glob("*.parquet"))}
    made(kept)
    taken = 0
    for name, path in there.items():
        mine = kept / name
        if mine.exists() and (mine.stat().st_size, mine.read_bytes()) == (path.stat().st_size, path.read_bytes()):
            continue
        _copied(path, mine)
        taken += 1
    gone = [path for path in kept.glob("*.parquet") if path.name not in there]
    for path in gone:
        path.unlink()
    return taken, len(gone)


def _copied(source: Path, target: Path) -> None:
    with replaced(target) as waiting:
        shutil.copyfile(source, waiting)
