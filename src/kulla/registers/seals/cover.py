"""Which lines of a log which seals cover, and how soon after they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Final

from kulla.registers.seals.seal import Seal

LONGEST: Final = 64 << 20
"""Bytes of a first line, beyond which a file is none of ours."""
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Covered:
    """Lines [line_from, line_to] that a seal covers and that bear its hash still. `within`: the longest time that can
    have passed between a line's writing and its seal; None when nothing tells."""

    line_from: int
    line_to: int
    sealed: datetime
    within: timedelta | None


def file_id(first_line: bytes) -> str:
    """By what a log is known: its first line, without the line break."""
    return hashlib.sha256(first_line.rstrip(b"\r\n")).hexdigest()[:32]


def covered(stream: BinaryIO, seals: Sequence[Seal]) -> list[Covered]:
    """What of a log, read from its start, is sealed and unchanged. Its seals' signatures are the caller's to check.

    A line sealed in one pass was not there, or not whole, in the pass before: the time between bounds its age. Of a
    log's first segment the pass before is the last in which any seal was made, since a pass looks at every log. Nothing
    bounds the age of what is sealed again after a change, nor of anything sealed in a pass in which a log was found
    changed, shorter or gone: whoever rewrites a log could else have the rewritten lines pass for fresh ones.
    """
    stream.seek(0)
    first = stream.readline(LONGEST)
    name = file_id(first)
    passes = _passes(seals)
    doubtful = {seal.time for seal in seals if seal.kind in ("altered", "shrunk", "gone")}
    found: list[Covered] = []
    reached = 0
    for seal in seals:
        if seal.kind != "segment" or seal.file != name or seal.stop <= seal.start:
            continue
        if _digest(stream, seal.start, seal.stop) == seal.sha256:
            before = None if seal.start < reached or seal.time in doubtful else passes.get(seal.seq)
            found.append(Covered(seal.line_from, seal.line_to, seal.time, seal.time - before if before else None))
        reached = max(reached, seal.stop)
    return found


def _passes(seals: Sequence[Seal]) -> dict[int, datetime]:
    """Seal number → the time of the pass before. All seals of a pass bear the same time."""
    before: dict[int, datetime] = {}
    last: datetime | None = None
    current: datetime | None = None
    for seal in seals:
        if seal.time != current:
            last, current = current, seal.time
        if seal.kind == "start":
            last = None
        if last is not None:
            before[seal.seq] = last
    return before


def _digest(stream: BinaryIO, start: int, stop: int) -> str:
    digest = hashlib.sha256()
    stream.seek(start)
    left = stop - start
    while left > 0 and (block := stream.read(min(_BLOCK, left))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest() if not left else ""
