"""Compiled rules kept on disk, so that a warm start takes a fraction of a second instead of seconds.

An entry is keyed by every rule file's path, size, time and inode, the selection, the versions of Kulla, of its own
tables and of its libraries. It is two files: `.index`, what the parent of workers needs, and `.plan`, what workers
need. They are pickles, so they lie in a folder that only its owner may write and are ignored where that is not so.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import stat
import tempfile
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from kulla import __version__
from kulla.detect.engine import cache_key

log = logging.getLogger(__name__)

_BAD = (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, ValueError, LookupError, TypeError)
"""What a damaged pickle raises when it is loaded."""
_KEPT = 8
"""Entries that are kept, by time of last use: about 35 MB each for the whole Sigma corpus."""


class RuleCache:
    """The cache in one folder. Without a usable folder it holds nothing and keeps nothing."""

    def __init__(self, folder: str | None) -> None:
        """`folder` None: the user's cache folder (XDG Base Directory Specification); empty: no cache."""
        self._folder = None if folder == "" else _made(folder)

    @property
    def usable(self) -> bool:
        """Whether it can keep anything."""
        return self._folder is not None

    def fetch(self, key: str, part: str) -> object | None:
        """A part of an entry, or None."""
        if self._folder is None:
            return None
        path = self._folder / f"{key}.{part}"
        if not _trusted(path):
            return None
        try:
            held: object = pickle.loads(path.read_bytes())  # noqa: S301 - only this user can have written it
            os.utime(path)
        except _BAD as error:
            log.info("the cache entry %s is of no use (%s) and is made anew", path.name, type(error).__name__)
            return None
        return held

    def store(self, key: str, parts: dict[str, object]) -> None:
        """Write an entry, each part whole or not at all, and let the entries longest unused go."""
        if self._folder is None:
            return
        try:
            for part, held in parts.items():
                self._write(f"{key}.{part}", held)
            entries = sorted(self._folder.iterdir(), key=lambda entry: entry.stat().st_mtime, reverse=True)
            for old in entries[_KEPT * len(parts) :]:
                old.unlink(missing_ok=True)
        except OSError as error:
            log.info("compiled rules are not cached: %s: %s", self._folder, error.strerror)

    def _write(self, name: str, held: object) -> None:
        assert self._folder is not None
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            try:
                pickle.dump(held, file, 5)
                file.flush()
                os.replace(file.name, self._folder / name)
            except BaseException:
                os.unlink(file.name)
                raise


def key_of(files: Iterable[str], *more: str) -> str:
    """The key of an entry: of files as they lie on disk, and of whatever else decides what the entry holds."""
    digest = hashlib.blake2b(digest_size=16)
    for text in (__version__, *more, *_states(_shipped()), *_states(files)):
        digest.update(text.encode("utf-8", "surrogateescape") + b"\0")
    return cache_key(digest.digest())


def _states(files: Iterable[str]) -> Iterable[str]:
    here = os.getcwd()
    for path in files:
        try:
            status = os.stat(path)
        except OSError:
            yield f"{path} unreadable"
            continue
        yield f"{here} {path} {status.st_size} {status.st_mtime_ns} {status.st_ino}"


def _shipped() -> list[str]:
    """Our own tables and the code that compiles, so that a changed installation makes new entries."""
    package = Path(str(resources.files("kulla")))
    return sorted(map(str, [*package.glob("events/logsources/*.toml"), *package.glob("detect/**/*.py")]))


def _made(folder: str | None) -> Path | None:
    """The folder, made if need be; None when it cannot be trusted or written."""
    try:
        base = Path(folder or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kulla"
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return base if _trusted(base) else None


def _trusted(path: Path) -> bool:
    """Whether only this user can have written it: a pickle runs code when it is loaded."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
