"""Counts instead of events: how many, when, and which values. Exact, over all events of the scope that meet a query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.lake.block import TIMELESS, Block, Mask
from kulla.lake.layout import File
from kulla.lake.scan import Scan
from kulla.lake.tree import Everything

MOST_VALUES: Final = 100_000
"""Distinct values of a field that are counted; beyond it the rarest are let go, and `Facet.cut` says so."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Events over time: `counts[i]` lie in [edges[i], edges[i + 1])."""

    edges: list[datetime]
    counts: list[int]


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of a field: the most frequent with the number of events, how many distinct ones there are, and in how
    many events the field has a value. An event with several values counts for each. `cut`: there were more distinct
    values than are counted, so `distinct` is a least and rare values may be missing."""

    values: list[tuple[str, int]]
    distinct: int
    events: int
    cut: bool = False


def count(scan: Scan, files: Iterable[File]) -> int:
    """How many events there are."""
    total = 0
    for day in scan.days(files):
        for some in scan.each([block for _, block in day], lambda block: _count(scan, block)):
            total += sum(some)
    return total


def _count(scan: Scan, block: Block) -> int:
    return int(scan.met(block).sum())


def histogram(scan: Scan, files: Iterable[File], bins: int) -> Histogram:
    """Events in equal parts of the scan's span. Raises ValueError for an empty span or no bins."""
    since, until = scan.span.since, scan.span.until
    if bins < 1 or until <= since:
        raise ValueError("a histogram needs at least one bin and an end after its begin")
    edges = since + (until - since) * np.arange(bins + 1, dtype=object) // bins
    borders = edges.astype(np.int64)
    total = np.zeros(bins, np.int64)
    for day in scan.days(files):
        for some in scan.each([block for _, block in day], lambda block: _binned(scan, block, borders)):
            total += np.sum(some, axis=0)
    return Histogram([_EPOCH + timedelta(microseconds=int(each)) for each in edges], total.tolist())


def _binned(scan: Scan, block: Block, borders: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    blocks = block.reader.blocks(block.file.path)
    first, last = (int(np.searchsorted(borders, each[block.number], "right")) for each in (blocks.first, blocks.last))
    found = np.zeros(len(borders) - 1, np.int64)
    if first == last and isinstance(scan.node, Everything):  # all in one bin: no need to read
        if 0 < first < len(borders):
            found[first - 1] = block.rows - blocks.timeless[block.number]
        return found
    met = scan.met(block)
    if met.any():
        time = block.time[met]
        at = np.searchsorted(borders, time[time != TIMELESS], "right") - 1
        found += np.bincount(at, minlength=len(found))
    return found


def facets(scan: Scan, files: Iterable[File], fields: Sequence[str], most: int) -> dict[str, Facet]:
    """The values of some fields, each with the `most` most frequent first; ties by value."""
    tallies = {name: Tally() for name in fields}
    for day in scan.days(files):
        for some in scan.each([block for _, block in day], lambda block: _valued(scan, block, fields)):
            for each in some:
                for name, (events, values) in each.items():
                    tallies[name].add(events, values)
    return {name: tally.facet(most) for name, tally in tallies.items()}


Counted = tuple[int, pa.StructArray | None]


def _valued(scan: Scan, block: Block, fields: Sequence[str]) -> dict[str, Counted]:
    met = scan.met(block)
    return {name: valued(block, [name], met) for name in fields} if met.any() else {}


def valued(block: Block, names: Sequence[str], met: Mask) -> Counted:
    """Of some events of a block: how many have one of the fields, and the values with the number of events of each."""
    rows, texts = [], []
    for values in (each for name in names for each in block.values(name)):
        keep = met[values.rows]
        if keep.any():
            rows.append(values.rows[keep])
            text = values.text.filter(pa.array(keep))
            texts.append(text.cast(pa.string()))
    if not rows:
        return 0, None
    if len(rows) == 1 and (np.diff(rows[0]) > 0).all():
        return len(rows[0]), pc.value_counts(texts[0])
    pairs = (
        pa.table({"row": np.concatenate(rows), "text": pa.chunked_array(texts)}).group_by(["row", "text"]).aggregate([])
    )
    events = len(np.unique(np.concatenate(rows)))
    return events, pc.value_counts(pairs["text"])


class Tally:
    """Counts of a field's values, added up."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._events = 0
        self._cut = False

    def add(self, events: int, values: pa.StructArray | None) -> None:
        """Take in a block."""
        self._events += events
        if values is None:
            return
        for text, number in zip(values.field(0).to_pylist(), values.field(1).to_pylist(), strict=True):
            self._counts[text] += number
        if len(self._counts) > 2 * MOST_VALUES:
            self._counts = Counter(dict(self._counts.most_common(MOST_VALUES)))
            self._cut = True

    def facet(self, most: int) -> Facet:
        """What they came to."""
        ordered = sorted(self._counts.items(), key=lambda each: (-each[1], each[0]))
        return Facet(ordered[:most], len(ordered), self._events, self._cut)


def extent(scan: Scan, files: Iterable[File]) -> Iterator[tuple[Block, Mask]]:
    """The blocks with an answer, and which of their events it is."""
    for day in scan.days(files):
        for some in scan.each([block for _, block in day], lambda block: (block, scan.met(block))):
            yield from (each for each in some if each[1].any())
