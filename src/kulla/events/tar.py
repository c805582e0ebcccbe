"""Members of a tar archive, read in one pass from a stream (POSIX.1-2017 pax, ustar, GNU and old V7 headers).

Python's tarfile is not used: on hostile input it reads a header of any announced size into memory and raises
errors of a dozen kinds. Here every header is bounded and every fault is an InputError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from kulla.errors import InputError

BLOCK: Final = 512
LONGEST_HEADER: Final = 1 << 20
"""A pax or long-name header beyond this is not a name any more. Linux paths end at 4 KiB."""

REGULAR: Final = b"0\x007"
_KINDS: Final = {
    b"1": "hard link",
    b"2": "symbolic link",
    b"3": "character device",
    b"4": "block device",
    b"5": "folder",
    b"6": "FIFO",
    b"S": "sparse file",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A member: `kind` is empty for a regular file, else what it is in words. `mtime` is in seconds of Unix time."""

    name: str
    size: int
    mtime: int
    kind: str


class Body:
    """The bytes of the current member, and what of them is still unread."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self.left = size
        self._padding = -size % BLOCK

    def chunks(self) -> Iterator[bytes]:
        """The rest of the member. Raises InputError when the archive ends inside it."""
        while self.left:
            data = self._stream.read(min(self.left, 1 << 18))
            if not data:
                raise InputError(f"the archive ends {self.left} bytes before the member does")
            self.left -= len(data)
            yield data

    def skip(self) -> None:
        """Go behind the member's last block."""
        left, self.left = self.left + self._padding, 0
        self._padding = 0
        while left:
            data = self._stream.read(min(left, 1 << 18))
            if not data:
                return
            left -= len(data)


def is_header(block: bytes) -> bool:
    """Whether `block` starts with a tar header: its checksum is right (signed or unsigned) and it is not empty."""
    if len(block) < BLOCK or not block[0]:
        return False
    try:
        wanted = _number(block[148:156])
    except InputError:
        return False
    blank = block[:148] + b" " * 8 + block[156:BLOCK]
    total = sum(blank)
    return wanted in (total, total - 256 * sum(1 for byte in blank if byte > 127))


def entries(stream: BinaryIO) -> Iterator[tuple[Entry, Body]]:
    """The members in order. A body is valid until the next is asked for.

    Raises InputError when a header is damaged or the archive ends inside one.
    """
    extra: dict[str, str] = {}
    shared: dict[str, str] = {}
    while header := _header(stream):
        kind = header[156:157]
        size = _number(header[124:136])
        if kind in (b"x", b"g", b"L", b"K"):
            data = _extension(stream, size)
            if kind == b"L":
                extra["path"] = _text(data.rstrip(b"\0"))
            elif kind == b"g":
                shared |= _records(data)
            elif kind == b"x":
                extra |= _records(data)
            continue
        entry = _entry(header, kind, size, shared | extra)
        extra = {}
        body = Body(stream, entry.size if not entry.kind or kind == b"S" else 0)
        yield entry, body
        body.skip()


def _header(stream: BinaryIO) -> bytes:
    """The next header, or nothing at the end of the archive (two zero blocks, or the stream's end)."""
    block = stream.read(BLOCK)
    if not block or not block.strip(b"\0"):
        return b""
    if len(block) < BLOCK:
        raise InputError("the archive ends inside a header")
    if not is_header(block):
        raise InputError("a member's header is damaged")
    return block


def _entry(header: bytes, kind: bytes, size: int, extra: dict[str, str]) -> Entry:
    name = _text(header[:100].split(b"\0")[0])
    prefix = _text(header[345:500].split(b"\0")[0]) if header[257:263] == b"ustar\0" else ""
    name = extra.get("path") or (f"{prefix}/{name}" if prefix else name)
    words = _KINDS.get(kind, "" if kind in (b"0", b"\0", b"7") else "unknown kind of member")
    if any(key.startswith("GNU.sparse") for key in extra):
        words = _KINDS[b"S"]
    if not words and name.endswith("/"):
        words = "folder"
    announced = extra.get("size", "")
    if announced.isascii() and announced.isdigit() and len(announced) < 20:
        size = int(announced)
    return Entry(name, size, _number(header[136:148]), words)


def _extension(stream: BinaryIO, size: int) -> bytes:
    if size > LONGEST_HEADER:
        raise InputError("a member's extended header is too long")
    data = stream.read(size + -size % BLOCK)
    if len(data) < size:
        raise InputError("the archive ends inside a header")
    return data[:size]


def _records(data: bytes) -> dict[str, str]:
    """Pax records, each `length key=value\\n`; reading stops at the first that is malformed."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        length, blank, _ = data[at : at + 20].partition(b" ")
        if not blank or not length.isdigit() or int(length) <= len(length) + 1:
            break
        key, _, value = data[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        found[_text(key)] = _text(value)
        at += int(length)
    return found


def _number(field: bytes) -> int:
    """Octal digits, or GNU's base-256 when the top bit is set. A negative number counts as 0."""
    if field[0] & 0x80:
        return 0 if field[0] & 0x40 else int.from_bytes(bytes([field[0] & 0x3F]) + field[1:], "big")
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise InputError("a member's header is damaged")
    return int(digits or b"0", 8)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
