"""A backup as one file: a tar (POSIX.1-2001) under encryption, whose last members are a signed list of all others.

8 bytes   KULLABK1
16        id of the backup key
12        nonce
48        AES-256-GCM under that key: the archive's own key, tag
…         the tar, as stream.py seals it; at its end MANIFEST.json and MANIFEST.sig (Ed25519)
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, cast

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kulla.centre.vault.keyring import VaultKey, synced
from kulla.centre.vault.stage import Held
from kulla.centre.vault.stream import Sealer, Unsealed, unsealed
from kulla.errors import InputError, OutputError
from kulla.leaks.evidence.signing import fingerprint_of, holds

MAGIC: Final = b"KULLABK1"
LIST, SIGNATURE = "MANIFEST.json", "MANIFEST.sig"
_CONTEXT: Final = b"kulla backup 1"
_HEAD: Final = 8 + 16 + 12 + 48
_MOST: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. told: what else it says of itself; files: place → (size, SHA-256); folders: all of them.

    sha256: of the list itself.
    """

    told: Mapping[str, Any]
    folders: tuple[str, ...]
    files: Mapping[str, tuple[int, str]]
    sha256: str


def write_archive(
    out: Path, files: Mapping[str, Held], folders: set[str], told: Mapping[str, Any], key: VaultKey,
    signing: Ed25519PrivateKey,
) -> Manifest:  # fmt: skip
    """Write an archive to a file that is not there yet; whole or not at all. Raises OutputError."""
    waiting = out.with_name(out.name + ".new")
    for path in (out, waiting):
        if path.exists() or path.is_symlink():
            raise OutputError(f"{path}: exists already; name another file for the backup, or move it away")
    try:
        handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                manifest = _fill(file, files, folders, told, key, signing)
                file.flush()
                os.fsync(file.fileno())
            waiting.replace(out)
            synced(out.parent)
        except BaseException:
            waiting.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{out}: the backup cannot be written: {error.strerror}") from error
    return manifest


def read_archive(path: Path, folder: Path, key: VaultKey, public: Ed25519PublicKey) -> Manifest:
    """Unpack an archive into an empty folder, checked whole: every byte, every hash, the signature.

    What was unpacked before something is found wrong stays, for the caller to remove.
    Raises InputError when it is no backup, was altered or cut short, or is not signed with that key; ConfigError when
    its key is not among the keys; OutputError.
    """
    try:
        with path.open("rb") as file:
            source = Unsealed(unsealed(file, _own_key(file.read(_HEAD), key), _CONTEXT))
            return _unpack(source, folder, public)
    except tarfile.TarError:
        raise InputError(f"{path}: is no backup of a centre") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be restored: {error.strerror}") from error


class _Measured:
    """A held file as tarfile reads it: no more than its size, hashed on the way."""

    def __init__(self, file: BinaryIO, held: Held) -> None:
        self._file, self._left, self.digest = file, held.size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, self._left) if size >= 0 else self._left)
        self._left -= len(data)
        self.digest.update(data)
        return data


def _fill(
    file: BinaryIO, files: Mapping[str, Held], folders: set[str], told: Mapping[str, Any], key: VaultKey,
    signing: Ed25519PrivateKey,
) -> Manifest:  # fmt: skip
    own, nonce, name = secrets.token_bytes(32), secrets.token_bytes(12), key.current
    file.write(MAGIC + name.encode() + nonce + AESGCM(key.secret(name)).encrypt(nonce, own, MAGIC + name.encode()))
    sealer = Sealer(file.write, own, _CONTEXT)
    sums = {}
    # tarfile asks for a whole file, and of a stream uses `write` alone.
    with tarfile.open(fileobj=cast("BinaryIO", sealer), mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for place, held in sorted(files.items()):
            with held.path.open("rb") as source:
                measured = _Measured(source, held)
                entry = _entry(place, held.size)
                tar.addfile(entry, cast("BinaryIO", measured))
                sums[place] = measured.digest.hexdigest()
        rows = [{"path": place, "size": files[place].size, "sha256": sums[place]} for place in sorted(sums)]
        whole = {
            "kulla_backup": 1,
            **told,
            "signed_by": fingerprint_of(signing),
            "folders": sorted(folders),
            "files": rows,
        }
        data = orjson.dumps(whole)
        for name, content in ((LIST, data), (SIGNATURE, signing.sign(data))):
            tar.addfile(_entry(name, len(content)), io.BytesIO(content))
    sealer.close()
    return _manifest(data)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _own_key(head: bytes, key: VaultKey) -> bytes:
    if len(head) != _HEAD or not head.startswith(MAGIC):
        raise InputError("is no backup of a centre")
    name = head[8:24].decode("ascii", "replace")
    if name not in key.secrets:
        raise InputError(f"is under the backup key {name!a}, which is not among these keys; give the keys of its time")
    try:
        return AESGCM(key.secret(name)).decrypt(head[24:36], head[36:], MAGIC + head[8:24])
    except InvalidTag:
        raise InputError("its beginning was altered") from None


def _unpack(source: Unsealed, folder: Path, public: Ed25519PublicKey) -> Manifest:
    found: dict[str, tuple[int, str]] = {}
    last: dict[str, bytes] = {}
    with tarfile.open(fileobj=cast("BinaryIO", source), mode="r|") as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isreg() else None
            if content is None or entry.name in found:
                raise InputError("holds what no backup holds")
            if entry.name in (LIST, SIGNATURE):
                last[entry.name] = content.read(_MOST)
            else:
                found[entry.name] = _written(folder, entry.name, content)
    source.read()  # to the end, which must be there
    if not holds(last.get(SIGNATURE, b""), last.get(LIST, b""), public):
        raise InputError("is not signed with this centre's key")
    manifest = _manifest(last[LIST])
    if dict(manifest.files) != found:
        raise InputError("does not hold what its list says")
    for name in manifest.folders:
        _shut(_place(folder, name))
    return manifest


def _written(folder: Path, name: str, content: Any) -> tuple[int, str]:
    path, digest, size = _place(folder, name), hashlib.sha256(), 0
    _shut(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        while block := content.read(1 << 20):
            digest.update(block)
            size += file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _shut(folder: Path) -> None:
    """Make a folder, and what is missing above it, each for its owner alone: `parents=True` would leave those open."""
    if not folder.is_dir():
        _shut(folder.parent)
        folder.mkdir(mode=0o700)


def _place(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name)
    if parts.is_absolute() or not name or any(part in ("..", "") or "\0" in part for part in parts.parts):
        raise InputError("holds a name that leads outside the folder")
    return folder / parts


def _manifest(data: bytes) -> Manifest:
    try:
        whole = orjson.loads(data)
        if whole.pop("kulla_backup") != 1:
            raise ValueError("version")
        files = {str(row["path"]): (int(row["size"]), str(row["sha256"])) for row in whole.pop("files")}
        folders = tuple(str(each) for each in whole.pop("folders"))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise InputError("its list is none; a newer Kulla may have written it") from None
    return Manifest(whole, folders, files, hashlib.sha256(data).hexdigest())
