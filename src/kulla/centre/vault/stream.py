"""Encryption of a stream of any length in bounded memory: AES-256-GCM over chunks, the STREAM construction.

(Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015;
laid out as in age.) Each chunk of a mebibyte is sealed under a nonce of its number and a byte that tells the last one,
so that chunks left out, put elsewhere, added or cut off are found, and nothing is given out before it is authenticated.
A key serves one stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kulla.errors import InputError

CHUNK: Final = 1 << 20
TAG: Final = 16


class Source(Protocol):
    """What is read from: a binary file."""

    def read(self, size: int, /) -> bytes: ...


class Sealer:
    """Turns what is written into sealed chunks.

    Args:
        put: takes sealed bytes. key: 32 bytes, for this stream alone. context: what the stream is for, authenticated.
    """

    def __init__(self, put: Callable[[bytes], object], key: bytes, context: bytes) -> None:
        self._put, self._aead, self._context = put, AESGCM(key), context
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        """Take more. What fills a chunk is sealed once it is known not to be the last."""
        view = memoryview(data)
        while view:
            if len(self._waiting) == CHUNK:
                self._seal(last=False)
            room = CHUNK - len(self._waiting)
            self._waiting += view[:room]
            view = view[room:]
        return len(data)

    def close(self) -> None:
        """Seal the last chunk; it is empty only when the whole is."""
        self._seal(last=True)

    def _seal(self, last: bool) -> None:
        self._put(self._aead.encrypt(_nonce(self._number, last), bytes(self._waiting), self._context))
        self._number += 1
        self._waiting.clear()


def unsealed(source: Source, key: bytes, context: bytes) -> Iterator[bytes]:
    """The content of a sealed stream, chunk by chunk, to the end of `source`.

    Raises InputError when a chunk was altered, left out, put elsewhere or added, or the end is missing.
    """
    aead = AESGCM(key)
    number, chunk = 0, _whole(source)
    while True:
        following = _whole(source) if len(chunk) == CHUNK + TAG else b""
        last = not following
        try:
            plain = aead.decrypt(_nonce(number, last), chunk, context)
        except (InvalidTag, ValueError):
            raise InputError(f"altered, or cut short, in its mebibyte {number + 1}") from None
        if last and number and not plain:
            raise InputError("ends in an empty piece, which nothing of ours does")
        yield plain
        if last:
            if source.read(1):
                raise InputError("goes on after its end")
            return
        number, chunk = number + 1, following


def sealed_size(size: int) -> int:
    """How long a stream of this many bytes is once sealed.

    >>> sealed_size(0), sealed_size(1 << 20), sealed_size((1 << 20) + 1)
    (16, 1048592, 1048609)
    """
    return size + TAG * max(1, -(-size // CHUNK))


class Unsealed:
    """A sealed stream as a file to read from, for readers that want one."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._left = blocks, b""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, fewer than `size` only at the end."""
        parts, wanted = [], size if size >= 0 else 1 << 62
        while wanted:
            if not self._left:
                self._left = next(self._blocks, b"")
                if not self._left:
                    break
            parts.append(self._left[:wanted])
            self._left = self._left[wanted:]
            wanted -= len(parts[-1])
        return b"".join(parts)


def _whole(source: Source) -> bytes:
    """A chunk's bytes, fewer only at the end: some sources give less than they are asked for."""
    parts, wanted = [], CHUNK + TAG
    while wanted and (part := source.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
