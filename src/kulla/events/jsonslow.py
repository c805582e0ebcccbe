"""Columns of the events that need the slow path, made by reading each of them whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.fields import Rows, Values
from kulla.events.jsonnames import Member, members, pairs
from kulla.events.jsonread import load

_CHUNK = 2_000
"""Events parsed before their values go over to Arrow, which holds them in a fifth of Python's space."""


def read_row(text: str) -> list[Member]:
    """All values of the event that the text is; none when it is none."""
    event = load(text)
    return [] if event is None else members(event)


def read_pairs(text: str) -> list[tuple[str, str | None]]:
    """The same as (stored name, text), which is all that storing asks for."""
    event = load(text)
    return [] if event is None else pairs(event)


class SlowRows:
    """The values of a growing set of events, by plain name."""

    def __init__(self, raw: pa.LargeStringArray) -> None:
        self._raw = raw
        self._parts: dict[str, list[tuple[Rows, pa.LargeStringArray]]] = {}
        self.mask: npt.NDArray[np.bool_] = np.zeros(len(raw), np.bool_)
        self.count = 0

    def add(self, rows: npt.NDArray[np.bool_]) -> None:
        """Take in the events of this mask that are not in yet."""
        new = np.flatnonzero(rows & ~self.mask)
        for start in range(0, len(new), _CHUNK):
            self._read(new[start : start + _CHUNK])
        self.mask = self.mask | rows
        self.count = int(self.mask.sum())

    def _read(self, numbers: npt.NDArray[np.intp]) -> None:
        gathered: dict[str, tuple[list[int], list[str]]] = {}
        for number, text in zip(numbers.tolist(), self._raw.take(pa.array(numbers)).to_pylist(), strict=True):
            for member in read_row(text):
                if member.text is not None:
                    rows, texts = gathered.setdefault(member.plain, ([], []))
                    rows.append(number)
                    texts.append(member.text)
        for name, (rows, texts) in gathered.items():
            part = (np.array(rows, np.int32), pa.array(texts, pa.large_string()))
            self._parts.setdefault(name, []).append(part)

    def column(self, name: str) -> Values | None:
        """The field over the events taken in."""
        parts = self._parts.get(name)
        return merge(parts) if parts else None

    def every_value(self) -> Values | None:
        """All values of all events taken in."""
        parts = [part for named in self._parts.values() for part in named]
        return merge(parts) if parts else None


def merge(parts: list[tuple[Rows, pa.Array]]) -> Values:
    """Parts of one column put together, rows ascending, the values of one row in their order."""
    if len(parts) == 1:
        return Values(*parts[0])
    rows = np.concatenate([part[0] for part in parts])
    text = pa.concat_arrays([part[1].cast(pa.large_string()) for part in parts])
    if bool((rows[1:] < rows[:-1]).any()):
        order = np.argsort(rows, kind="stable")
        rows, text = rows[order], text.take(pa.array(order))
    return Values(rows, text)
