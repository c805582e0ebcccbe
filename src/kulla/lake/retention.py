"""Dropping events that are older than they may be kept, except what a legal hold covers.

Days are dropped whole, by the day of the event, undated ones by the day of their intake. Of a day with a held event
the held ones stay, in a new file; what stays and goes is told with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from kulla.errors import ConfigError
from kulla.lake.block import Block, Mask
from kulla.lake.language import parse
from kulla.lake.layout import DAY, READ, UNDATED, File
from kulla.lake.match import holds
from kulla.lake.scan import Scan
from kulla.lake.scope import Span
from kulla.lake.tree import Node


@dataclass(frozen=True, slots=True)
class Policy:
    """How many days events are kept: in general, and by (zone, constituent) where it differs."""

    days: int
    of: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def oldest(self, file: File, today: date) -> date:
        """The first day of a file's constituent that is kept. Raises ConfigError for fewer days than one."""
        return self.first(today, (file.partition.zone, file.partition.constituent))

    def first(self, today: date, place: tuple[str, str] | None = None) -> date:
        """The first day of a (zone, constituent) that is kept, or in general. Raises as `oldest`."""
        days = self.of.get(place, self.days) if place else self.days
        if days < 1:
            raise ConfigError("events are kept for one day at least; give a number of days from 1 on")
        return _before(today, days)


@dataclass(frozen=True, slots=True)
class Hold:
    """What must not be dropped, and under which name: events that meet all that is given here.

    Without zone or constituent, those of any; without a span, of any time (undated events, those without a time and
    those whose time is not to be believed, are in every span: to drop them by it would be to guess); without ids and
    query, all."""

    name: str
    zone: str | None = None
    constituent: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    event_ids: frozenset[bytes] = frozenset()
    query: str | Node | None = None

    def concerns(self, file: File) -> bool:
        """Whether it may cover events of a file."""
        span = Span.of(self.since, self.until)
        return (
            self.zone in (None, file.partition.zone)
            and self.constituent in (None, file.partition.constituent)
            and span.touches(file.first, file.last)
        )

    def covers(self, block: Block) -> Mask:
        """The events of a block that it covers."""
        undated = block.file.partition.day == UNDATED
        found = block.inside(Span() if undated else replace(Span.of(self.since, self.until), timeless=True))
        if self.event_ids and found.any():
            ids = block.ids(np.arange(block.rows, dtype=np.int32)).to_pylist()
            found &= np.fromiter((each in self.event_ids for each in ids), bool, len(ids))
        if self.query is not None:
            node = parse(self.query) if isinstance(self.query, str) else self.query
            found = holds(node, block, found)
        return found


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the events of one zone, constituent and day: how many were dropped, and how many stay by hold."""

    zone: str
    constituent: str
    day: str
    dropped: int
    held: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Retained:
    """What retention did. `oldest` is the first day kept in general."""

    oldest: date
    fates: list[Fate]

    @property
    def dropped(self) -> int:
        """Events dropped."""
        return sum(each.dropped for each in self.fates)

    def lines(self) -> list[str]:
        """It in words."""
        told = []
        for each in self.fates:
            line = f"{each.zone}/{each.constituent} {each.day}: {each.dropped:,} events dropped"
            if each.held:
                reasons = ", ".join(f"{count:,} by hold {name}" for name, count in sorted(each.held.items()))
                line += f"; kept: {reasons}"
            told.append(line)
        return told


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with one file: the rows that stay (None: all of them), and the events each hold covers."""

    file: File
    keep: Mask
    held: Mapping[str, int]


def _before(today: date, days: int) -> date:
    """So many days before today; the first day there is when that is before the calendar."""
    return today - timedelta(days=min(days, (today - date.min).days))


def expired(scan: Scan, files: Sequence[File], policy: Policy, today: date) -> list[File]:
    """The files whose events are all older than the policy keeps."""
    return [each for each in files if _last_day(scan, each) < policy.oldest(each, today)]


def _last_day(scan: Scan, file: File) -> date:
    """The day that counts for a file; for an undated one that of its last intake."""
    if file.partition.day != UNDATED:
        return date.fromisoformat(file.partition.day)
    count = len(scan.reader.blocks(file.path).rows)
    intake = scan.reader.read(file.path, range(count), ["ingest_time"])["ingest_time"]
    latest = max(intake.cast(pa.int64()).to_pylist())
    return date(1970, 1, 1) + timedelta(days=latest // DAY)


def judge(scan: Scan, file: File, holds_: Sequence[Hold], indexed: bool = True) -> Verdict:
    """Which events of an expired file stay. Without `indexed` the events alone are asked: slower, but an index that was
    altered drops nothing that is held."""
    concerned = [each for each in holds_ if each.concerns(file)]
    count = len(scan.reader.blocks(file.path).rows)
    if not concerned:
        return Verdict(file, np.zeros(file.rows, bool), {})
    index = scan.indexes.of(file.path) if indexed else None
    masks: list[Mask] = []
    held: dict[str, int] = {}
    for number in range(count):
        block = Block(scan.reader, file, number, index)
        keep: Mask = np.zeros(block.rows, bool)
        for hold in concerned:
            covered = hold.covers(block)
            if covered.any():
                held[hold.name] = held.get(hold.name, 0) + int(covered.sum())
            keep |= covered
        masks.append(keep)
    return Verdict(file, np.concatenate(masks), held)


@dataclass(frozen=True, slots=True)
class Held:
    """What some holds keep together: events, and the files that they lie in. `due` are the events among them whose time
    to be dropped has come, so that they are there by the holds alone; 0 when nothing is ever dropped."""

    events: int
    files: int
    due: int


def held(scan: Scan, files: Sequence[File], holds_: Sequence[Hold], policy: Policy | None, today: date) -> Held:
    """What these holds keep of some files, whether or not their time has come."""
    events = touched = due = 0
    for file in files:
        count = int(judge(scan, file, holds_).keep.sum())
        if count:
            events, touched = events + count, touched + 1
            due += count if policy and expired(scan, [file], policy, today) else 0
    return Held(events, touched, due)


def kept(scan: Scan, verdict: Verdict) -> Iterator[pa.Table]:
    """The events of a file that stay, block by block."""
    at = 0
    for number, rows in enumerate(scan.reader.blocks(verdict.file.path).rows.tolist()):
        keep = verdict.keep[at : at + rows]
        at += rows
        if keep.any():
            yield scan.reader.read(verdict.file.path, [number], READ.names).filter(pa.array(keep))


def fates(verdicts: Sequence[Verdict]) -> list[Fate]:
    """What became of each day."""
    found: dict[tuple[str, str, str], tuple[int, dict[str, int]]] = {}
    for each in verdicts:
        key = (each.file.partition.zone, each.file.partition.constituent, each.file.partition.day)
        dropped, held = found.get(key, (0, {}))
        for name, count in each.held.items():
            held[name] = held.get(name, 0) + count
        found[key] = (dropped + int((~each.keep).sum()), held)
    return [Fate(*key, dropped, held) for key, (dropped, held) in sorted(found.items())]
