"""Is a centre's folder in order? Who may reach it, where its keys are, and what is missing for a bad day."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from kulla.centre.folder import FOLDERS, Centre, exposed, opened
from kulla.centre.vault.stores import REPORTS, stores
from kulla.errors import ConfigError, KullaError
from kulla.registers.desk.checking import Remark
from kulla.registers.keyfile import keys_below
from kulla.registers.manifest import read_manifest

_SMALL: Final = 1 << 20
_SECRET: Final = (b"PRIVATE KEY-----", b'"kulla_vault_key"')
_LOOKED: Final = ("", "state", "registers", "traces")
"""Where keys are looked for. What was taken in from outside (inbox, rejects, lake, evidence) may speak of keys."""


def check(path: Path, keys: Path | None = None, evidence: bool = False) -> tuple[Remark, ...]:
    """All remarks on a centre. keys: their folder, when centre.toml does not say; evidence: read both stores whole.

    Raises nothing of ours: what keeps the centre from being opened is the one remark.
    """
    try:
        centre = opened(path, keys)
    except KullaError as error:
        return (Remark("error", str(path), str(error)),)
    checks: list[tuple[str, Callable[[Centre], Iterator[Remark]]]] = [
        ("folder", _folder), ("keys", _keys), ("secrets", _secrets), ("copies", _copies),
        ("registers", _registers),
    ]  # fmt: skip
    if evidence:
        checks.append(("evidence", _evidence))
    return tuple(remark for about, each in checks for remark in _safely(about, each, centre))


def _safely(about: str, each: Callable[[Centre], Iterator[Remark]], centre: Centre) -> Iterator[Remark]:
    try:
        yield from each(centre)
    except KullaError as error:
        yield Remark("error", about, str(error))
    except OSError as error:
        yield Remark("error", about, f"{error.filename}: cannot be read: {error.strerror}")


def _folder(centre: Centre) -> Iterator[Remark]:
    for name in FOLDERS:
        if not (centre.path / name).is_dir():
            yield Remark("error", name, "is missing; restore it from a backup, or make an empty one (mode 0700)")
        elif problem := exposed(centre.path / name):
            yield Remark("error", name, problem)
    for path in (centre.path / "centre.toml", *sorted(centre.state.iterdir())):
        if problem := exposed(path):
            yield Remark("error", path.name, problem)
    for name, place in (("evidence", centre.evidence), (REPORTS, centre.state / REPORTS)):
        yield from _stored(name, place)


def _stored(name: str, place: Path) -> Iterator[Remark]:
    """The files of a store: for us alone, and items for nobody to write to."""
    for path in sorted(place.rglob("*")):
        if problem := exposed(path):
            yield Remark("error", f"{name} {path.name}", problem)
        elif path.parent.parent.name == "items" and stat.S_IMODE(path.stat().st_mode) & 0o222:
            yield Remark("error", f"{name} {path.name}", "may be written to; chmod 400 it")
    left = len(list(place.glob("incoming/*")))
    if left:
        yield Remark("note", name, f"{left} intakes at work, or cut short; a start of the centre removes the latter")


def _keys(centre: Centre) -> Iterator[Remark]:
    keys = centre.keys
    readers: tuple[Callable[[], object], ...] = (
        keys.console, keys.evidence, keys.backup, keys.signing, keys.audit, keys.registers,
    )  # fmt: skip
    for read in readers:
        try:
            read()
        except KullaError as error:
            yield Remark("error", "keys", str(error))
    for path in keys.files():
        if path.suffix != ".pub" and (problem := exposed(path)):
            yield Remark("error", path.name, problem)
    found = keys_below(keys.folder)
    for path in sorted(path for path, key in found if key.kind == "owner" and any(e.secret for e in key.epochs)):
        yield Remark(
            "error", path.name,
            "an owner's key lies beside the centre's: with both parts of the split key anyone who takes the folder can "
            "try all national ids against the imprint. Give it back; take it for one run, as an envelope",
        )  # fmt: skip
    if centre.told.tls_key and centre.path in Path(centre.told.tls_key).resolve().parents:
        yield Remark("error", "tls_key", "lies inside the centre's folder; move it to the keys")


def _secrets(centre: Centre) -> Iterator[Remark]:
    """Keys inside the folder, whatever they are called."""
    kinds: set[str] = set()
    for path in _small(centre):
        data = path.read_bytes()
        if any(mark in data for mark in _SECRET) or centre.keys.console().encode() in data:
            yield Remark("error", str(path), "a key lies inside the centre's folder; move it away, and make a new one")
    for name in _LOOKED[1:]:
        for path, key in keys_below(centre.path / name):
            kinds.add(key.kind)
            yield Remark("error", str(path), f"a key ({key.kind}) lies inside the centre's folder; rotate it")
    if kinds >= {"owner", "centre"}:
        yield Remark("error", "keys", "both parts of a split key lie inside the folder: its imprints protect nobody")


def _small(centre: Centre) -> Iterator[Path]:
    for name in _LOOKED:
        found = (centre.path / name).glob("*" if not name else "**/*")
        for path in sorted(found):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= _SMALL:
                yield path


def _copies(centre: Centre) -> Iterator[Remark]:
    if not centre.keys.recovery():
        yield Remark(
            "warning", "recovery",
            f"no shares of the recovery key: if the keys are lost, so is the centre. kulla centre shares {centre.path}",
        )  # fmt: skip
    if not centre.told.anchors:
        yield Remark("warning", "anchors", "heads of the chains are copied nowhere; name a folder off this machine")
    for anchor in map(Path, centre.told.anchors):
        if not anchor.is_dir():
            yield Remark("error", "anchors", f"{anchor}: is no folder that can be reached")
        elif anchor.stat().st_dev == centre.path.stat().st_dev:
            yield Remark("warning", "anchors", f"{anchor}: on the same disk as the centre; a copy there proves little")


def _registers(centre: Centre) -> Iterator[Remark]:
    """Manifests that cannot be read: meanwhile every database's log is kept out."""
    for folder in sorted(path for path in centre.registers.glob("[!.]*") if path.is_dir()):
        path = folder / "manifest.toml"
        try:
            read_manifest(path.read_text("utf-8"), str(path))
        except UnicodeDecodeError:
            yield Remark("error", f"register {folder.name}", f"{path}: not UTF-8; have the register delivered again")
        except OSError as error:
            why = f"{path}: cannot be read: {error.strerror}; have the register delivered again"
            yield Remark("error", f"register {folder.name}", why)
        except ConfigError as error:
            yield Remark("error", f"register {folder.name}", f"{error}; have the register delivered again")


def _evidence(centre: Centre) -> Iterator[Remark]:
    for name, store in stores(centre).items():
        yield from (Remark("error", f"{name} {flaw.address}", flaw.text) for flaw in store.verify())
