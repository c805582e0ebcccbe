"""An evidence package on disk: a folder and the same as a tar, with a signed list of the hashes of all its files.

    MANIFEST.sha256   `sha256sum -c` form, sorted by name: every file but itself and its signature
    MANIFEST.sig      Ed25519 over MANIFEST.sha256, 64 raw bytes
    SIGNING-KEY.pem   the public key; proves nothing by itself
    verify.sh         checks all that against a fingerprint got by another way
    …                 the contents

File names are plain ASCII that we choose: what a leaked file calls itself stands in trace.json, never in a path. The
tar's bytes depend on contents, key and date alone (ustar; owner 0; sorted).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kulla.errors import InputError, OutputError
from kulla.leaks.evidence.signing import fingerprint_of, public_pem
from kulla.leaks.evidence.verifyscript import MANIFEST, PUBLIC, SCRIPT, SIGNATURE

VERIFY: Final = "verify.sh"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_BLOCK: Final = 1 << 20

_USTAR_MOST: Final = 8 << 30
"""What a file in a ustar archive stays below; a larger one gets a header after POSIX.1-2001."""

Content = bytes | Path | Callable[[], Iterator[bytes]]
"""What a file of a package holds: bytes, a file to copy, or what gives its content piece by piece when called."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A package as written. manifest_sha256: of MANIFEST.sha256, which tells two packages apart."""

    folder: Path
    tar: Path
    fingerprint: str
    manifest_sha256: str


def write_package(folder: Path, contents: Mapping[str, Content], key: Ed25519PrivateKey, made: int) -> Packed:
    """Write a package to a folder that is not there yet, and as `<folder>.tar` beside it; whole or not at all.

    Args:
        contents: place in the package, with `/`, → what it holds.
        made: seconds since 1970 that files in the tar bear: the trace's, not the clock's.

    Files are for their owner alone (mode 0600). Raises OutputError when the folder or tar exists or cannot be written,
    InputError when a file to copy cannot be read, ValueError for a name that no package has.
    """
    tar, waiting = folder.with_name(folder.name + ".tar"), folder.with_name(folder.name + ".new")
    for path in (folder, tar, waiting):
        if path.exists() or path.is_symlink():
            raise OutputError(f"{path}: exists already; name another place for the package, or move it away")
    try:
        waiting.mkdir(mode=0o700, parents=True)
        try:
            manifest = _fill(waiting, contents, key)
            _tar(waiting, tar.with_name(tar.name + ".new"), folder.name, made)
            tar.with_name(tar.name + ".new").replace(tar)
            waiting.replace(folder)
        except BaseException:
            shutil.rmtree(waiting, ignore_errors=True)
            tar.with_name(tar.name + ".new").unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{folder}: the package cannot be written: {error.strerror}") from error
    return Packed(folder, tar, fingerprint_of(key), hashlib.sha256(manifest).hexdigest())


def _fill(folder: Path, contents: Mapping[str, Content], key: Ed25519PrivateKey) -> bytes:
    """Write all files; the manifest."""
    whole: dict[str, Content] = {**contents, PUBLIC: public_pem(key), VERIFY: SCRIPT.encode()}
    sums = {}
    for name in sorted(whole):
        if not _NAME.fullmatch(name) or name in (MANIFEST, SIGNATURE):
            raise ValueError("a file of a package has a name of letters, digits, dots, dashes")
        sums[name] = _write(folder / name, whole[name])
    manifest = manifest_of(sums)
    _write(folder / MANIFEST, manifest)
    _write(folder / SIGNATURE, key.sign(manifest))
    (folder / VERIFY).chmod(0o700)
    return manifest


def _write(path: Path, content: Content) -> str:
    """Write one file; its SHA-256."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for block in blocks(content):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def manifest_of(sums: Mapping[str, str]) -> bytes:
    """MANIFEST.sha256 over files with these SHA-256, hexadecimal."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def blocks(content: Content) -> Iterator[bytes]:
    """A content piece by piece, a file a mebibyte at a time. Raises InputError when a file cannot be read."""
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Path):
        yield from _of_file(content)
    else:
        yield from content()


def _of_file(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _tar(folder: Path, path: Path, top: str, made: int) -> None:
    """The folder as a tar whose bytes depend on its contents and date alone."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    large = any(each.stat().st_size >= _USTAR_MOST for each in files)
    form = tarfile.PAX_FORMAT if large else tarfile.USTAR_FORMAT
    with path.open("xb") as stream, tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        path.chmod(0o600)
        for each in files:
            name = each.relative_to(folder).as_posix()
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mtime = each.stat().st_size, made
            entry.mode = 0o700 if name == VERIFY else 0o600
            with each.open("rb") as file:
                tar.addfile(entry, file)
