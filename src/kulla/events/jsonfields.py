"""The fields of a run of JSON events, as columns made on demand: fast where that is exact, slowly elsewhere.

`column` answers as if every event had been read whole by `jsonslow.read_row`. What it does is one pass of DuckDB
for all names that are wanted at that time (7 µs an event for 90 names, measured), after which only the events in
doubt are read whole: nested values, repeated places, other envelopes (see `jsonlayout`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.fields import Values
from kulla.events.jsonlayout import EVENT_ID, Doubt, Layout, Path, Places
from kulla.events.jsonleaves import Leaf, Mask, Plan, conflicts, element_text, extract, unproven
from kulla.events.jsonslow import SlowRows, merge, read_row
from kulla.events.jsontext import unescaped, unlike_their_text
from kulla.events.schema import FIELDS

_CHUNK = 5_000


class JsonFields:
    """Implements `events.fields.Fields`. Each of `raw` is a JSON object (see `jsonread`), none is null.

    `layout` names the envelope that most of the events are in; None when the slow path is to be used for all.
    `odd` marks the objects that DuckDB does not take. A run needs no more than one thread's care: not thread-safe.
    """

    def __init__(self, raw: pa.LargeStringArray, layout: Layout | None, odd: Mask | None = None) -> None:
        self._raw = raw
        self._layout = layout
        self._input = raw
        self._slow = SlowRows(raw)
        self._all = np.ones(len(raw), np.bool_)
        self._odd = odd
        if odd is not None and odd.any():
            self._input = pc.replace_with_mask(raw, pa.array(odd), pa.scalar("{}", pa.large_string()))
        self._wanted: dict[str, None] = {}
        self._found: dict[str, list[Leaf]] = {}
        self._blind: set[str] = set()
        self._columns: dict[str, Values | None] = {}
        self._begun = False

    def __len__(self) -> int:
        return len(self._raw)

    def prefetch(self, names: Sequence[str]) -> None:
        self._wanted.update(dict.fromkeys(names))

    def column(self, name: str) -> Values | None:
        """Raises duck.MalformedError when an event that is not marked as odd is not JSON; nothing is changed then."""
        if name not in self._columns:
            self._columns[name] = self._column(name)
        return self._columns[name]

    def _column(self, name: str) -> Values | None:
        if self._layout is None:
            self._slow.add(self._all)
        elif self._slow.count < len(self) or not self._begun:
            if name not in self._found and name not in self._blind:
                self.prefetch([name])
                self._fetch(self._layout)
            if name in self._blind:
                self._slow.add(self._all)
        parts = [] if self._slow.count == len(self) else self._fast_parts(self._found.pop(name, []))
        slow = self._slow.column(name)
        if slow is not None:
            parts.append((slow.rows, slow.text))
        return merge(parts) if parts else None

    def _fast_parts(self, leaves: Sequence[Leaf]) -> list[tuple[np.ndarray, pa.Array]]:
        parts = []
        for leaf in leaves:
            if not len(leaf.rows):
                continue
            text = leaf.text.drop_null() if len(leaf.rows) < len(leaf.text) else leaf.text
            rows = leaf.rows
            if self._slow.count:
                fast = ~self._slow.mask[rows]
                if not fast.all():
                    rows, text = rows[fast], text.filter(pa.array(fast))
            if len(rows):
                parts.append((rows, text))
        return parts

    def _fetch(self, layout: Layout) -> None:
        """Make what is wanted and not yet there, in as few passes as the names allow."""
        plans: list[tuple[Plan, dict[str, Places]]] = []
        if not self._begun:
            plans.append((Plan(), {}))
            plans[0][0].admit([path for path, _ in layout.doubts])
        for name in self._wanted:
            if name not in self._found and name not in self._blind and name not in self._columns:
                self._place(name, layout.places(name), plans)
        for number, (plan, places) in enumerate(plans):
            self._pass(plan, places, layout.doubts if number == 0 and not self._begun else ())
            self._begun = True
        self._wanted.clear()

    def _place(self, name: str, places: Places | None, plans: list[tuple[Plan, dict[str, Places]]]) -> None:
        if places is not None:
            paths = [*places.leaves, *(path for path, _ in places.doubts)]
            for plan, named in plans:
                if plan.admit(paths):
                    named[name] = places
                    return
            plan = Plan()
            if plan.admit(paths):
                plans.append((plan, {name: places}))
                return
        self._blind.add(name)

    def _pass(self, plan: Plan, places: dict[str, Places], doubts: Sequence[tuple[Path, Doubt]]) -> None:
        leaves = extract(self._input, plan)
        if EVENT_ID in leaves:
            leaves[EVENT_ID] = element_text(leaves[EVENT_ID])
        slow = self._slow.mask.copy() if self._odd is None else self._slow.mask | self._odd
        asked: dict[tuple[Path, Doubt], None] = dict.fromkeys(doubts)
        for place in places.values():
            asked.update(dict.fromkeys(place.doubts))
            asked.update(((path, "nested"), None) for path in place.leaves)
        for path, doubt in asked:
            slow[leaves[path].doubtful(doubt)] = True
        for place in places.values():
            several = conflicts([leaves[path] for path in place.leaves])
            if several is not None:
                slow |= several
        slow |= unproven(self._input, plan, leaves, slow)
        if slow.any():
            self._slow.add(slow)
        for name, place in places.items():
            self._found[name] = [leaves[path] for path in place.leaves]

    def only(self, rows: npt.NDArray[np.int64]) -> JsonFields:
        """The fields of some of the events, for questions that concern no others: it costs by their number."""
        odd = None if self._odd is None else self._odd[rows]
        return JsonFields(self._raw.take(pa.array(rows)), self._layout, odd)

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
        offsets, names, texts = [0], [], []
        for text in raw.to_pylist():
            for member in read_row(text):
                names.append(member.stored)
                texts.append(member.text)
            offsets.append(len(names))
        keys, items = pa.array(names, pa.string()), pa.array(texts, pa.string())
        return pa.MapArray.from_arrays(pa.array(offsets, pa.int32()), keys, items).cast(FIELDS)

    def search_text(self) -> Values | None:
        """The values of events read whole, and for the others their text with JSON's escapes undone."""
        if self._layout is None:
            self._slow.add(self._all)
        else:
            if not self._begun:
                self._fetch(self._layout)
            self._slow.add(self._slow.mask | unlike_their_text(self._raw))
        parts = []
        if self._slow.count:
            slow = self._slow.every_value()
            parts = [] if slow is None else [(slow.rows, slow.text)]
        rows = np.flatnonzero(~self._slow.mask).astype(np.int32)
        if len(rows):
            raw = self._raw if len(rows) == len(self) else self._raw.take(pa.array(rows))
            parts.append((rows, unescaped(raw)))
        return merge(parts) if parts else None
