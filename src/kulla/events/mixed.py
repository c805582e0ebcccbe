"""Fields of a run of which some events are taken from another version of it: the redacted among the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kulla.events.aliases import Mask, merge
from kulla.events.fields import Fields, Pairs, Rows, SomeRows, Values


class MixedFields:
    """Implements `events.fields.Fields`: those of `other` where `chosen`, else those of `own` (same events both)."""

    def __init__(self, own: Fields, other: Fields, chosen: Mask) -> None:
        self._own = own
        self._other = other
        self._chosen = chosen

    def __len__(self) -> int:
        return len(self._chosen)

    def prefetch(self, names: Sequence[str]) -> None:
        self._own.prefetch(names)
        self._other.prefetch(names)

    def column(self, name: str) -> Values | None:
        return self._both(self._own.column(name), self._other.column(name))

    def _both(self, own: Values | None, other: Values | None) -> Values | None:
        parts = [_where(own, ~self._chosen), _where(other, self._chosen)]
        return merge(part for part in parts if part is not None)

    def row(self, number: int) -> dict[str, list[str]]:
        return (self._other if self._chosen[number] else self._own).row(number)

    def whole(self) -> pa.MapArray:
        both = pa.concat_arrays([self._own.whole(), self._other.whole()])
        rows = np.arange(len(self))
        return both.take(pa.array(np.where(self._chosen, rows + len(self), rows)))

    def pairs_of(self, rows: Rows) -> list[Pairs]:
        mine = [self._other if self._chosen[row] else self._own for row in rows.tolist()]
        return [_pairs(fields, row) for fields, row in zip(mine, rows.tolist(), strict=True)]

    def search_text(self) -> Values | None:
        own, other = self._own.search_text(), self._other.search_text()
        if own is None or other is None:
            return None
        return self._both(own, other)


def _pairs(fields: Fields, row: int) -> Pairs:
    rows = np.array([row], np.int32)
    if isinstance(fields, SomeRows):
        return fields.pairs_of(rows)[0]
    stored: Pairs = fields.whole().take(pa.array(rows)).to_pylist()[0]
    return stored


def _where(values: Values | None, rows: Mask) -> Values | None:
    if values is None:
        return None
    keep = rows[values.rows]
    return Values(values.rows[keep], values.text.filter(pa.array(keep))) if keep.any() else None
