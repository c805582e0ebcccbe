"""Newline-delimited JSON: one event a line (NXLog, Winlogbeat, the security-datasets, cloud exports, agents)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._api import Context, Cut, Parsed, Reject
from kulla.events.jsonevents import NO_UTF8, Texts, events_of
from kulla.events.lines import LONGEST, blocks, cut_lines, head_lines

_KEPT = 64 << 10
"""Bytes of an over-long line that its reject keeps."""

_NEWLINE, _RETURN = 10, 13


class Ndjson:
    """One JSON object a line. Blank lines and lines of NULs (the fill of a crashed file system) are passed over."""

    name = "ndjson"
    untrusted_binary = False

    def sniff(self, head: bytes, name: str) -> int:
        """At most 50, so that formats which know the members of their lines come first."""
        lines = head_lines(head, 20)
        objects = sum(_is_object(line) for line in lines)
        if objects:
            return 50 if objects * 2 > len(lines) else 30
        # A first line longer than the head: cut off, so it can only be looked at.
        cut_off = len(lines) == 1 and len(head) >= 60_000
        return 40 if cut_off and lines[0].lstrip().startswith('{"') else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        return cut_lines(stream, size, aim, lambda _before, _line: True)

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        line = context.first_position
        for data, lengths, long in _runs(stream, part, context.batch_bytes):
            for texts in _texts(data, lengths, line, context.batch_events):
                line += texts.lines
                yield events_of(self.name, texts, context)
            if long is not None:
                nothing = pa.array([], pa.large_string())
                yield events_of(self.name, Texts(nothing, np.zeros(0, np.int64), [_too_long(line, *long)], 1), context)
                line += 1


def _is_object(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _too_long(line: int, size: int, kept: bytes) -> Reject:
    return Reject(line, f"the line is {size} bytes long, over the limit; its first {len(kept)} are kept", kept)


Long: TypeAlias = tuple[int, bytes]
"""Size and first bytes of a line over the limit."""


Run: TypeAlias = tuple[bytearray, npt.NDArray[np.int64], Long | None]
"""Lines without their ends, one after the other, and their lengths; a long line that follows them."""


class _Gathered:
    """Lines without their ends, put together block by block: one copy of the input in all."""

    def __init__(self) -> None:
        # Grows in place: pieces joined at the end would be fresh memory twice, and page faults are dear.
        self._data = bytearray()
        self._lengths: list[npt.NDArray[np.int64]] = []
        self.open = 0
        """Bytes of the last line, which has not ended yet."""

    def add(self, block: bytes) -> None:
        """Take a block in; it must not end between a return and its newline."""
        content = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(content == _NEWLINE)
        piece = block
        if len(ends):
            returns = (content[ends - 1] == _RETURN) & (ends > 0)
            lengths = np.diff(ends, prepend=-1) - 1 - returns
            lengths[0] += self.open
            self._lengths.append(lengths)
            piece = _without(block, ends - returns, ends + 1) if returns.any() else block.replace(b"\n", b"")
            self.open = len(block) - int(ends[-1]) - 1
        else:
            self.open += len(block)
        self._data += piece

    @property
    def size(self) -> int:
        """Bytes held."""
        return len(self._data)

    def take(self) -> tuple[bytearray, npt.NDArray[np.int64], bytes]:
        """The whole lines, their lengths, and the beginning of the next line; nothing stays."""
        data = self._data
        rest = bytes(data[len(data) - self.open :]) if self.open else b""
        lengths = np.concatenate([np.zeros(0, np.int64), *self._lengths])
        self._data, self._lengths, self.open = bytearray(), [], 0
        return data, lengths, rest


def _without(block: bytes, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> bytes:
    """The block without some stretches. Replacing two bytes instead takes 4 ns a byte of the block."""
    kept = map(slice, [0, *stops.tolist()], [*starts.tolist(), len(block)])
    return b"".join(map(block.__getitem__, kept))


def _runs(stream: BinaryIO, part: Cut | None, limit: int) -> Iterator[Run]:
    """Lines of about `limit` bytes in all."""
    gathered, skipped, kept = _Gathered(), 0, b""
    for block in _apart(blocks(stream, part)):
        if skipped:
            end = block.find(b"\n")
            if end < 0:
                skipped += len(block)
                continue
            yield bytearray(), np.zeros(0, np.int64), (skipped + end, kept)
            skipped, block = 0, block[end + 1 :]  # noqa: PLW2901
        gathered.add(block)
        if gathered.open >= LONGEST or gathered.size - gathered.open >= limit:
            too_long = gathered.open >= LONGEST
            data, lengths, rest = gathered.take()
            yield data, lengths, None
            if too_long:
                skipped, kept = len(rest), rest[:_KEPT]
            elif rest:
                gathered.add(rest)
    data, lengths, rest = gathered.take()
    if rest:
        lengths = np.append(lengths, len(rest))
    yield data, lengths, (skipped, kept) if skipped else None


def _apart(found: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, none of them ending in a return that may belong to a newline."""
    held = b""
    for read in found:
        block = held + read if held else read
        held = b"\r" if block.endswith(b"\r") else b""
        yield block[: len(block) - len(held)]


def _texts(data: bytearray, lengths: npt.NDArray[np.int64], line: int, most: int) -> Iterator[Texts]:
    """The lines at most `most` at a time, numbered from `line`."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    for first in range(0, len(lengths), most):
        some = offsets[first : first + most + 1]
        numbers = np.arange(line + first, line + first + len(some) - 1, dtype=np.int64)
        yield _lines(data, some, numbers)


def _lines(data: bytearray, offsets: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64]) -> Texts:
    """One run of lines as an Arrow array over the bytes themselves."""
    count = len(numbers)
    raw = pa.LargeBinaryArray.from_buffers(pa.large_binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    rejects: list[Reject] = []
    raw, keep = _tidy(raw, offsets, data, numbers, rejects)
    text = raw.view(pa.large_string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        for row, line in enumerate(raw.to_pylist()):
            if not _is_utf8(line):
                keep[row] = False
                rejects.append(Reject(int(numbers[row]), NO_UTF8, line))
    if not keep.all():
        text, numbers = raw.filter(pa.array(keep)).view(pa.large_string()), numbers[keep]
    return Texts(text, numbers, rejects, count)


def _tidy(
    raw: pa.LargeBinaryArray,
    offsets: npt.NDArray[np.int64],
    data: bytearray,
    numbers: npt.NDArray[np.int64],
    rejects: list[Reject],
) -> tuple[pa.LargeBinaryArray, npt.NDArray[np.bool_]]:
    """Blanks and NULs at the ends of lines removed; which lines are neither empty nor over the limit."""
    content = np.frombuffer(data, np.uint8) if data else np.zeros(1, np.uint8)
    last = len(content) - 1
    first_bytes = content[np.minimum(offsets[:-1], last)]
    last_bytes = content[np.clip(offsets[1:] - 1, 0, last)]
    length = np.diff(offsets)
    unusual = np.flatnonzero((first_bytes != ord("{")) | (last_bytes != ord("}")) | (length == 0) | (length >= LONGEST))
    keep = np.ones(len(numbers), np.bool_)
    changed: dict[int, bytes] = {}
    for row in unusual.tolist():
        line = bytes(data[int(offsets[row]) : int(offsets[row + 1])])
        if len(line) >= LONGEST:
            rejects.append(_too_long(int(numbers[row]), len(line), line[:_KEPT]))
            keep[row] = False
            changed[row] = b""
            continue
        tidy = line.strip(b" \t\r\0")
        keep[row] = bool(tidy)
        if tidy != line:
            changed[row] = tidy
    if not changed:
        return raw, keep
    mask = np.zeros(len(numbers), np.bool_)
    mask[list(changed)] = True
    return pc.replace_with_mask(raw, pa.array(mask), pa.array(list(changed.values()), pa.large_binary())), keep


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
