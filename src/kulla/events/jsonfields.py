"""The fields of a run of JSON events, as columns made on demand: fast where that is exact, slowly elsewhere.

`column` answers as if every event had been read whole by `jsonslow.read_row`. What it does is one pass (`jsonflat` or
`jsonpass`) for all names that are wanted at that time, after which only the events in doubt are read whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from kulla.events.fields import Pairs, Rows, Values
from kulla.events.jsonflat import FlatPass
from kulla.events.jsonpass import Mask, Pass
from kulla.events.jsonslow import SlowRows, merge, read_pairs, read_row
from kulla.events.jsonwalk import settled
from kulla.events.schema import FIELDS

_CHUNK = 5_000


class JsonFields:
    """Implements `events.fields.Fields` and `SomeRows`. Each of `raw` is a JSON object (see `jsonread`), none is null.

    `flat`: most of them hold no objects, which costs or saves time and changes nothing else.
    A run needs no more than one thread's care: not thread-safe.
    """

    def __init__(self, raw: pa.LargeStringArray, flat: bool = False) -> None:
        self._raw = raw
        self.flat = flat
        self._slow = SlowRows(raw)
        self._wanted: dict[str, None] = {}
        self._found: dict[str, list[Values]] = {}
        self._columns: dict[str, Values | None] = {}

    def __len__(self) -> int:
        return len(self._raw)

    @property
    def slow_count(self) -> int:
        """How many events have been read whole."""
        return self._slow.count

    def prefetch(self, names: Sequence[str]) -> None:
        self._wanted.update(dict.fromkeys(names))

    def odd(self) -> Mask:
        """Events among which are all that are no JSON; makes what is wanted by now."""
        return self._fetch()

    def column(self, name: str) -> Values | None:
        if name not in self._columns:
            self._columns[name] = self._column(name)
        return self._columns[name]

    def _column(self, name: str) -> Values | None:
        if not settled(name):
            self._slow.add(np.ones(len(self), np.bool_))
        elif name not in self._found and self._slow.count < len(self):
            self.prefetch([name])
            self._fetch()
        parts = [] if self._slow.count == len(self) else self._fast_parts(self._found.pop(name, []))
        slow = self._slow.column(name)
        if slow is not None:
            parts.append((slow.rows, slow.text))
        return merge(parts) if parts else None

    def _fast_parts(self, found: Sequence[Values]) -> list[tuple[Rows, pa.Array]]:
        if not found:
            return []
        rows, text = np.concatenate([part.rows for part in found]), pa.concat_arrays([part.text for part in found])
        if self._slow.count:
            fast = ~self._slow.mask[rows]
            if not fast.all():
                rows, text = rows[fast], text.filter(pa.array(fast))
        return [(rows, text)] if len(rows) else []

    def _fetch(self) -> Mask:
        """Make what is wanted and not yet there."""
        names = [name for name in self._wanted if name not in self._found and name not in self._columns]
        self._wanted.clear()
        made = FlatPass(self._raw, names) if self.flat else Pass(self._raw, names)
        self._found.update({name: made.found.get(name, []) for name in names})
        if made.slow.any():
            self._slow.add(made.slow)
        return made.odd

    def row(self, number: int) -> dict[str, list[str]]:
        event: dict[str, list[str]] = {}
        for member in read_row(self._raw[number].as_py()):
            if member.text is not None:
                event.setdefault(member.plain, []).append(member.text)
        return event

    def whole(self) -> pa.MapArray:
        chunks = [self._whole(self._raw.slice(start, _CHUNK)) for start in range(0, len(self), _CHUNK)]
        return pa.concat_arrays(chunks) if chunks else pa.array([], FIELDS)

    def _whole(self, raw: pa.LargeStringArray) -> pa.MapArray:
        offsets: list[int] = [0]
        held: list[Pairs] = []
        for text in raw.to_pylist():
            pairs = read_pairs(text)
            held.append(pairs)
            offsets.append(offsets[-1] + len(pairs))
        keys = pa.array([name for pairs in held for name, _ in pairs], pa.string())
        items = pa.array([text for pairs in held for _, text in pairs], pa.string())
        return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items).cast(FIELDS)

    def pairs_of(self, rows: Rows) -> list[Pairs]:
        texts = self._raw.take(pa.array(rows, pa.int64())).to_pylist()
        return [read_pairs(text) for text in texts]

    def search_text(self) -> Values | None:
        return None
