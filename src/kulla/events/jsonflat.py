"""One pass of DuckDB over a run of flat JSON events, which is the fastest way there: members at the top, by name.

What is no such member there, or might be a piece of another envelope, sends its event to the slow path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import duck
from kulla.events.fields import Values
from kulla.events.jsonnames import PARTS
from kulla.events.jsonread import Object
from kulla.events.jsonwalk import settled

Mask = npt.NDArray[np.bool_]

_ENVELOPES = ("Event", "System", "winlog")
_BRACE, _BRACKET = b"{["
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
        for batch in _batches(list(asked), raw):
            self._take(batch)

    def _take(self, names: Sequence[str]) -> None:
        try:
            columns = duck.extract(self._raw, names)
        except duck.MalformedError:
            self.odd = ~duck.valid(self._raw).to_numpy(zero_copy_only=False)
            self.slow |= self.odd
            self._raw = pc.replace_with_mask(self._raw, pa.array(self.odd), pa.scalar("{}", pa.large_string()))
            columns = duck.extract(self._raw, names)
        for name, text in zip(names, columns, strict=True):
            if text.null_count == len(text):
                continue
            rows = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False)).astype(np.int32)
            text = text.drop_null() if text.null_count else text  # noqa: PLW2901
            self.slow[rows[_packed(text) if name in PARTS else _nested(text)]] = True
            if name in self._kept:
                self.found[name] = [Values(rows, text)]


def _speakable(name: str) -> bool:
    """Whether a name can be one of a struct's: not empty, valid Unicode, no NUL."""
    return bool(name) and "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def _batches(names: Sequence[str], raw: pa.LargeStringArray) -> list[list[str]]:
    """The names in as few batches as may be: DuckDB's structs take no two that differ by case alone.

    Of such names those are left out that do not occur: looking takes an eighth of what a batch takes.
    """
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.lower(), []).append(name)
    data: bytes | None = None
    batches: list[list[str]] = [[]]
    for group in alike.values():
        present = group
        if len(group) > 1:
            data = _content(raw) if data is None else data
            present = [name for name in group if _may_occur(name, data)]
        for number, name in enumerate(present):
            if number == len(batches):
                batches.append([])
            batches[number].append(name)
    return batches


def _content(raw: pa.LargeStringArray) -> bytes:
    _, offsets, data = raw.buffers()
    bounds = np.frombuffer(offsets, np.int64, len(raw) + 1, raw.offset * 8) if len(raw) else np.zeros(1, np.int64)
    return b"" if data is None else data.slice(int(bounds[0]), int(bounds[-1] - bounds[0])).to_pybytes()


def _may_occur(name: str, data: bytes) -> bool:
    """Whether a member may have this name; sure where neither the name nor the text has anything escaped."""
    if any(letter in '"\\/' or letter < " " for letter in name) or b"\\u" in data:
        return True
    return f'"{name}"'.encode() in data


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
