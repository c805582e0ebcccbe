"""One pass of the sealing agent over a database's logs: what is new is sealed, what has changed or gone is told."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kulla.registers.folder import RegisterFolder
from kulla.registers.sealing.store import append, chain_file, read_chain
from kulla.registers.seals.cover import LONGEST, file_id
from kulla.registers.seals.seal import FIRST, Clock, Kind, Seal, signed

log = logging.getLogger(__name__)

SEGMENT: Final = 64 << 20
"""The most bytes of one segment: what is read again to see whether the last one still holds."""
_PACKED: Final = (".gz", ".bz2", ".xz", ".zst", ".zip", ".tar")


@dataclass(slots=True)
class _Log:
    """What is sealed of a log: bytes and lines so far, the last segment, and whether its loss was told."""

    name: str
    stop: int = 0
    lines: int = 0
    segment: tuple[int, int, str] = (0, 0, "")
    gone: bool = False


class Agent:
    """Seals the logs of one register's database. It goes on from the chain that is there.

    All seals of a pass bear its time. A log counts when its first line is whole; the part after its last line break
    waits for the next pass. Packed logs are passed over: they grow no more, and were sealed while they did.
    """

    def __init__(self, folder: RegisterFolder, register: str, key: Ed25519PrivateKey) -> None:
        self._path = chain_file(folder)
        self._register, self._key = register, key
        self._logs: dict[str, _Log] = {}
        self._seq, self._previous = 0, FIRST
        self._started = False
        for seal in read_chain(self._path):
            self._remember(seal)

    def run(self, paths: Sequence[Path], now: datetime, clock: Clock) -> list[Seal]:
        """One pass: the seals it made, which are on disk. At least one."""
        self._now, self._clock = now, clock
        self._made: list[Seal] = []
        if not self._started:
            self._seal("start")
            self._started = True
        seen: set[str] = set()
        for path in _plain_files(paths):
            try:
                with path.open("rb") as stream:
                    self._take(path, stream, seen)
            except OSError as error:
                log.warning("%s: not sealed: %s", path, error.strerror)
        for name, known in self._logs.items():
            if name not in seen and not known.gone:
                self._seal("gone", name, known.name)
                known.gone = True
        if not self._made:
            self._seal("alive")
        append(self._path, self._made)
        return self._made

    def _take(self, path: Path, stream: BinaryIO, seen: set[str]) -> None:
        first = stream.readline(LONGEST)
        if not first.endswith(b"\n"):
            return
        name = file_id(first)
        if name in seen:
            return
        seen.add(name)
        known = self._logs.setdefault(name, _Log(path.name))
        known.name, known.gone = path.name, False
        self._check(name, known, stream)
        for start, stop, lines, sha256 in _segments(stream, known.stop):
            first_line, last_line = known.lines + 1, known.lines + lines
            self._seal("segment", name, path.name, start, stop, first_line, last_line, sha256)
            known.stop, known.lines, known.segment = stop, last_line, (start, stop, sha256)

    def _check(self, name: str, known: _Log, stream: BinaryIO) -> None:
        """Whether what was sealed last is still there as it was. After a change sealing goes on from what there is."""
        size = os.fstat(stream.fileno()).st_size
        start, stop, sha256 = known.segment
        if size < known.stop:
            self._seal("shrunk", name, known.name)
        elif stop and _digest(stream, start, stop) != sha256:
            self._seal("altered", name, known.name)
        else:
            return
        known.stop, known.lines, known.segment = 0, 0, (0, 0, "")

    def _seal(
        self,
        kind: Kind,
        file: str = "",
        name: str = "",
        start: int = 0,
        stop: int = 0,
        line_from: int = 0,
        line_to: int = 0,
        sha256: str = "",
    ) -> None:
        bare = Seal(
            register=self._register,
            seq=self._seq + 1,
            kind=kind,
            time=self._now,
            clock=self._clock,
            previous=self._previous,
            key="",
            file=file,
            name=name,
            start=start,
            stop=stop,
            line_from=line_from,
            line_to=line_to,
            sha256=sha256,
        )
        seal = signed(bare, self._key)
        self._made.append(seal)
        self._seq, self._previous = seal.seq, seal.hash

    def _remember(self, seal: Seal) -> None:
        self._seq, self._previous = seal.seq, seal.hash
        if not seal.file:
            return
        known = self._logs.setdefault(seal.file, _Log(seal.name))
        if seal.kind == "segment":
            known.stop, known.lines = seal.stop, seal.line_to
            known.segment, known.gone = (seal.start, seal.stop, seal.sha256), False
        elif seal.kind == "gone":
            known.gone = True
        else:
            known.stop, known.lines, known.segment = 0, 0, (0, 0, "")


def _plain_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files named and those below the folders named, in the order of their names, without packed ones."""
    for path in paths:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (each for each in found if each.is_file() and not each.name.endswith(_PACKED))


def _segments(stream: BinaryIO, start: int) -> Iterator[tuple[int, int, int, str]]:
    """(first byte, byte after the last, lines, SHA-256) of whole lines from `start` on, `SEGMENT` bytes at a time."""
    while True:
        stream.seek(start)
        data = stream.read(SEGMENT)
        end = data.rfind(b"\n") + 1
        if data and not end and len(data) == SEGMENT:
            data += stream.readline(LONGEST)  # one line that is longer than a segment
            end = len(data) if data.endswith(b"\n") else 0
        if not end:
            return
        part = data[:end]
        yield start, start + end, part.count(b"\n"), hashlib.sha256(part).hexdigest()
        start += end


def _digest(stream: BinaryIO, start: int, stop: int) -> str:
    stream.seek(start)
    return hashlib.sha256(stream.read(stop - start)).hexdigest()
