"""One pass over a run of JSON events: the wanted fields of those that can be read fast, and which those are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from kulla.events.fields import Rows, Values
from kulla.events.jsonread import Object, proven
from kulla.events.jsonwalk import Walk

Mask = npt.NDArray[np.bool_]
Bounds = npt.NDArray[np.int64]

_EVENTS, _BYTES = 1_000, 4 << 20
"""Events, and about how many bytes, that are held as Python objects at a time."""

_COLON, _QUOTE, _SPACE = b":", ord('"'), ord(" ")


class Pass:
    """`found`: field → its parts, rows ascending over all of them. `slow`: events to be read whole, whose values may
    be missing or wrong in `found`. `odd`: those among them that are no JSON by RFC 8259."""

    def __init__(self, raw: pa.LargeStringArray, wanted: Iterable[str]) -> None:
        self.found: dict[str, list[Values]] = {}
        self.slow: Mask = np.zeros(len(raw), np.bool_)
        self.odd: Mask = np.zeros(len(raw), np.bool_)
        wanted = list(wanted)
        bounds, content = _buffers(raw)
        first = 0
        while first < len(raw):
            most = int(np.searchsorted(bounds, bounds[first] + _BYTES))
            last = min(max(most, first + 1), first + _EVENTS, len(raw))
            self._take(content, bounds[first : last + 1], wanted, first)
            first = last

    def _take(self, content: npt.NDArray[np.uint8], bounds: Bounds, wanted: Sequence[str], first: int) -> None:
        view = content.data
        texts = [view[start:stop] for start, stop in pairwise(bounds.tolist())]
        events = self._loaded(texts, first)
        walk = Walk(wanted, len(events))
        walk.events(events)
        here = slice(first, first + len(events))
        for name, parts in walk.found.items():
            values = _merged(parts, walk.slow)
            if values is not None:
                self.found.setdefault(name, []).append(Values(values.rows + np.int32(first), values.text))
        walk.slow |= self.odd[here]
        for row in np.flatnonzero(_unsure(content, bounds, walk.counted) & ~walk.slow).tolist():
            walk.slow[row] = not proven(str(texts[row], "utf-8"), events[row])
        self.slow[here] = walk.slow

    def _loaded(self, texts: Sequence[memoryview], first: int) -> list[Object]:
        try:
            return list(map(orjson.loads, texts))
        except orjson.JSONDecodeError:
            events: list[Object] = []
            for row, text in enumerate(texts, first):
                try:
                    events.append(orjson.loads(text))
                except orjson.JSONDecodeError:
                    events.append({})
                    self.odd[row] = True
            return events


def _buffers(raw: pa.LargeStringArray) -> tuple[Bounds, npt.NDArray[np.uint8]]:
    _, offsets, data = raw.buffers()
    bounds = np.frombuffer(offsets, np.int64, len(raw) + 1, raw.offset * 8) if len(raw) else np.zeros(1, np.int64)
    return bounds, np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)


def _merged(parts: Sequence[tuple[Rows, Sequence[str | None]]], slow: Mask) -> Values | None:
    """The parts of one field in one, nulls left out. Events with values in several parts have no sure order: slow."""
    texts: list[Any] = []
    for _, some in parts:
        texts += some
    text = pa.array(texts, pa.large_string())
    rows = np.concatenate([some for some, _ in parts])
    number = np.repeat(np.arange(len(parts), dtype=np.int32), [len(some) for some, _ in parts])
    if text.null_count:
        valid = text.is_valid().to_numpy(zero_copy_only=False)
        rows, number, text = rows[valid], number[valid], text.drop_null()
    if len(parts) > 1:
        order = np.argsort(rows, kind="stable")
        rows, number, text = rows[order], number[order], text.take(pa.array(order))
        mixed = (rows[1:] == rows[:-1]) & (number[1:] != number[:-1])
        slow[rows[1:][mixed]] = True
    return Values(rows, text) if len(rows) else None


def _unsure(content: npt.NDArray[np.uint8], bounds: Bounds, counted: npt.NDArray[np.int64]) -> Mask:
    """Events whose text may have more names than were counted: a repeated one, or one that was not looked at.

    Every name ends in a quote and a colon, blanks between them or not; what looks so beside only adds up.
    """
    start = int(bounds[0])
    some = content[start : int(bounds[-1])]
    colons = np.flatnonzero(some == ord(_COLON))
    before = some[colons - 1]  # a text begins with a brace, so that the first byte is no colon
    ends = colons[before == _QUOTE]
    blank = colons[before <= _SPACE]
    spaced = blank[(some[blank - 2] == _QUOTE) | (some[blank - 2] <= _SPACE)]
    if len(ends) == counted.sum() and not len(spaced):
        return np.zeros(len(counted), np.bool_)
    starts = bounds[:-1] - start
    written = np.bincount(np.searchsorted(starts, ends, "right") - 1, minlength=len(counted))
    unsure: Mask = written != counted
    unsure[np.searchsorted(starts, spaced, "right") - 1] = True
    return unsure
