"""SHA-256 of the files of a hunt, computed beside the workers."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor

from kulla.errors import InputError
from kulla.events import sources
from kulla.events.sources import Source

_BLOCK = 1 << 20
UNKNOWN = "0" * 64
"""Stands for the hash of a file that went away before it was read: its events keep an id, though not one that another
run would give."""


class Hashes:
    """SHA-256 of each file as it lies on disk, in hexadecimal, once. `close` stops what is not finished."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "sha256")
        self._known: dict[str, Future[str]] = {}
        self._over = False

    def want(self, source: Source) -> None:
        """Have the hash computed."""
        if source.path not in self._known:
            self._known[source.path] = self._pool.submit(self._digest, source)

    def get(self, source: Source) -> str:
        """The hash, waited for; `UNKNOWN` for a file that cannot be read any more."""
        self.want(source)
        try:
            return self._known[source.path].result()
        except InputError:
            return UNKNOWN

    def _digest(self, source: Source) -> str:
        digest = hashlib.sha256()
        with sources.open_file(source) as file:
            # Not hashlib.file_digest: an interrupted hunt does not wait until a large file is read.
            while not self._over and (block := file.read(_BLOCK)):
                digest.update(block)
        return digest.hexdigest()

    def close(self) -> None:
        """End the work."""
        self._over = True
        self._pool.shutdown(cancel_futures=True)
