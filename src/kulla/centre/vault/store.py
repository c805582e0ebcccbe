"""The evidence store: what was put in stays as it was, encrypted, and any byte altered is found.

    evidence/items/<aa>/<address>   an item (item.py), mode 0400, never written to again
    evidence/incoming/<random>      one that is being taken in; encrypted from its first byte
    evidence/lock, removals.lock    held for the moment of entering; held while removing, or while a backup lasts

Content is hashed as it comes, in bounded memory. An item is there whole or not at all: synced, then renamed, then the
folder synced. What a removed item leaves is found only against what custody says should be there (`verify`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from kulla.centre.vault.item import CONTEXT, HEADER, Head, address_of, header, read_header
from kulla.centre.vault.keyring import VaultKey, synced
from kulla.centre.vault.stream import Sealer, sealed_size, unsealed
from kulla.errors import InputError, KullaError, OutputError

_ADDRESS: Final = re.compile(r"[0-9a-f]{64}")
_PATIENCE: Final = 2.0
"""Seconds for which a removal waits for another one; a backup takes longer."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item. sha256, size (bytes): of its content. fresh: it was not there before."""

    address: str
    sha256: str
    size: int
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one item; `address` is the file's name where it is no address."""

    address: str
    text: str


class Incoming:
    """An item that is being taken in. Written to, then entered by `commit`."""

    def __init__(self, store: Store, scope: str) -> None:
        self._store, self._scope, self._key = store, scope, secrets.token_bytes(32)
        self._digest, self._size = hashlib.sha256(), 0
        self.path, self._file = _opened(store.path / "incoming")
        self._file.write(bytes(HEADER))  # its room: what it says is known at the end
        self._sealer = Sealer(self._file.write, self._key, CONTEXT)

    def write(self, block: bytes) -> None:
        """Take more of the content. Raises OutputError."""
        self._digest.update(block)
        self._size += len(block)
        try:
            self._sealer.write(block)
        except OSError as error:
            raise OutputError(f"{self._store.path}: evidence cannot be written: {error.strerror}") from error

    def commit(self) -> Stored:
        """Enter the item; once this has returned it is on disk.

        Raises InputError when it is held already and what is held has been altered; OutputError.
        """
        try:
            sha256 = self._digest.hexdigest()
            address = address_of(self._store.key, self._scope, sha256)
            self._sealer.close()
            self._file.seek(0)
            self._file.write(header(Head(self._key, sha256, self._size), address, self._store.key))
            self._file.flush()
            os.fchmod(self._file.fileno(), 0o400)
            os.fsync(self._file.fileno())
            return self._store._enter(self.path, Stored(address, sha256, self._size))
        except OSError as error:
            raise OutputError(f"{self._store.path}: evidence cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """Leave nothing that was not entered."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # a full disk: what could not be flushed is of no use
            self._file.close()


class Store:
    """The evidence below a folder. Several processes may use it at once.

    Args:
        path: the centre's `evidence` folder. key: `keys.evidence()`.
    """

    def __init__(self, path: Path, key: VaultKey) -> None:
        self.path, self.key = path, key

    @contextmanager
    def incoming(self, scope: str = "") -> Iterator[Incoming]:
        """Take in an item piece by piece. Without `commit` nothing of it stays.

        scope: equal content of one scope (a case) is kept once; nothing is shared between scopes.
        """
        try:
            for place in (self.path, self.path / "items", self.path / "incoming"):  # parents get no mode
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            item = Incoming(self, scope)
        except OSError as error:
            raise OutputError(f"{self.path}: evidence cannot be written: {error.strerror}") from error
        try:
            yield item
        finally:
            item.close()

    def put(self, blocks: Iterable[bytes], scope: str = "") -> Stored:
        """Take in an item. Raises OutputError, InputError as `Incoming.commit`."""
        with self.incoming(scope) as item:
            for block in blocks:
                item.write(block)
            return item.commit()

    def get(self, address: str) -> Iterator[bytes]:
        """The content, in pieces of a mebibyte. Each piece is authenticated before it is given out.

        Raises InputError when there is no such item, at a piece that was altered, and at the end when the whole is not
        what was taken in: whoever stops before the end has not seen it verified.
        """
        head, size = self._head(address)
        if size != HEADER + sealed_size(head.size):
            raise InputError(f"evidence {address}: is longer or shorter than it was")
        digest = hashlib.sha256()
        with self._place(address).open("rb", buffering=0) as file:
            file.seek(HEADER)
            try:
                for block in unsealed(file, head.key, CONTEXT):
                    digest.update(block)
                    yield block
            except (InputError, OSError) as error:
                raise InputError(f"evidence {address}: {error}") from None
        if digest.hexdigest() != head.sha256:
            raise InputError(f"evidence {address}: is not what was taken in")

    def about(self, address: str) -> Stored:
        """Hash and size of an item, from its header. Raises InputError when there is none or it was altered."""
        head, _ = self._head(address)
        return Stored(address, head.sha256, head.size)

    def holds(self, address: str) -> bool:
        """Whether there is such an item."""
        return bool(_ADDRESS.fullmatch(address)) and self._place(address).exists()

    def addresses(self) -> Iterator[str]:
        """Every item, sorted."""
        yield from sorted(path.name for path in self.path.glob("items/*/*") if _ADDRESS.fullmatch(path.name))

    def verify(self, expected: Iterable[str] | None = None) -> tuple[Flaw, ...]:
        """Read every byte of every item; what is wrong, each item named.

        expected: the addresses that custody says are here; without them a removed item is not missed.
        """
        found = [Flaw(path.name, "is no item of the store") for path in self._strays()]
        wanted = set(self.addresses() if expected is None else expected)
        there = set(self.addresses())
        found += [Flaw(each, "is missing") for each in sorted(wanted - there)]
        found += [Flaw(each, "is here, and no custody record speaks of it") for each in sorted(there - wanted)]
        for each in sorted(there):
            try:
                for _ in self.get(each):
                    pass
                if self._place(each).stat().st_mode & 0o377:
                    found.append(Flaw(each, "may be written to or reached by others; chmod 400 it"))
            except (KullaError, OSError) as error:
                found.append(Flaw(each, str(error).removeprefix(f"evidence {each}: ")))
        return tuple(found)

    def remove(self, address: str) -> None:
        """Remove an item for good: its key first, then its file. Copies in backups stay until these are destroyed.

        Raises InputError when there is none, OutputError while a backup is at work or when it cannot be removed.
        """
        path = self._place(address)
        try:
            with self._lock("removals.lock", patience=_PATIENCE):
                path.chmod(0o600)
                with path.open("r+b") as file:
                    file.write(bytes(HEADER))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
                synced(path.parent)
        except FileNotFoundError:
            raise InputError(f"evidence {address}: there is no such item") from None
        except BlockingIOError:
            raise OutputError(f"evidence {address}: a backup is at work; remove it when that has ended") from None
        except OSError as error:
            raise OutputError(f"evidence {address}: cannot be removed: {error.strerror}") from error

    @contextmanager
    def nothing_removed(self) -> Iterator[None]:
        """While this is held no item is removed (a removal would reach the hard links of a backup); items may come."""
        with self._lock("removals.lock", shared=True):
            yield

    @contextmanager
    def lent(self, address: str, name: str = "content", folder: Path | None = None) -> Iterator[Path]:
        """The content in the clear as a file, for programs that want one; overwritten and removed afterwards.

        name: what the file is called. folder: where; default: the system's folder for temporary files. What a journal
        or flash memory keeps of it is beyond us: name a folder in memory (tmpfs) where that matters.
        """
        place = Path(tempfile.mkdtemp(prefix="kulla-", dir=folder))
        path = place / (Path(name.replace("\0", "_")).name or "content")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                for block in self.get(address):
                    file.write(block)
            yield path
        finally:
            _wiped(path)
            shutil.rmtree(place, ignore_errors=True)

    def sweep(self) -> int:
        """Remove what interrupted intakes left; how many. Those that go on in other processes are left alone."""
        gone = 0
        for path in self.path.glob("incoming/*"):
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                gone += 1
        return gone

    def _enter(self, path: Path, item: Stored) -> Stored:
        place = self._place(item.address)
        with self._lock("lock"):  # else two equal items at once could take each other's place
            if place.exists():
                for _ in self.get(item.address):
                    pass
                return item
            fresh = not place.parent.exists()
            place.parent.mkdir(mode=0o700, exist_ok=True)
            if fresh:
                synced(place.parent.parent)
            path.rename(place)
            synced(place.parent)
        return Stored(item.address, item.sha256, item.size, fresh=True)

    def _place(self, address: str) -> Path:
        if not _ADDRESS.fullmatch(address):
            raise InputError("an address of evidence has 64 hexadecimal digits")
        return self.path / "items" / address[:2] / address

    def _head(self, address: str) -> tuple[Head, int]:
        """The header, and how long the file is."""
        try:
            with self._place(address).open("rb") as file:
                return read_header(file.read(HEADER), address, self.key), os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            raise InputError(f"evidence {address}: there is no such item") from None
        except OSError as error:
            raise InputError(f"evidence {address}: cannot be read: {error.strerror}") from None
        except InputError as error:
            raise InputError(f"evidence {address}: {error}") from None

    def _strays(self) -> Iterator[Path]:
        for path in sorted(self.path.glob("items/**/*")):
            whole = _ADDRESS.fullmatch(path.name) and path.parent.name == path.name[:2] and path.is_file()
            shelf = path.is_dir() and path.parent.name == "items" and re.fullmatch(r"[0-9a-f]{2}", path.name)
            if path.is_symlink() or not (whole or shelf):
                yield path

    @contextmanager
    def _lock(self, name: str, shared: bool = False, patience: float | None = None) -> Iterator[None]:
        """Hold a lock. patience: seconds until BlockingIOError; None waits for as long as it takes."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            if patience is None:
                fcntl.flock(file, kind)
            else:
                _soon(file, kind, patience)
            yield


def _opened(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file that is locked as long as it is open, so that `sweep` leaves it alone."""
    while True:
        path = folder / secrets.token_hex(16)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():  # else it was swept before it was locked
            return path, file
        file.close()


def _soon(file: BinaryIO, kind: int, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _wiped(path: Path) -> None:
    with suppress(OSError), path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
