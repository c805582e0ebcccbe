"""Keywords: tests asked of every value of an event, whatever its field.

Nearly no event has the words, so events are found by a fragment of each in their text, and only those are looked at
value by value. JSON text writes `"`, `\\`, `/`, control signs and what is not ASCII in several ways, and numbers in
others than `events.fields` does: a fragment avoids them. Two signs beyond ASCII fold to ASCII letters (U+0130 to i,
U+212A to k): texts that have them are looked at anyway. So are texts with `\\u` escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.detect.fast.kernels import Mask, ask
from kulla.detect.fast.literals import SHORTEST
from kulla.detect.fast.scan import Words
from kulla.detect.reference import View
from kulla.detect.rule import Exists, FieldRef, Match, Null, Test, Text
from kulla.events.batch import Batch
from kulla.events.fields import Rows
from kulla.events.text import fold, fold_array

_SLICE: Final = 256 << 20
_EVENTS_AT_ONCE: Final = 1000
_DOUBT: Final = (rb"\\u(00[2-7][0-9a-f]|0130|212a)", rb"\xc4\xb0", rb"\xe2\x84\xaa")
"""What can hide an ASCII letter of a folded value: its escape, U+0130 and U+212A."""
_RUN: Final = re.compile(r"[ -!#-.0-\[\]-~]+")  # printable ASCII without " / \
_NUMERIC: Final = re.compile(r"[0-9.eE+-]+")


@dataclass(frozen=True, slots=True)
class KeywordPlan:
    """The keyword leaves of one logsource's rules that have a fragment (folded): `fragments[i]` is `leaves[i]`'s."""

    logsource: int
    leaves: tuple[int, ...]
    fragments: tuple[bytes, ...]


@lru_cache(maxsize=256)
def _words(fragments: tuple[bytes, ...]) -> Words:
    """Fragments, and what makes a text doubtful, ready to be looked for: 2 to 25 ms for the Sigma corpus's lists."""
    return Words(fragments, _DOUBT)


def plan_keywords(tests: Sequence[Test], used: Sequence[set[int]]) -> tuple[KeywordPlan, ...]:
    """Plans for keyword leaves (the first so many, with these tests); `used` are all leaves that the rules of each
    logsource ask."""
    fragments = [fragment(test) for test in tests]
    with_one = {leaf for leaf, words in enumerate(fragments) if words}
    shares = [sorted(leaves & with_one) for leaves in used]
    return tuple(
        KeywordPlan(logsource, tuple(leaves), tuple(fragments[leaf] for leaf in leaves))
        for logsource, leaves in enumerate(shares)
        if leaves
    )


def fragment(test: Test) -> bytes:
    r"""The longest piece of text that stands as it is in the JSON of a value that satisfies the test; empty: none.

    >>> from kulla.detect.rule import Wild
    >>> fragment(Text((Wild.MANY, "C:\\Temp\\mimikatz.exe", Wild.MANY)))
    b'mimikatz.exe'
    """
    if not isinstance(test, Text):
        return b""
    runs = [run for part in test.parts if isinstance(part, str) for run in _RUN.findall(fold(part))]
    best = max((run for run in runs if not _NUMERIC.fullmatch(run)), key=len, default="")
    return best.encode() if len(best) >= SHORTEST else b""


def candidates(fragments: tuple[bytes, ...], batch: Batch, rows: Rows) -> dict[bytes, Rows]:
    """For each fragment, the rows among `rows` that may have a value which holds it, ascending, once each."""
    found: list[list[Rows]] = [[] for _ in fragments]
    for owner, text in _texts(batch, rows):
        for low, high in _slices(text):
            _reread(fragments, batch, _search(fragments, text.slice(low, high - low), owner[low:high], found), found)
    unique = [np.unique(np.concatenate(hits)) if hits else np.empty(0, np.int32) for hits in found]
    return dict(zip(fragments, unique, strict=True))


def verify(test: Test, batch: Batch, rows: Rows) -> Mask:
    """For each of `rows`, whether the event satisfies the test, asked of all its values."""
    if isinstance(test, Null | Exists | FieldRef):
        leaf = Match(None, test)
        return np.fromiter((View(batch.event(row)).leaf(leaf) for row in rows.tolist()), bool, len(rows))
    result = np.zeros(len(rows), bool)
    for low in range(0, len(rows), _EVENTS_AT_ONCE):
        values: list[str] = []
        owner: list[int] = []
        for place, row in enumerate(rows[low : low + _EVENTS_AT_ONCE].tolist(), low):
            before = len(values)
            for texts in batch.event(row).values():
                values += texts
            owner += [place] * (len(values) - before)
        array = pa.array(values, pa.large_string())
        result[np.array(owner, np.int64)[ask(test, array, fold_array(array))]] = True
    return result


def _texts(batch: Batch, rows: Rows) -> Iterator[tuple[Rows, pa.LargeStringArray]]:
    """Texts that together hold every value of the rows, each with the row it is of."""
    searched = batch.fields.search_text()
    wanted = np.zeros(len(batch), bool)
    wanted[rows] = True
    if searched is not None:
        keep = wanted[searched.rows]
        text = searched.text if keep.all() else searched.text.filter(pa.array(keep))
        yield searched.rows[keep], text.cast(pa.large_string())
    else:
        yield from _raw(batch, rows)
    for name in _made(batch):
        values = batch.column(name)
        if values is not None:
            keep = wanted[values.rows]
            yield values.rows[keep], values.text.filter(pa.array(keep)).cast(pa.large_string())


def _raw(batch: Batch, rows: Rows) -> Iterator[tuple[Rows, pa.LargeStringArray]]:
    raw = batch.raw if len(rows) == len(batch) else batch.raw.take(pa.array(rows))
    if raw.null_count:
        without = rows[np.asarray(raw.is_null())]
        values = [" ".join(text for texts in batch.event(row).values() for text in texts) for row in without.tolist()]
        yield without, pa.array(values, pa.large_string())
        rows, raw = rows[np.asarray(raw.is_valid())], raw.drop_null()
    yield rows, raw


def _made(batch: Batch) -> list[str]:
    """Fields that an alias makes out of others, so that their values need not stand in the event's own text."""
    names: dict[str, None] = {}
    for group in batch.groups:
        for name, alias in group.aliases.items():
            if alias.join is not None or alias.values or alias.extract or alias.prefixes:
                names[name] = None
    return list(names)


def _slices(text: pa.LargeStringArray) -> Iterator[tuple[int, int]]:
    offsets = np.frombuffer(text.buffers()[1], np.int64, len(text) + 1, text.offset * 8) if len(text) else np.zeros(1)
    low = 0
    while low < len(text):
        high = max(low + 1, int(np.searchsorted(offsets, offsets[low] + _SLICE, "right")) - 1)
        yield low, min(high, len(text))
        low = high


def _search(fragments: tuple[bytes, ...], text: pa.LargeStringArray, owner: Rows, found: list[list[Rows]]) -> Rows:
    """Add where the fragments stand; return the rows whose text does not tell."""
    _, where, data = text.buffers()
    offsets = np.frombuffer(where, np.int64, len(text) + 1, text.offset * 8)
    if data is None or offsets[0] == offsets[-1]:
        return owner[:0]
    number, end = _words(fragments).scan(memoryview(data)[offsets[0] : offsets[-1]])
    rows = owner[np.searchsorted(offsets[1:], end - 1 + offsets[0], "right")]
    known = number < len(fragments)
    for word in np.unique(number[known]).tolist():
        found[word].append(rows[number == word])
    return np.unique(rows[~known])


def _reread(fragments: tuple[bytes, ...], batch: Batch, rows: Rows, found: list[list[Rows]]) -> None:
    """Look for the fragments in the values themselves, where the text may write them otherwise."""
    texts_of = [words.decode() for words in fragments]
    for low in range(0, len(rows), _EVENTS_AT_ONCE):
        part = rows[low : low + _EVENTS_AT_ONCE]
        events = [batch.event(row) for row in part.tolist()]
        contents = ["\n".join(text for texts in event.values() for text in texts) for event in events]
        for row, content in zip(part, fold_array(pa.array(contents, pa.large_string())).to_pylist(), strict=True):
            for word, words in enumerate(texts_of):
                if words in content:
                    found[word].append(np.array([row], np.int32))
