"""One pass of DuckDB over a run of flat JSON events, which is the fastest way there: members at the top, by name.

What is no such member there, or might be a piece of another envelope, sends its event to the slow path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import duck
from kulla.events.fields import Rows, Values
from kulla.events.jsonnames import PARTS
from kulla.events.jsonread import Object
from kulla.events.jsonwalk import settled

Mask = npt.NDArray[np.bool_]

_ENVELOPES = ("Event", "System", "winlog")
_BRACE, _BRACKET = b"{["
_BACKSLASH = ord("\\")
_MOST_NESTED = 4


def is_flat(events: Sequence[Object]) -> bool:
    """Whether most of some events hold no objects, so that few need the slow path."""
    nested = sum(any(isinstance(value, dict) for value in event.values()) for event in events)
    return bool(events) and nested * _MOST_NESTED <= len(events)


class FlatPass:
    """`found`: field → its parts, rows ascending over all of them. `slow`: events to be read whole, whose values may
    be missing or wrong in `found`. `odd`: those among them that DuckDB does not take."""

    def __init__(self, raw: pa.LargeStringArray, wanted: Iterable[str]) -> None:
        self.found: dict[str, list[Values]] = {}
        self.slow: Mask = np.zeros(len(raw), np.bool_)
        self.odd: Mask = np.zeros(len(raw), np.bool_)
        self._raw = raw
        names = [name for name in wanted if settled(name)]
        doubts = (name[:at] for name in names for at, letter in enumerate(name) if letter == ".")
        asked = dict.fromkeys((*_ENVELOPES, *PARTS, *names, *doubts))
        self._kept = frozenset(names)
        if not all(map(_speakable, asked)):
            self.slow[:] = True
            return
        content = _Content(raw)
        first, *others = _batches(list(asked), content)
        self._take(first, None)
        for names in others:
            rows = content.rows_with(names)
            if rows is None or len(rows):
                self._take(names, rows)

    def _take(self, names: Sequence[str], rows: Rows | None) -> None:
        """Take these members of some rows, or of all."""
        for name, text in zip(names, self._extract(names, rows), strict=True):
            if text.null_count == len(text):
                continue
            held = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False)).astype(np.int32)
            at = held if rows is None else rows[held]
            text = text.drop_null() if text.null_count else text  # noqa: PLW2901
            self.slow[at[_packed(text) if name in PARTS else _nested(text)]] = True
            if name in self._kept:
                self.found[name] = [Values(at, text)]

    def _extract(self, names: Sequence[str], rows: Rows | None) -> list[pa.LargeStringArray]:
        raw = self._raw if rows is None else self._raw.take(pa.array(rows))
        try:
            return duck.extract(raw, names)
        except duck.MalformedError:
            self.odd = ~duck.valid(self._raw).to_numpy(zero_copy_only=False)
            self.slow |= self.odd
            self._raw = pc.replace_with_mask(self._raw, pa.array(self.odd), pa.scalar("{}", pa.large_string()))
        return duck.extract(self._raw if rows is None else self._raw.take(pa.array(rows)), names)


class _Content:
    """The text of a run, searched for names of members; events with characters given by number may hold any."""

    def __init__(self, raw: pa.LargeStringArray) -> None:
        _, offsets, data = raw.buffers()
        count = len(raw)
        self._bounds = np.frombuffer(offsets, np.int64, count + 1, raw.offset * 8) if count else np.zeros(1, np.int64)
        start, stop = int(self._bounds[0]), int(self._bounds[-1])
        self._text = memoryview(b"") if data is None else memoryview(data)[start:stop]
        self._escaped: Rows | None = None

    def may_hold(self, name: str) -> bool:
        """Whether a member may have this name."""
        return _unsure(name) or re.search(_as_member(name), self._text) is not None or len(self._escapes()) > 0

    def rows_with(self, names: Sequence[str]) -> Rows | None:
        """The rows in which a member may have one of these names; None: any."""
        if any(map(_unsure, names)):
            return None
        places = [found.start() for name in names for found in re.finditer(_as_member(name), self._text)]
        rows: Rows = np.union1d(self._rows(places), self._escapes())
        return rows

    def _escapes(self) -> Rows:
        """The rows with characters written as `\\uXXXX`. The `u` of `C:\\\\users` follows an escaped backslash."""
        if self._escaped is None:
            places = [found.start() for found in re.finditer(rb"\\u", self._text)]
            self._escaped = self._rows([place for place in places if not self._backslashes_before(place) % 2])
        return self._escaped

    def _backslashes_before(self, place: int) -> int:
        first = place
        while first and self._text[first - 1] == _BACKSLASH:
            first -= 1
        return place - first

    def _rows(self, places: Sequence[int]) -> Rows:
        at = np.array(places, np.int64) + self._bounds[0]
        rows: Rows = np.unique(np.searchsorted(self._bounds, at, "right") - 1).astype(np.int32)
        return rows


def _unsure(name: str) -> bool:
    """Whether a name may be written otherwise than as it is, without a `\\u`."""
    return any(letter in '"\\/' or letter < " " for letter in name)


def _as_member(name: str) -> bytes:
    return re.escape(f'"{name}"'.encode())


def _speakable(name: str) -> bool:
    """Whether a name can be one of a struct's: not empty, valid Unicode, no NUL."""
    return bool(name) and "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def _batches(names: Sequence[str], content: _Content) -> list[list[str]]:
    """The names in as few batches as may be: DuckDB's structs take no two that differ by case alone.

    Of such names those are left out that do not occur: looking takes an eighth of what a batch takes.
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.lower(), []).append(name)
    batches: list[list[str]] = [[]]
    for group in alike.values():
        present = group if len(group) == 1 else [name for name in group if content.may_hold(name)]
        for number, name in enumerate(present):
            if number == len(batches):
                batches.append([])
            batches[number].append(name)
    return batches


def _first_bytes(text: pa.LargeStringArray) -> npt.NDArray[np.uint8]:
    """The first byte of each text; of an empty one, whatever comes next."""
    _, offsets, data = text.buffers()
    if data is None or not data.size:
        return np.zeros(len(text), np.uint8)
    starts = np.frombuffer(offsets, np.int64, len(text), text.offset * 8)
    first: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8)[np.minimum(starts, data.size - 1)]
    return first


def _nested(text: pa.LargeStringArray) -> npt.NDArray[np.intp]:
    """Which texts may be objects or arrays: compact JSON, so `{"`, `{}` or `[` (a GUID begins otherwise)."""
    first = _first_bytes(text)
    places = np.flatnonzero((first == _BRACE) | (first == _BRACKET))
    if not len(places):
        return places
    likely = pc.match_substring_regex(text.take(pa.array(places)), r'^(\[|\{["}])').to_numpy(zero_copy_only=False)
    found: npt.NDArray[np.intp] = places[likely]
    return found


def _packed(text: pa.LargeStringArray) -> npt.NDArray[np.intp]:
    """Which texts may be or hold event data."""
    first = _first_bytes(text)
    return np.flatnonzero((first <= 0x20) | (first >= 0x80) | np.isin(first, np.frombuffer(b"{[<", np.uint8)))
