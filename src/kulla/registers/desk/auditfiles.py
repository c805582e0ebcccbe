"""Audit logs as files: found, unpacked, told apart by content, and remembered.

A log is known by the SHA-256 of its content, unpacked: so it is the same log after it was renamed or compressed. One
that has grown is known by its beginning, which has the hash it had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from kulla.errors import ConfigError, InputError
from kulla.events import unpack
from kulla.events.sniff import HEAD
from kulla.events.sources import Broken, Opened, Skipped, Source, find, walk
from kulla.settings import Settings

SCHEMA: Final = 1
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Known:
    """A log that was taken.

    Attributes:
        sha256: of its content, as far as it was there.
        size: bytes of that.
        consumed: bytes up to the end of the last whole record.
        lines: lines within these.
        name: the file's name and way inside archives, for people.
        format: of `kulla.events`, or the mapping's name.
    """

    sha256: str
    size: int
    consumed: int
    lines: int
    name: str
    format: str


@dataclass(frozen=True, slots=True)
class Log:
    """A log to read: its content as a seekable stream at its start, and what is known of it.

    `before`: what was taken of it, when it has grown since; `again`: it was taken whole.
    """

    source: Source
    stream: BinaryIO
    head: bytes
    sha256: str
    size: int
    before: Known | None = None
    again: bool = False


class Memory:
    """The logs that were taken, in `state/audit-logs.json`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Known] = {}
        try:
            found = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, orjson.JSONDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read; restore it, or remove it to take all logs anew") from error
        if not isinstance(found, dict) or found.get("schema") != SCHEMA:
            raise ConfigError(f"{path}: schema must be {SCHEMA}; a newer Kulla may have written it")
        self._known = {each["sha256"]: Known(**each) for each in found["logs"]}

    def known(self, sha256: str) -> Known | None:
        """The log of that content, if it was taken."""
        return self._known.get(sha256)

    def sizes(self) -> tuple[int, ...]:
        """The sizes of all that were taken, ascending."""
        return tuple(sorted({each.size for each in self._known.values()}))

    def put(self, log: Known, instead_of: Known | None) -> None:
        """Remember a log, and forget its shorter form; written at once, whole or not at all."""
        if instead_of is not None:
            self._known.pop(instead_of.sha256, None)
        self._known[log.sha256] = log
        document: dict[str, Any] = {"schema": SCHEMA, "logs": [asdict(each) for each in self._known.values()]}
        waiting = self._path.with_suffix(".new")
        waiting.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
        waiting.chmod(0o600)
        waiting.replace(self._path)


def logs(paths: Sequence[str], settings: Settings, memory: Memory) -> Iterator[Log | Skipped | Broken]:
    """Every log in these files, folders and archives, opened one after the other."""
    for found in find(paths, settings):
        if not isinstance(found, Source):
            yield found
            continue
        for each in walk(found, settings):
            if not isinstance(each, Opened):
                yield each
                continue
            try:
                yield from _log(each, settings, memory)
            except InputError as error:
                yield Broken(each.source, str(error))


def _log(opened: Opened, settings: Settings, memory: Memory) -> Iterator[Log]:
    if opened.stream.seekable():
        yield _known(opened, opened.stream, memory)
        return
    with unpack.spool(opened.stream, settings) as stream:
        yield _known(opened, stream, memory)


def _known(opened: Opened, stream: BinaryIO, memory: Memory) -> Log:
    """Hash the stream once, noting the hash at each size at which a known log ended."""
    stream.seek(0)
    digest = hashlib.sha256()
    place = 0
    before: Known | None = None
    for size in memory.sizes():
        place += _feed(digest, stream, size - place)
        if place < size:
            break
        found = memory.known(digest.copy().hexdigest())
        before = found or before
    place += _feed(digest, stream, None)
    stream.seek(0)
    sha256 = digest.hexdigest()
    again = memory.known(sha256) is not None
    return Log(opened.source, stream, opened.head[:HEAD], sha256, place, before, again)


def _feed(digest: Any, stream: BinaryIO, count: int | None) -> int:
    fed = 0
    while count is None or fed < count:
        data = stream.read(_CHUNK if count is None else min(_CHUNK, count - fed))
        if not data:
            break
        digest.update(data)
        fed += len(data)
    return fed
