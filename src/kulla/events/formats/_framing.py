"""Syslog over TCP with octet counts (RFC 6587 section 3.4.1): `length SP message`, frame after frame.

Frames need no line breaks, so the position of a record is its number in the stream, from 1.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO

from kulla.events.formats import _header
from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.lines import LONGEST, blocks

if TYPE_CHECKING:
    from kulla.events.formats.syslog import SyslogReader

_FRAME = re.compile(rb"([1-9]\d{0,7}) (?=<\d{1,3}>)")
_AHEAD = 24
"""Bytes that a frame's head can span."""


def is_framed(head: bytes) -> bool:
    """Whether a stream begins with a frame whose length leads to another frame, to a line break or to the end.

    >>> is_framed(b"9 <13>hello9 <13>world")
    True
    """
    found = _FRAME.match(head)
    if found is None:
        return False
    end = found.end() + int(found[1])
    after = head[end : end + _AHEAD].lstrip(b"\r\n")
    return end >= len(head) or not after or _FRAME.match(after) is not None


class _Prefixed(io.RawIOBase):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            size = len(self._head) if size < 0 else size
            out, self._head = self._head[:size], self._head[size:]
            return out
        return self._stream.read(size)


def frames(
    stream: BinaryIO,
    part: Cut | None,
    context: Context,
    reader: SyslogReader,
    otherwise: Callable[[BinaryIO, Cut | None, Context], Iterator[Parsed]],
) -> Iterator[Parsed]:
    """Parse a stream of frames; a stream of lines goes to `otherwise`."""
    if part is not None:
        stream.seek(0)
    head = stream.read(64 << 10)
    if not is_framed(head):
        if part is not None:
            yield from otherwise(stream, part, context)
        else:
            yield from otherwise(_Prefixed(head, stream), None, context)  # type: ignore[arg-type]
        return
    whole: BinaryIO = _Prefixed(head, stream)  # type: ignore[assignment]
    number = 0
    for kind, place, data in _cut_frames(blocks(whole, None)):
        text = data.decode("utf-8", "backslashreplace")
        if kind == "frame":
            number += 1
            _one(reader, number, text)
        else:
            reader.run.reject(place, "the bytes are outside any frame", text, "byte")
        yield from (run.take() for run in reader.runs if run.full)
    reader.finish()
    yield from (run.take() for run in reader.runs if not run.empty)


def _one(reader: SyslogReader, number: int, text: str) -> None:
    text = text.rstrip("\r\n\0")
    message = _header.parse(text, reader.times)
    if message is None:
        reader.run.reject(number, "the frame holds no syslog message", text, "record")
    else:
        reader.message(number, text, message)


def _cut_frames(data: Iterator[bytes]) -> Iterator[tuple[str, int, bytes]]:
    """("frame" or "stray", byte offset, content) one after the other; offsets count from the stream's start."""
    buffer, place, ended = bytearray(), 0, False
    while True:
        while not ended and len(buffer) < _AHEAD:
            block = next(data, None)
            ended = block is None
            buffer += block or b""
        blank = len(buffer) - len(buffer.lstrip(b"\r\n"))
        del buffer[:blank]
        place += blank
        if not buffer and ended:
            return
        if len(buffer) < _AHEAD and not ended:
            continue
        found = _FRAME.match(buffer)
        size = int(found[1]) if found else 0
        if found is None or size >= LONGEST:
            following = _FRAME.search(buffer, 1)
            stray = following.start() if following else (len(buffer) if ended else max(len(buffer) - _AHEAD, 1))
            yield "stray", place, bytes(buffer[:stray])
            del buffer[:stray]
            place += stray
            continue
        end = found.end() + size
        while not ended and len(buffer) < end:
            block = next(data, None)
            ended = block is None
            buffer += block or b""
        yield "frame", place, bytes(buffer[found.end() : end])
        place += min(end, len(buffer))
        del buffer[:end]
