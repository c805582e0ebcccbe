"""Where events come from: files, folders, standard input, and what lies inside archives.

`find` lists files without opening archives. `walk` reads one source in a single pass and hands out every stream in it;
it runs in a worker. `split` offers a zip's members as sources of their own, since they can be read apart; every
other container is one stream and stays with one worker. A `Source` can be pickled and opened in another process.
"""

from __future__ import annotations

import calendar
import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final, TypeAlias

from kulla.errors import InputError, UnsafeInput
from kulla.events import tar, unpack
from kulla.events.rejects import readable
from kulla.events.sniff import HEAD
from kulla.events.unpack import Budget, Unpacked
from kulla.settings import Settings

STDIN: Final = "-"
MOST_PARTS: Final = 64
"""A zip is split into at most so many parts: its directory is read again for each."""

_BUFFER: Final = 4 * HEAD

Peekable: TypeAlias = "io.BufferedReader[Any]"


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a member inside archives.

    `path` is the file as found. `member` is the way inside it, names joined by `!`, empty for the file itself;
    compression alone (`a.log.gz`) adds nothing. Names are safe to show; a repeated one gets `#2`, `#3` …
    `size` is bytes on disk, or as an archive announces it. `mtime` is Unix time in seconds. `chain` is the
    members' ordinals, by which the source is opened again; with a `span` above 1 it stands for that many members of
    a zip from there on. `place` is what is opened when it is not `path`.
    """

    path: str
    member: str = ""
    size: int | None = None
    mtime: float | None = None
    chain: tuple[int, ...] = ()
    place: str = ""
    span: int = 1

    @property
    def shown(self) -> str:
        """Path and member as people, and Arrow, can read them."""
        path = readable(self.path)
        return f"{path}!{self.member}" if self.member else path

    @property
    def name(self) -> str:
        """The innermost name, for hints."""
        return os.path.basename((self.member or readable(self.path)).rpartition("!")[2])


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream to read now, before the walk goes on. `head` is its first 64 KiB, not yet consumed. It is seekable
    only for a plain file; `unpack.spool` makes any stream so. It never raises for bad data: it ends, and the
    walk goes on with a `Broken`."""

    source: Source
    stream: BinaryIO
    head: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is no log, with the reason. Not an error."""

    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Input that could be read only in part, or not at all. `offset` counts bytes of the packed data.
    `unsafe`: a limit ended it (`UnsafeInput`), else damage."""

    source: Source
    reason: str
    offset: int = 0
    unsafe: bool = False


Found = Opened | Skipped | Broken


def find(paths: Sequence[str], settings: Settings) -> Iterator[Source | Skipped | Broken]:
    """The files under `paths`, folders in order of names (bytewise), lazily. A path that does not exist or cannot be
    read is `Broken`. Links inside a folder are not followed; the same file given twice is read once.
    `-`, or a FIFO named outright, is first copied to an anonymous file that lives as long as this process."""
    seen: set[str] = set()
    for path in paths:
        for found in _stdin(settings) if path == STDIN else _path(path, settings):
            if isinstance(found, Source) and not found.place:
                real = os.path.realpath(found.path)
                if real in seen:
                    yield Skipped(found, "given twice")
                    continue
                seen.add(real)
            yield found


def _path(path: str, settings: Settings) -> Iterator[Source | Skipped | Broken]:
    try:
        status = os.stat(path)
        if stat.S_ISFIFO(status.st_mode):
            with open(path, "rb") as fifo:
                yield _spooled(path, fifo, settings)
            return
    except (OSError, ValueError, UnsafeInput, InputError) as error:
        yield Broken(Source(path), _why(error), unsafe=isinstance(error, UnsafeInput))
        return
    yield from _folder(path) if stat.S_ISDIR(status.st_mode) else [_file(path, status)]


def _stdin(settings: Settings) -> Iterator[Source | Broken]:
    try:
        with open(0, "rb", closefd=False) as stream:
            yield _spooled(STDIN, stream, settings)
    except (OSError, InputError) as error:
        yield Broken(Source(STDIN), _why(error), unsafe=isinstance(error, UnsafeInput))


_kept: list[BinaryIO] = []
"""Spooled inputs. They stay open so that workers can open them through /proc."""


def _spooled(path: str, stream: BinaryIO, settings: Settings) -> Source:
    file = unpack.spool(stream, settings, settings.stdin_bytes)
    _kept.append(file)
    return Source(path, size=file.seek(0, os.SEEK_END), place=f"/proc/{os.getpid()}/fd/{file.fileno()}")


def _folder(folder: str) -> Iterator[Source | Skipped | Broken]:
    """Depth first, by an explicit stack: a hostile tree may be deeper than Python's."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            status = os.stat(path) if path == folder else os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                names = sorted(os.listdir(path), key=os.fsencode, reverse=True)
                waiting += [os.path.join(path, name) for name in names]
                continue
        except OSError as error:
            yield Broken(Source(path), _why(error))
            continue
        yield _file(path, status)


_KINDS: Final = (
    (stat.S_ISLNK, "symbolic link, not followed inside a folder"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "character device"),
    (stat.S_ISBLK, "block device"),
)


def _file(path: str, status: os.stat_result) -> Source | Skipped:
    source = Source(path, size=status.st_size, mtime=status.st_mtime)
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return source if status.st_size else Skipped(source, "empty file")
    return Skipped(source, next((words for test, words in _KINDS if test(mode)), "not a regular file"))


def open_file(source: Source) -> Peekable:
    """The file on disk, as it is. Raises InputError when it cannot be read or is not a regular file any more."""
    try:
        # Not blocking, should a FIFO have taken the file's place.
        handle = os.open(source.place or source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        raise InputError(f"{readable(source.path)}: {_why(error)}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError(f"{readable(source.path)}: not a regular file")
    return io.BufferedReader(_Disk(handle, "rb"), _BUFFER)


class _Disk(io.FileIO):
    """A file that ends where the disk fails; `failed` then says how."""

    failed = ""

    def readinto(self, buffer: Any, /) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            self.failed = _why(error)
            return 0

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(_BUFFER) or b"", b""))

    def read(self, size: int | None = -1, /) -> bytes:
        held = bytearray(_BUFFER if size is None or size < 0 else size)
        return bytes(memoryview(held)[: self.readinto(held)])


def sha256(source: Source) -> str:
    """SHA-256 of the outermost file as it lies on disk, in hexadecimal; constant memory, the interpreter lock free.

    What a disk error cuts off is left out, as in `walk`. Raises InputError when it cannot be read at all."""
    with open_file(source) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def split(source: Source, settings: Settings) -> list[Source]:
    """Sources that together are this one and can be read apart: runs of members of a zip, at most `MOST_PARTS` of
    about equal size, else the source alone. A zip that cannot be listed stays whole, so that `walk` reports why."""
    try:
        with open_file(source) as file:
            if source.chain or unpack.container(file.peek(HEAD)) != "zip":
                return [source]
            members = unpack.open_zip(file, settings).infolist()
    except (InputError, OSError):
        return [source]
    if not 0 < len(members) <= settings.archive_members:
        return [source]
    names = _Names(source)
    return list(_runs([_zip_source(names, info) for info in members]))


def _runs(members: Sequence[Source]) -> Iterator[Source]:
    """Consecutive members, joined. Every member weighs a little, so that empty ones do not gather endlessly."""
    weights = [(member.size or 0) + 1024 for member in members]
    aim = sum(weights) / MOST_PARTS
    start, weight = 0, 0
    for number in range(len(members)):
        weight += weights[number]
        if number == len(members) - 1 or weight + weights[number + 1] / 2 > aim * 1.5:
            run = members[start : number + 1]
            size = sum(each.size or 0 for each in run)
            yield run[0] if len(run) == 1 else replace(run[0], size=size, span=len(run))
            start, weight = number + 1, 0


def is_container(source: Source) -> bool:
    """Whether the file is compressed or an archive. False when it cannot be read."""
    try:
        with open_file(source) as file:
            return unpack.container(file.peek(HEAD)) is not None
    except InputError:
        return False


def walk(source: Source, settings: Settings) -> Iterator[Found]:
    """Every stream in the source, in order, in one pass; nothing is unpacked twice. Never raises for bad input."""
    try:
        file = open_file(source)
    except InputError as error:
        yield Broken(source, _why(error.__cause__) if error.__cause__ else "not a regular file")
        return
    with file:
        outer = replace(source, member="", chain=(), span=1) if source.chain else source
        budget = Budget(settings, os.fstat(file.fileno()).st_size)
        yield from _Walk(budget, source.span).walk(outer, file, 0, source.chain)
        if isinstance(file.raw, _Disk) and file.raw.failed:
            yield Broken(source, file.raw.failed, file.tell())


def open_source(source: Source, settings: Settings) -> Iterator[Opened | Broken]:
    """The stream of exactly this source, for a second look (`events show`); then what was wrong with it."""
    for found in walk(source, settings):
        if not isinstance(found, Skipped) and found.source.chain == source.chain:
            yield found


class _Names:
    """Makes the sources of an archive's members, each with a name of its own."""

    def __init__(self, archive: Source) -> None:
        self._archive = archive
        self._seen: dict[str, int] = {}
        self._next = 0

    def source(self, name: str, size: int, mtime: float | None) -> Source:
        shown = readable(name).replace("!", "%21") or "?"
        count = self._seen[shown] = self._seen.get(shown, 0) + 1
        shown = f"{shown}#{count}" if count > 1 else shown
        archive = self._archive
        member = f"{archive.member}!{shown}" if archive.member else shown
        chain = (*archive.chain, self._next)
        self._next += 1
        known = mtime if mtime is not None and 0 < mtime < 1 << 33 else archive.mtime
        return replace(archive, member=member, size=size, mtime=known, chain=chain)


class _Walk:
    """One pass over one file. `wanted` is the chain of the only member asked for (the first of `span`, in an outermost
    zip), or empty for all."""

    def __init__(self, budget: Budget, span: int) -> None:
        self._budget = budget
        self._span = span
        self._settings = budget.settings

    def walk(self, source: Source, stream: Peekable, depth: int, wanted: tuple[int, ...]) -> Iterator[Found]:
        head = stream.peek(HEAD)[:HEAD]
        kind = unpack.container(head)
        if kind is None:
            yield Opened(source, stream, head) if head else Skipped(source, "empty file")
        elif depth >= self._settings.archive_depth:
            yield Broken(source, f"nested deeper than {self._settings.archive_depth} (archive_depth)", unsafe=True)
        elif kind == "tar":
            yield from self._tar(source, stream, depth, wanted)
        elif kind == "zip":
            yield from self._zip(source, stream, depth, wanted)
        else:
            yield from self._inside(source, unpack.decompress(stream, kind, self._budget), depth, wanted)

    def _inside(self, source: Source, inner: Unpacked, depth: int, wanted: tuple[int, ...]) -> Iterator[Found]:
        with io.BufferedReader(inner, _BUFFER) as stream:
            for found in self.walk(source, stream, depth + 1, wanted):
                if not (isinstance(found, Skipped) and found.source is source and inner.fault):
                    yield found
            if inner.fault:
                yield Broken(source, inner.fault.reason, inner.fault.offset, inner.fault.unsafe)

    def _tar(self, source: Source, stream: BinaryIO, depth: int, wanted: tuple[int, ...]) -> Iterator[Found]:
        names = _Names(source)
        try:
            for number, (entry, body) in enumerate(tar.entries(stream)):
                member = names.source(entry.name, entry.size, entry.mtime)
                if number >= self._settings.archive_members or self._budget.exhausted:
                    yield from self._too_many(source, number)
                    return
                if wanted and number != wanted[0]:
                    continue
                if entry.kind:
                    yield from [] if entry.kind == "folder" else [Skipped(member, entry.kind)]
                else:
                    yield from self._inside(member, Unpacked(body.chunks(), self._budget, None), depth, wanted[1:])
                if wanted:
                    return
        except (InputError, OSError) as error:
            yield Broken(source, _why(error))

    def _zip(self, source: Source, stream: BinaryIO, depth: int, wanted: tuple[int, ...]) -> Iterator[Found]:
        try:
            seekable = stream if stream.seekable() else unpack.spool(stream, self._settings)
            archive = unpack.open_zip(seekable, self._settings)
        except (InputError, OSError) as error:
            yield Broken(source, _why(error), unsafe=isinstance(error, UnsafeInput))
            return
        names = _Names(source)
        with seekable, archive:
            for number, info in enumerate(archive.infolist()):
                member = _zip_source(names, info)
                if number >= self._settings.archive_members or self._budget.exhausted:
                    yield from self._too_many(source, number)
                    return
                if not info.is_dir() and (not wanted or wanted[0] <= number < wanted[0] + self._span):
                    yield from self._zip_member(member, archive, info, depth, wanted[1:])

    def _zip_member(
        self, member: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo, depth: int, wanted: tuple[int, ...]
    ) -> Iterator[Found]:
        try:
            inner = unpack.zip_member(archive, info, self._budget)
        except InputError as error:
            yield Skipped(member, str(error))
        else:
            yield from self._inside(member, inner, depth, wanted)

    def _too_many(self, source: Source, number: int) -> Iterator[Broken]:
        """The rest of an archive is left; when the budget is what ended it, that has been reported already."""
        if number >= (limit := self._settings.archive_members):
            yield Broken(source, f"holds more than {limit} members (archive_members)", unsafe=True)


def _zip_source(names: _Names, info: zipfile.ZipInfo) -> Source:
    try:
        mtime: float | None = float(calendar.timegm((*info.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        mtime = None
    return names.source(info.filename, info.file_size, mtime)


def _why(error: BaseException) -> str:
    """The reason in words, without the path."""
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return str(error) if isinstance(error, InputError) else "not a usable path"
