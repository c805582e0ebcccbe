"""Key files: a secret per epoch, readable by their owner alone, never inside an owner's or a centre's folder.

JSON: `{"kulla_key": 1, "kind": "owner" | "centre", "id", "epochs": [{"epoch", "created", "secret" | "destroyed"}],
"sealing": …}`. `owner` keys make imprints; a `centre` key makes the centre's step, and its file also holds the X25519
key (`sealing`) to which envelopes are sealed. Secrets are random (`secrets`), so a lost key is lost: keep a copy apart.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

import orjson

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.registers.keys import KEY_BYTES

Kind = Literal["owner", "centre"]

_VERSION: Final = 1
_MARK: Final = b'"kulla_key"'
_FOLDER_MARKS: Final = ("owner.toml", "centre.toml")
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Epoch:
    """One secret of a key file. `secret` is None once destroyed: its imprints can never be compared again."""

    epoch: int
    created: datetime
    secret: bytes | None = field(repr=False)
    destroyed: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The content of a key file; epochs ascending. `sealing`: the X25519 private key of a centre, else empty."""

    kind: Kind
    id: str
    epochs: tuple[Epoch, ...]
    sealing: bytes = field(default=b"", repr=False)

    @property
    def current(self) -> int:
        """The newest epoch's number."""
        return self.epochs[-1].epoch

    def secret(self, epoch: int | None = None) -> bytes:
        """The secret of an epoch, by default the newest. Raises ConfigError when there is none or it is destroyed."""
        wanted = self.current if epoch is None else epoch
        for each in self.epochs:
            if each.epoch == wanted:
                if each.secret is None:
                    raise ConfigError(f"key {self.id}: the secret of epoch {wanted} was destroyed")
                return each.secret
        raise ConfigError(
            f"key {self.id}: has no epoch {wanted}; it has {', '.join(str(e.epoch) for e in self.epochs)}"
        )

    def rotated(self, now: datetime) -> KeyFile:
        """With one more epoch. Older ones stay, for imprints already made."""
        return replace(self, epochs=(*self.epochs, Epoch(self.current + 1, now, secrets.token_bytes(KEY_BYTES))))

    def without(self, epoch: int, now: datetime) -> KeyFile:
        """With the secret of one epoch gone for good. Raises ConfigError when there is none."""
        self.secret(epoch)
        gone = (replace(e, secret=None, destroyed=now) if e.epoch == epoch else e for e in self.epochs)
        return replace(self, epochs=tuple(gone))


def new_key(kind: Kind, now: datetime) -> KeyFile:
    """A fresh key with epoch 1."""
    sealing = secrets.token_bytes(KEY_BYTES) if kind == "centre" else b""  # any 32 bytes are an X25519 private key
    return KeyFile(kind, secrets.token_hex(8), (Epoch(1, now, secrets.token_bytes(KEY_BYTES)),), sealing)


def write_key(path: Path, key: KeyFile, replacing: bool = False) -> None:
    """Write a key file with mode 0600, whole or not at all.

    Raises UsageError inside an owner's or a centre's folder, OutputError when it exists (unless `replacing`, then when
    it cannot be written).
    """
    refuse_inside(path)
    if path.exists() and not replacing:
        raise OutputError(f"{path}: exists already; a key is never overwritten. Name another file, or rotate it")
    waiting = path.with_name(path.name + ".new")
    try:
        handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(_plain(key), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
        _put(waiting, path, replacing)
    except FileExistsError:
        raise OutputError(f"{waiting}: an interrupted run left it; compare it with {path.name} and remove it") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def read_key(path: Path, kind: Kind | None = None) -> KeyFile:
    """A key file. Raises InputError when it cannot be read; ConfigError when wrong, open to others or misplaced."""
    problem = unsafe(path)
    if problem:
        raise ConfigError(problem)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the key file cannot be read: {error.strerror}") from error
    key = _made(data, path)
    if kind and key.kind != kind:
        raise ConfigError(f"{path}: is a key of kind {key.kind}; needed is one of kind {kind}")
    return key


def unsafe(path: Path) -> str:
    """Why a key file may not be used: readable or writable by others, another's, or misplaced; empty when it may.

    Raises InputError when there is none.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"{path}: the key file cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(state.st_mode):
        return f"{path}: is no plain file"
    if state.st_mode & 0o077:
        return f"{path}: others may reach this key (mode {state.st_mode & 0o777:04o}); chmod 600 it, and rotate the key"
    if state.st_uid != os.geteuid():
        return f"{path}: belongs to another user; a key file must belong to the one who uses it"
    folder = _folder_around(path)
    return f"{path}: lies inside the folder {folder}; keep keys apart from what they protect" if folder else ""


def refuse_inside(path: Path) -> None:
    """Raise UsageError for a place inside an owner's or a centre's folder."""
    folder = _folder_around(path)
    if folder:
        raise UsageError(f"{path}: lies inside the folder {folder}; keep keys apart from what they protect")


def keys_below(folder: Path) -> Iterator[tuple[Path, KeyFile]]:
    """Key files anywhere below a folder, whatever they are called."""
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
                continue
            data = path.read_bytes()
            if _MARK in data:
                yield path, _made(data, path)
        except (OSError, ConfigError):
            continue


def both_keys_here(folder: Path) -> tuple[Path, ...]:
    """The key files below a folder that together hold both the owner's and the centre's part; empty unless both do.

    With both, whoever takes the folder can try all national ids against the imprint in minutes.
    """
    held = [(path, key.kind) for path, key in keys_below(folder) if any(e.secret for e in key.epochs)]
    kinds = {kind for _, kind in held}
    return tuple(path for path, _ in held) if kinds == set(get_args(Kind)) else ()


def _folder_around(path: Path) -> Path | None:
    for parent in path.resolve().parents:
        if any((parent / mark).is_file() for mark in _FOLDER_MARKS) or any(map(any, _registers(parent))):
            return parent
    return None


def _registers(folder: Path) -> Iterator[Iterator[Path]]:
    return (folder.glob(f"registers/*/{inside}") for inside in ("manifest.toml", "history", "map", "imprint"))


def _put(waiting: Path, path: Path, replacing: bool) -> None:
    """Put the new file in place; then zeros over the old secrets. What a journal or flash memory holds is beyond us."""
    if not replacing:
        waiting.replace(path)
        return
    with path.open("r+b") as old:
        waiting.replace(path)
        old.write(bytes(os.fstat(old.fileno()).st_size))
        old.flush()
        os.fsync(old.fileno())


def _plain(key: KeyFile) -> dict[str, Any]:
    epochs = []
    for each in key.epochs:
        plain: dict[str, Any] = {"epoch": each.epoch, "created": each.created.isoformat()}
        if each.secret is not None:
            plain["secret"] = base64.b64encode(each.secret).decode()
        if each.destroyed is not None:
            plain["destroyed"] = each.destroyed.isoformat()
        epochs.append(plain)
    whole = {"kulla_key": _VERSION, "kind": key.kind, "id": key.id, "epochs": epochs}
    return whole | ({"sealing": base64.b64encode(key.sealing).decode()} if key.sealing else {})


def _made(data: bytes, path: Path) -> KeyFile:
    try:
        whole = orjson.loads(data)
        if whole["kulla_key"] != _VERSION or whole["kind"] not in get_args(Kind):
            raise ValueError("version or kind")
        epochs = tuple(_epoch(each) for each in whole["epochs"])
        if not epochs or [e.epoch for e in epochs] != sorted({e.epoch for e in epochs}):
            raise ValueError("epochs")
        return KeyFile(whole["kind"], str(whole["id"]), epochs, base64.b64decode(whole.get("sealing", "")))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, binascii.Error) as error:
        # Not chained: the parser's message can quote the file.
        raise ConfigError(f"{path}: is no key file of Kulla, or is damaged ({type(error).__name__})") from None


def _epoch(plain: dict[str, Any]) -> Epoch:
    secret = base64.b64decode(plain["secret"], validate=True) if "secret" in plain else None
    if secret is not None and len(secret) != KEY_BYTES:
        raise ValueError("length of a secret")
    destroyed = datetime.fromisoformat(plain["destroyed"]) if "destroyed" in plain else None
    return Epoch(int(plain["epoch"]), datetime.fromisoformat(plain["created"]), secret, destroyed)
