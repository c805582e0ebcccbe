"""Where a trace runs: at the centre, on what owners delivered, or at a register's owner, on their own outbox.

Both give the same things of a register; what differs is the side of its imprint, who holds which key, and how much may
be told (see `leaks.discretion`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from kulla.errors import ConfigError, InputError
from kulla.leaks.desk.centrefolder import CentreFolder, CentreRegister
from kulla.leaks.desk.filehashes import file_hashes
from kulla.leaks.desk.indexstore import beside
from kulla.registers.envelope import opened
from kulla.registers.folder import OwnerFolder
from kulla.registers.imprintformat import imprint_info, require_key
from kulla.registers.keyfile import KeyFile, read_key
from kulla.registers.keys import CentreKey, OwnerKeys, centre_key, owner_keys
from kulla.registers.manifest import Manifest

_ENVELOPE: Final = b'"kulla_envelope"'
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Keyed:
    """The owner's part of a register's key, for one run. envelope: the id of the envelope it came in, else empty."""

    secret: bytes = field(repr=False)
    id: str
    epoch: int
    envelope: str = ""

    @property
    def keys(self) -> OwnerKeys:
        """What tokens and cells are made with."""
        return owner_keys(self.secret)


class Site(Protocol):
    """Where a trace runs."""

    @property
    def at_owner(self) -> bool:
        """Whether this is the registers' own site."""

    @property
    def runs(self) -> Path:
        """The log of runs."""

    @property
    def discretion_key(self) -> bytes:
        """32 secret bytes for `leaks.discretion`."""

    def names(self) -> tuple[str, ...]:
        """Registers with an imprint."""

    def register(self, name: str) -> CentreRegister:
        """Where a register's things lie."""

    def manifest(self, name: str) -> Manifest:
        """A register's manifest."""

    def keyed(self, name: str) -> Keyed | None:
        """The owner's part for a register; None when it was not given."""

    def centre_key(self) -> KeyFile | None:
        """The centre's key file; None where the imprint is the owner's own."""

    def outer(self) -> CentreKey | None:
        """The centre's part; None where the imprint is the owner's own."""

    def traces(self, leak: str) -> Path:
        """Where results go by default."""


@dataclass(frozen=True, slots=True)
class CentreSite:
    """A centre's folder with its key, and the owners' keys by register: key files or envelopes sealed to the centre.

    used: ids of envelopes that served a run before; case: an envelope must be for it.
    """

    folder: CentreFolder
    key: KeyFile
    owners: Mapping[str, Path]
    case: str
    now: datetime
    used: frozenset[str] = frozenset()

    at_owner = False

    @property
    def runs(self) -> Path:
        return self.folder.runs

    @property
    def discretion_key(self) -> bytes:
        return hmac.digest(self.key.secret(), b"kulla trace discretion 1", "sha256")

    def names(self) -> tuple[str, ...]:
        return self.folder.names()

    def register(self, name: str) -> CentreRegister:
        return self.folder.register(name)

    def manifest(self, name: str) -> Manifest:
        return self.register(name).read()

    def centre_key(self) -> KeyFile | None:
        return self.key

    def outer(self) -> CentreKey | None:
        return centre_key(self.key.secret())

    def keyed(self, name: str) -> Keyed | None:
        if name not in self.owners:
            return None
        path = self.owners[name]
        info = _info(self.register(name).imprint)
        if (info.centre_key_id, info.centre_epoch) != (self.key.id, self.key.current):
            raise ConfigError(
                f"register {name}: its imprint was taken with centre's key {info.centre_key_id}, epoch"
                f" {info.centre_epoch}; given is {self.key.id}, epoch {self.key.current}. Receive it anew"
            )
        data = _read(path)
        if _ENVELOPE not in data:
            return _from_file(path, info.key_id, info.epoch)
        secret, purpose = opened(data, self.key.sealing, self.now, self.used)
        if (purpose.register, purpose.case) != (name, self.case):
            raise ConfigError(
                f"{path}: this envelope is for register {purpose.register}, case {purpose.case}; needed is one for"
                f" register {name}, case {self.case}"
            )
        require_key(info, purpose.key_id, purpose.epoch, str(path))
        return Keyed(secret, purpose.key_id, purpose.epoch, purpose.id)

    def traces(self, leak: str) -> Path:
        return self.folder.traces(leak)


@dataclass(frozen=True, slots=True)
class OwnerSite:
    """An owner's folder: the imprint and the reads of the outboxes, everything told."""

    folder: OwnerFolder
    key: Path

    at_owner = True

    @property
    def runs(self) -> Path:
        return self.folder.path / "traces" / "runs.jsonl"

    @property
    def discretion_key(self) -> bytes:
        return bytes(32)

    def names(self) -> tuple[str, ...]:
        return tuple(n for n in self.folder.names() if any((self.register(n).imprint).glob("*.parquet")))

    def register(self, name: str) -> CentreRegister:
        return CentreRegister(self.folder.register(name).outbox)

    def manifest(self, name: str) -> Manifest:
        return self.folder.register(name).read()

    def centre_key(self) -> KeyFile | None:
        return None

    def outer(self) -> CentreKey | None:
        return None

    def keyed(self, name: str) -> Keyed | None:
        info = _info(self.register(name).imprint)
        return _from_file(self.key, info.key_id, info.epoch)

    def traces(self, leak: str) -> Path:
        return self.folder.path / "traces" / leak[:16]


def imprint_sha256(register: CentreRegister) -> str:
    """One hash for a register's imprint: SHA-256 over its parts' own, in order."""
    parts = sorted(register.imprint.glob("part-*.parquet"))
    return hashlib.sha256(b"".join(file_hashes(parts, beside(register.imprint) / "hashes.json"))).hexdigest()


def _from_file(path: Path, key_id: str, epoch: int) -> Keyed:
    key = read_key(path, "owner")
    if key.id != key_id:
        raise ConfigError(f"{path}: key {key.id}; the imprint was made with key {key_id}. Give that one")
    return Keyed(key.secret(epoch), key.id, epoch)


def _info(imprint: Path) -> Any:
    import pyarrow.parquet as pq

    part = next(iter(sorted(imprint.glob("part-*.parquet"))), None)
    if part is None:
        raise InputError(f"{imprint}: no imprint here")
    return imprint_info(pq.read_schema(part), str(part))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise InputError(f"{path}: the owner's key cannot be read: {error.strerror}") from error
