"""Compressed data and archives as streams, under limits, never as files named by an archive.

A container is told by its first bytes. Every stream here ends quietly at the first fault (damage, truncation, a
limit) and keeps it in `fault`, so that what was unpacked before is read like any other data.
Formats: RFC 1952 (gzip), bzip2, the .xz file format 1.2, RFC 8878 (zstd), APPNOTE 6.3.10 (zip), POSIX tar.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal, Protocol

import zstandard

from kulla.errors import InputError, UnsafeInput
from kulla.events import tar
from kulla.settings import Settings

Kind = Literal["gzip", "bzip2", "xz", "zstd", "zip", "tar"]

CHUNK: Final = 1 << 18
_ZSTD_STEP: Final = 1 << 11
"""zstandard's decompressobj takes no output limit. Four bytes make at most 128 KiB (RFC 8878, RLE blocks), so this
many bytes of input make at most 64 MiB of output."""

_MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08PK", "zip"),
)

DAMAGE: Final = (zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, EOFError, OSError, ValueError)
"""What the decoders raise on bad data, besides InputError."""

_TOO_LARGE: Final = "needs more memory to be unpacked than allowed (archive_window)"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a stream ended early. `offset` counts bytes of the packed data (a tar member: of the member)."""

    reason: str
    offset: int
    unsafe: bool


class Budget:
    """What may still be unpacked from one file of `size` bytes on disk."""

    def __init__(self, settings: Settings, size: int) -> None:
        self.settings = settings
        self._size = size
        self.spent = 0

    def charge(self, count: int) -> None:
        """Note that `count` more bytes were unpacked, at any depth. Raises UnsafeInput beyond a limit."""
        self.spent += count
        settings = self.settings
        if self.spent > settings.archive_bytes:
            raise UnsafeInput(f"unpacks to more than {settings.archive_bytes} bytes (archive_bytes)")
        self.compare(self.spent, self._size)

    def compare(self, unpacked: int, packed: int) -> None:
        """Raise UnsafeInput when the ratio is beyond its limit."""
        settings = self.settings
        if unpacked > settings.archive_ratio_free + settings.archive_ratio * packed:
            raise UnsafeInput(f"unpacks to more than {settings.archive_ratio} times its size (archive_ratio)")

    @property
    def exhausted(self) -> bool:
        """Whether nothing more may be unpacked."""
        try:
            self.charge(0)
        except UnsafeInput:
            return True
        return False


class Unpacked(io.RawIOBase):
    """A stream over `chunks`, not seekable. `packed` says how many packed bytes were consumed so far, or is None for
    data that is stored as it is, which costs no budget. After the end, `fault` says why it came early, if it did."""

    def __init__(self, chunks: Iterator[bytes], budget: Budget, packed: Callable[[], int] | None) -> None:
        self._chunks = chunks
        self._budget = budget
        self._packed = packed
        self._rest = memoryview(b"")
        self._over = False
        self.produced = 0
        self.fault: Fault | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        filled = 0
        while filled < len(buffer) and (self._rest or self._fetch()):
            count = min(len(buffer) - filled, len(self._rest))
            buffer[filled : filled + count] = self._rest[:count]
            self._rest = self._rest[count:]
            filled += count
        return filled

    def _fetch(self) -> bool:
        if self._over:
            return False
        try:
            self._rest = memoryview(self._checked(next(self._chunks, b"")))
        except UnsafeInput as error:
            self._end(str(error), unsafe=True)
        except InputError as error:
            self._end(str(error))
        except DAMAGE as error:
            # liblzma and libzstd say "memory" when a header asks for more than the limit they were given.
            too_large = "memory" in str(error).lower()
            self._end(_TOO_LARGE if too_large else "the packed data is damaged", unsafe=too_large)
        except (RuntimeError, NotImplementedError):
            self._end("encrypted, or packed by an unsupported method")
        except MemoryError:
            self._end(_TOO_LARGE, unsafe=True)
        self._over = self._over or not self._rest
        return not self._over

    def _checked(self, chunk: bytes) -> bytes:
        self.produced += len(chunk)
        limit = self._budget.settings.archive_member_bytes
        if self.produced > limit:
            raise UnsafeInput(f"unpacks to more than {limit} bytes (archive_member_bytes)")
        if self._packed is not None:
            self._budget.charge(len(chunk))
            self._budget.compare(self.produced, self._packed())
        return chunk

    def _end(self, reason: str, unsafe: bool = False) -> None:
        self._over = True
        self.fault = Fault(reason, self._packed() if self._packed else self.produced, unsafe)


class _Decoder(Protocol):
    """The interface of bz2.BZ2Decompressor and lzma.LZMADecompressor, which the others are fitted to."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Zstd:
    needs_input = True

    def __init__(self, window: int) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=window).decompressobj()

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(data) if data else b""


def container(head: bytes) -> Kind | None:
    """What kind of container starts with `head` (512 bytes or more tell a tar), or None.

    >>> container(b"\\x1f\\x8b\\x08\\x00")
    'gzip'
    """
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bzip2"
    if len(head) > 8 and head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:
        return "zstd"
    return "tar" if tar.is_header(head) else None


def decompress(stream: BinaryIO, kind: Kind, budget: Budget) -> Unpacked:
    """What gzip, bzip2, xz or zstd data unpacks to, all its streams, members or frames in a row."""
    window = budget.settings.archive_window
    new: Callable[[], _Decoder]
    if kind == "gzip":
        new = _Gzip
    elif kind == "bzip2":
        new = bz2.BZ2Decompressor
    elif kind == "xz":

        def new() -> _Decoder:
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=window)
    else:

        def new() -> _Decoder:
            return _Zstd(window)

    feed = _Feed(stream, _ZSTD_STEP if kind == "zstd" else 1 << 16)
    return Unpacked(_decode(feed, kind, new), budget, feed.consumed)


class _Feed:
    """Packed bytes in steps, counted."""

    def __init__(self, stream: BinaryIO, step: int) -> None:
        self._stream = stream
        self._step = step
        self._count = 0

    def read(self) -> bytes:
        data = self._stream.read(self._step)
        self._count += len(data)
        return data

    def consumed(self) -> int:
        return self._count


def _decode(feed: _Feed, kind: str, new: Callable[[], _Decoder]) -> Iterator[bytes]:
    data = feed.read()
    while data:
        decoder = new()
        yield from _decode_one(feed, kind, decoder, data)
        # Zero bytes between and after streams are padding (tapes; xz stream padding).
        data = decoder.unused_data.lstrip(b"\0")
        while not data and (more := feed.read()):
            data = more.lstrip(b"\0")


def _decode_one(feed: _Feed, kind: str, decoder: _Decoder, data: bytes) -> Iterator[bytes]:
    while not decoder.eof:
        if not data and decoder.needs_input and not (data := feed.read()):
            while out := decoder.decompress(b"", CHUNK):
                yield out
            if not decoder.eof:
                raise InputError(f"the {kind} data is truncated: it ends before its end mark")
            return
        out = decoder.decompress(data, CHUNK)
        data = b""
        # A large output of zstd is handed on in slices, so that limits are met early.
        for start in range(0, len(out), CHUNK):
            yield out[start : start + CHUNK]


def open_zip(stream: BinaryIO, settings: Settings) -> zipfile.ZipFile:
    """The zip archive in a seekable stream. Raises UnsafeInput for a directory beyond `archive_members`, else
    InputError when there is none."""
    end = stream.seek(0, os.SEEK_END)
    tail_at = stream.seek(max(0, end - 66_000))
    tail = stream.read()
    record = tail.rfind(b"PK\x05\x06")
    if record < 0 or len(tail) - record < 22:
        raise InputError("the zip archive has no directory at its end: it is truncated, or a part of several")
    directory = tail_at + record - int.from_bytes(tail[record + 16 : record + 20], "little")
    length = int.from_bytes(tail[record + 12 : record + 16], "little")
    wide = tail.rfind(b"PK\x06\x06")
    if length == 0xFFFFFFFF and wide >= 0 and len(tail) - wide >= 48:
        length = int.from_bytes(tail[wide + 40 : wide + 48], "little")
    # zipfile makes an object of every directory entry (46 bytes or more) before one can be counted.
    if min(length, max(directory, end)) > settings.archive_members * 46 * 8:
        raise UnsafeInput(f"holds more than {settings.archive_members} members (archive_members)")
    try:
        return zipfile.ZipFile(stream)
    except (*DAMAGE, NotImplementedError, OverflowError) as error:
        raise InputError("the zip archive's directory is damaged") from error


def zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Unpacked:
    """One member. A wrong CRC shows as a fault at its end. Raises InputError for an encrypted member."""
    if info.flag_bits & 0x1:
        raise InputError("encrypted zip member; unpack it with its password first")
    return Unpacked(_zip_chunks(archive, info), budget, lambda: info.compress_size)


def _zip_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as member:
        while data := member.read(CHUNK):
            yield data


def spool(stream: BinaryIO, settings: Settings, limit: int | None = None) -> BinaryIO:
    """The rest of `stream` in an anonymous temporary file, at its start, seekable. The file has no name and goes
    when it is closed or its process ends. Raises UnsafeInput beyond `limit` bytes (default: spool_bytes)."""
    most = settings.spool_bytes if limit is None else limit
    file = _temporary(settings.spool_folder)
    written = 0
    try:
        while data := stream.read(CHUNK):
            written += len(data)
            if written > most:
                raise UnsafeInput(f"needs more than {most} bytes of temporary space (spool_bytes, stdin_bytes)")
            file.write(data)
    except OSError as error:
        file.close()
        raise InputError(f"the temporary file could not be written: {error.strerror}") from error
    except UnsafeInput:
        file.close()
        raise
    file.seek(0)
    return file


def _temporary(folder: str) -> BinaryIO:
    """An anonymous file: in the folder, or in memory where the file system has none or the sandbox forbids it."""
    try:
        return tempfile.TemporaryFile(dir=folder or None)
    except OSError:
        return os.fdopen(os.memfd_create("kulla-spool", os.MFD_CLOEXEC), "w+b")
