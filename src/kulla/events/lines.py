"""Bytes into lines, in bounded memory, whatever the bytes are.

UTF-8 (with or without BOM), UTF-16 (with BOM, or told by its NULs); LF or CRLF. A byte that is no UTF-8 is shown as
`\\xNN`, so the line can still be read. NULs at the ends of a line (the fill of a crashed file system) are dropped.
A line of 16 MiB or more is passed by and reported.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from kulla.events.formats._api import Cut, Reject

LONGEST = 16 << 20
"""Bytes a line must stay below."""

_BLOCK = 1 << 20
_KEPT = 64 << 10
"""Bytes of an over-long line that its reject keeps."""


@dataclass(slots=True)
class Lines:
    """Consecutive lines: `text[0]` is line number `first`. `rejects` are over-long lines that came just before."""

    first: int
    text: list[str]
    rejects: list[Reject] = field(default_factory=list)


def encoding(head: bytes) -> str:
    """The encoding of a text by its first bytes: utf-8, utf-16-le or utf-16-be.

    >>> encoding("a,b".encode("utf-16"))
    'utf-16-le'
    """
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    sample = head[:400]
    if len(sample) >= 8:
        odd, even = sample[1::2].count(0), sample[::2].count(0)
        half = len(sample) // 2
        if odd > 0.8 * half and even < 0.1 * half:
            return "utf-16-le"
        if even > 0.8 * half and odd < 0.1 * half:
            return "utf-16-be"
    return "utf-8"


def head_lines(head: bytes, limit: int = 60) -> list[str]:
    """The first whole non-blank lines of a file's head, for sniffing; the cut-off last line only if it is alone."""
    text = head.decode(encoding(head), "replace").removeprefix("\ufeff")
    lines = text.split("\n")
    if len(lines) > 1:
        lines.pop()
    shown = (line.strip("\r\0") for line in lines)
    return [line for line in shown if line and not line.isspace()][:limit]


def looks_binary(head: bytes) -> bool:
    """Whether the bytes are no text: control characters that no log writes, beyond a few."""
    if encoding(head) != "utf-8":
        return False
    sample = head[:4096].strip(b"\0")
    odd = sum(sample.count(bytes([code])) for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20))
    return odd * 50 > len(sample)


def blocks(stream: BinaryIO, part: Cut | None) -> Iterator[bytes]:
    """The bytes of the part as UTF-8 in blocks of about 1 MiB; no BOM."""
    left = None
    if part is not None:
        stream.seek(part.start)
        left = part.stop - part.start
    raw = _raw_blocks(stream, left)
    first = next(raw, b"")
    name = encoding(first) if part is None or part.start == 0 else "utf-8"
    if name == "utf-8":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from raw
        return
    decoder = codecs.getincrementaldecoder(name)("backslashreplace")
    yield decoder.decode(first).removeprefix("\ufeff").encode("utf-8", "backslashreplace")
    for block in raw:
        yield decoder.decode(block).encode("utf-8", "backslashreplace")
    yield decoder.decode(b"", True).encode("utf-8", "backslashreplace")


def _raw_blocks(stream: BinaryIO, left: int | None) -> Iterator[bytes]:
    while left is None or left > 0:
        block = stream.read(_BLOCK if left is None else min(_BLOCK, left))
        if not block:
            return
        if left is not None:
            left -= len(block)
        yield block


def split(stream: BinaryIO, part: Cut | None = None, first: int = 1) -> Iterator[Lines]:
    """The lines of the part, a block at a time, numbered from `first`. A final newline begins no further line."""
    number, rest, skipped, kept = first, bytearray(), 0, b""
    for block in blocks(stream, part):
        if skipped:
            end = block.find(b"\n")
            if end < 0:
                skipped += len(block)
                continue
            yield Lines(number + 1, [], [_too_long(number, skipped + end, kept)])
            number, skipped, block = number + 1, 0, block[end + 1 :]  # noqa: PLW2901
        end = block.rfind(b"\n")
        if end >= 0:
            rest += block[:end]
            whole = _lines(bytes(rest), number)
            yield whole
            number = whole.first + len(whole.text)
            rest = bytearray(block[end + 1 :])
        else:
            rest += block
        if len(rest) >= LONGEST:
            skipped, kept = len(rest), bytes(rest[:_KEPT])
            rest = bytearray()
    if skipped:
        yield Lines(number + 1, [], [_too_long(number, skipped, kept)])
    elif rest:
        yield _lines(bytes(rest), number)


def _too_long(number: int, size: int, kept: bytes) -> Reject:
    return Reject(number, f"the line is {size} bytes long, over the limit; its first {len(kept)} are kept", kept)


def _lines(data: bytes, first: int) -> Lines:
    if len(data) >= LONGEST:
        # Only a line that grew over many blocks can be at fault; it is then the first one.
        head, found, rest = data.partition(b"\n")
        if len(head) >= LONGEST:
            after = _lines(rest, first + 1) if found else Lines(first + 1, [])
            return Lines(after.first, after.text, [_too_long(first, len(head), head[:_KEPT]), *after.rejects])
    try:
        text = data.decode()
    except UnicodeDecodeError:
        found_lines = [line.decode("utf-8", "backslashreplace") for line in data.split(b"\n")]
    else:
        found_lines = text.split("\n")
    if b"\r" in data:
        found_lines = [line.removesuffix("\r") for line in found_lines]
    if b"\0" in data:
        found_lines = [line.strip("\0") for line in found_lines]
    return Lines(first, found_lines)


def cut_lines(stream: BinaryIO, size: int, aim: int, opens: Callable[[bytes, bytes], bool]) -> Sequence[Cut]:
    """Parts of about `aim` bytes that begin where `opens(previous line, line)` says a record may begin.

    UTF-16 is never cut. Where no such line is found within 1 MiB of the aim, the part runs on.
    """
    stream.seek(0)
    if size <= aim or encoding(stream.read(4096)) != "utf-8":
        return [Cut(0, size)]
    starts = [0]
    while starts[-1] + aim < size:
        found = _opening(stream, starts[-1] + aim, opens)
        if found is None or found >= size:
            break
        starts.append(found)
    return [Cut(start, stop) for start, stop in zip(starts, [*starts[1:], size], strict=True)]


def _opening(stream: BinaryIO, place: int, opens: Callable[[bytes, bytes], bool]) -> int | None:
    while True:
        stream.seek(place)
        data = stream.read(_BLOCK)
        if not data:
            return None
        end = data.find(b"\n")
        while end >= 0:
            after = data.find(b"\n", end + 1)
            if after < 0:
                break
            line = data[end + 1 : after]
            last = data.rfind(b"\n", 0, end)
            if opens(data[last + 1 : end], line):
                return place + end + 1
            end = after
        place += len(data)
