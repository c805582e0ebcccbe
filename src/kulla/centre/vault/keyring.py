"""The centre's keys: a folder of its own, outside what the keys protect, each file for its owner alone.

centre.id            which centre they belong to; no secret
console.key          Django's secret key
evidence.key         key-encryption keys of the evidence store, one per epoch, and the key of its addresses
backup.key           the key of backups
signing.key .pub     Ed25519, PEM: signs exports, receipts and backups; its fingerprint is told out of band
audit.key .pub       Ed25519, PEM: signs heads of the chains of audit and custody
centre.key           the centre's part of registers' split keys, and the key that owners' envelopes are sealed to
recovery.pub         X25519: what the keys are backed up to, once shares have been made; no secret
database.url         the database's address with its password, when it is not SQLite
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.leaks.evidence.signing import fingerprint_of
from kulla.registers.keyfile import KeyFile, new_key, read_key, refuse_inside, unsafe, write_key
from kulla.registers.sealing import signkeys

CENTRE_ID, CONSOLE, EVIDENCE, BACKUP = "centre.id", "console.key", "evidence.key", "backup.key"
SIGNING, AUDIT, REGISTERS, RECOVERY, DATABASE = "signing.key", "audit.key", "centre.key", "recovery.pub", "database.url"
_MARK: Final = "kulla_vault_key"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class VaultKey:
    """Secrets by their ids, the newest last: what is new goes under the newest, what is old stays readable.

    Attributes:
        purpose: `evidence` or `backup`; a key of one never serves as the other.
        secrets: id (16 hexadecimal digits) → 32 bytes.
        address: 32 bytes from which the evidence store's addresses come; never rotated, empty for other purposes.
    """

    purpose: str
    secrets: dict[str, bytes] = field(repr=False)
    address: bytes = field(default=b"", repr=False)

    @property
    def current(self) -> str:
        """The id of the newest."""
        return next(reversed(self.secrets))

    def secret(self, name: str) -> bytes:
        """The secret of this id. Raises ConfigError when it is not among the keys."""
        if name not in self.secrets:
            raise ConfigError(f"{self.purpose} key {name}: not among the keys; restore it from the keys' backup")
        return self.secrets[name]

    def rotated(self) -> VaultKey:
        """With one more secret."""
        return replace(self, secrets={**self.secrets, secrets.token_hex(8): secrets.token_bytes(_BYTES)})


def new_vault_key(purpose: str) -> VaultKey:
    """A fresh key with one secret."""
    address = secrets.token_bytes(_BYTES) if purpose == "evidence" else b""
    return VaultKey(purpose, {secrets.token_hex(8): secrets.token_bytes(_BYTES)}, address)


@dataclass(frozen=True, slots=True)
class Keys:
    """The folder of keys. Each is read, and its permissions checked, when it is asked for.

    Every method raises InputError when a file cannot be read, ConfigError when it is wrong, open to others or lies
    inside a centre's folder.
    """

    folder: Path

    def id(self) -> str:
        """The id of the centre that these keys belong to."""
        return self._text(CENTRE_ID)

    def console(self) -> str:
        """Django's secret key."""
        return self._text(CONSOLE)

    def evidence(self) -> VaultKey:
        """The evidence store's keys."""
        return self._vault(EVIDENCE, "evidence")

    def backup(self) -> VaultKey:
        """The backups' key."""
        return self._vault(BACKUP, "backup")

    def signing(self) -> Ed25519PrivateKey:
        """What signs exports, receipts and backups."""
        return signkeys.private_key(self.folder / SIGNING)

    def audit(self) -> Ed25519PrivateKey:
        """What signs heads of chains."""
        return signkeys.private_key(self.folder / AUDIT)

    def fingerprints(self) -> dict[str, str]:
        """`signing` and `audit` → what is told of each out of band."""
        return {"signing": fingerprint_of(self.signing()), "audit": fingerprint_of(self.audit())}

    def registers(self) -> KeyFile:
        """The centre's part of registers' keys."""
        return read_key(self.folder / REGISTERS, "centre")

    def recovery(self) -> bytes:
        """The public key that the keys' backup is sealed to (32 bytes); empty while no shares have been made."""
        path = self.folder / RECOVERY
        return _decoded(path, _read(path)) if path.exists() else b""

    def database_url(self) -> str:
        """The database's address as it stands among the keys; empty when there is none."""
        return self._text(DATABASE) if (self.folder / DATABASE).exists() else ""

    def rotate(self, name: str) -> None:
        """Add a secret to `evidence.key` or `backup.key`. A backup of the keys made before does not have it."""
        purpose = {EVIDENCE: "evidence", BACKUP: "backup"}[name]
        write(self.folder / name, _plain(self._vault(name, purpose).rotated()), replacing=True)

    def files(self) -> Iterator[Path]:
        """Every file of the folder, sorted by name."""
        yield from sorted(path for path in self.folder.iterdir() if path.is_file() and not path.is_symlink())

    def _text(self, name: str) -> str:
        path = self.folder / name
        return _read(path).decode("utf-8", "replace").strip()

    def _vault(self, name: str, purpose: str) -> VaultKey:
        path = self.folder / name
        return _made(_read(path), path, purpose)


def make(folder: Path, centre: str, now: datetime, registers: KeyFile | None = None) -> Keys:
    """Make a centre's keys in a folder that is empty or not there yet.

    centre: the centre's id. registers: its part of registers' keys if there is one already; a fresh one otherwise.
    Raises UsageError when the folder holds something or lies inside an owner's or a centre's folder; OutputError.
    """
    refuse_inside(folder / CENTRE_ID)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: holds something already; give the keys a folder of their own, new or empty")
        folder.chmod(0o700)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error
    write(folder / CONSOLE, secrets.token_urlsafe(48).encode() + b"\n")
    write(folder / EVIDENCE, _plain(new_vault_key("evidence")))
    write(folder / BACKUP, _plain(new_vault_key("backup")))
    signkeys.new_key(folder / SIGNING)
    signkeys.new_key(folder / AUDIT)
    write_key(folder / REGISTERS, registers or new_key("centre", now))
    write(folder / CENTRE_ID, centre.encode() + b"\n")  # the last: with it the folder is whole
    return Keys(folder)


def write(path: Path, data: bytes, replacing: bool = False) -> None:
    """Write a file among the keys, mode 0600, whole or not at all.

    Raises UsageError inside a centre's or owner's folder, OutputError when it exists (unless `replacing`).
    """
    refuse_inside(path)
    if path.exists() and not replacing:
        raise OutputError(f"{path}: exists already; a key is never overwritten")
    waiting = path.with_name(path.name + ".new")
    try:
        handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
        synced(path.parent)
    except FileExistsError:
        raise OutputError(f"{waiting}: an interrupted run left it; compare it with {path.name} and remove it") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def synced(folder: Path) -> None:
    """Have a folder's names on disk: a file is safely there only when its name is, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> bytes:
    problem = unsafe(path)
    if problem:
        raise ConfigError(problem)
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _plain(key: VaultKey) -> bytes:
    epochs = [{"id": name, "secret": base64.b64encode(secret).decode()} for name, secret in key.secrets.items()]
    whole: dict[str, Any] = {_MARK: 1, "purpose": key.purpose, "epochs": epochs}
    if key.address:
        whole["address"] = base64.b64encode(key.address).decode()
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _made(data: bytes, path: Path, purpose: str) -> VaultKey:
    try:
        whole = orjson.loads(data)
        found = {str(each["id"]): base64.b64decode(each["secret"], validate=True) for each in whole["epochs"]}
        address = base64.b64decode(whole.get("address", ""), validate=True)
        lengths = {len(secret) for secret in found.values()} | ({len(address)} if purpose == "evidence" else set())
        if whole[_MARK] != 1 or whole["purpose"] != purpose or lengths != {_BYTES}:
            raise ValueError("version, purpose or length")
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        # Not chained: the parser's message can quote the file.
        raise ConfigError(f"{path}: is no {purpose} key of Kulla, or is damaged ({type(error).__name__})") from None
    return VaultKey(purpose, found, address)


def _decoded(path: Path, data: bytes) -> bytes:
    try:
        found = base64.b64decode(data.strip(), validate=True)
    except binascii.Error:
        found = b""
    if len(found) != _BYTES:
        raise ConfigError(f"{path}: no public key for recovery; make shares again")
    return found
