"""One field of a batch for the engine: each distinct value once, and who has it.

A leaf's answer is kept for each distinct value, so a value that repeats a thousand times is asked once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.detect.fast.kernels import Mask, ask
from kulla.detect.fast.leaves import hint, short
from kulla.detect.fast.literals import Bytes, Ints, join, occurrences
from kulla.detect.rule import Test, Text
from kulla.events.fields import Rows, Values
from kulla.events.text import fold_array

Codes = npt.NDArray[np.int32]

_UNKNOWN, _NO, _YES = 0, 1, 2
_SHARE = 4
"""All values are asked for a short literal in the time in which Arrow's kernels ask a quarter of them."""


@dataclass
class Column:
    """A field over `events` rows. `values` are its distinct values; entry i says that row `rows[i]` has value
    `codes[i]`. `rows` ascend and repeat where the field is an array."""

    events: int
    rows: Rows
    codes: Codes
    values: pa.LargeStringArray
    _states: dict[Test, npt.NDArray[np.uint8]] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Values, events: int) -> Column:
        encoded = values.text.dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        distinct = encoded.dictionary.cast(pa.large_string())
        return cls(events, values.rows, np.asarray(encoded.indices, np.int32), distinct)

    @cached_property
    def folded(self) -> pa.LargeStringArray:
        return fold_array(self.values)

    @cached_property
    def joined(self) -> tuple[Bytes, Ints]:
        """The folded values as one buffer, see `literals.join`."""
        return join(self.folded)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many entries each value has."""
        return np.bincount(self.codes, minlength=len(self.values))

    @cached_property
    def repeated(self) -> bool:
        """Whether some row has several entries."""
        return bool((self.rows[1:] == self.rows[:-1]).any())

    @cached_property
    def _by_value(self) -> tuple[Codes, npt.NDArray[np.int64]]:
        """Entries sorted by value, and where each value's begin."""
        small = len(self.values) <= 1 << 16  # then NumPy sorts by radix
        order = np.argsort(self.codes.astype(np.uint16) if small else self.codes, kind="stable").astype(np.int32)
        return order, np.concatenate([[0], np.cumsum(self.counts)])

    @cached_property
    def code_of(self) -> Codes:
        """The code of each row's value, −1 without; only where no row has several."""
        dense = np.full(self.events, -1, np.int32)
        dense[self.rows] = self.codes
        return dense

    @cached_property
    def present(self) -> Mask:
        mask = np.zeros(self.events, bool)
        mask[self.rows] = True
        return mask

    @cached_property
    def nonempty(self) -> Mask:
        """Rows with some value that is not the empty text."""
        filled = np.asarray(pc.not_equal(pc.binary_length(self.values), 0))
        mask = np.zeros(self.events, bool)
        mask[self.rows[filled[self.codes]]] = True
        return mask

    def rows_of(self, chosen: npt.NDArray[np.integer]) -> Rows:
        """The rows that have one of the `chosen` distinct values (codes without repetition), ascending, once each."""
        if int(self.counts[chosen].sum()) * 16 > len(self.codes):
            mask = np.zeros(len(self.values), bool)
            mask[chosen] = True
            rows = self.rows[mask[self.codes]]
        else:
            order, starts = self._by_value
            first, counts = starts[chosen], self.counts[chosen]
            total = np.cumsum(counts)
            entries = order[np.repeat(first - (total - counts), counts) + np.arange(counts.sum())]
            entries.sort()
            rows = self.rows[entries]
        if self.repeated and len(rows):
            rows = rows[np.concatenate([[True], rows[1:] != rows[:-1]])]
        return rows

    def holds(self, test: Test, rows: Rows) -> Mask:
        """For each of `rows`, whether some value of it satisfies `test`."""
        if self.repeated:
            return self._holds_repeated(test, rows)
        codes = self.code_of[rows]
        has = codes >= 0
        if not has.all():
            result = np.zeros(len(rows), bool)
            result[has] = self._answer(test, codes[has])
            return result
        return self._answer(test, codes)

    def entries(self, rows: Rows) -> tuple[Codes, Codes]:
        """The entries of `rows`: for each the index into `rows`, and the value's code."""
        first = np.searchsorted(self.rows, rows, "left")
        counts = np.searchsorted(self.rows, rows, "right") - first
        total = np.cumsum(counts)
        entries = np.repeat(first - (total - counts), counts) + np.arange(counts.sum())
        return np.repeat(np.arange(len(rows), dtype=np.int32), counts), self.codes[entries]

    def _holds_repeated(self, test: Test, rows: Rows) -> Mask:
        index, codes = self.entries(rows)
        result = np.zeros(len(rows), bool)
        result[index[self._answer(test, codes)]] = True
        return result

    def _answer(self, test: Test, codes: Codes) -> Mask:
        states = self._states.get(test)
        if states is None:
            states = self._states[test] = np.zeros(len(self.values), np.uint8)
        known = states[codes]
        open_ = known == _UNKNOWN
        if open_.any():
            wanted = np.zeros(len(self.values), bool)
            wanted[codes[open_]] = True
            asked = np.flatnonzero(wanted)
            few = len(asked) * (_SHARE if hint(test) else 2) <= len(self.values)
            if few:
                states[asked] = np.where(self._ask_some(test, asked), _YES, _NO)
            else:
                states[:] = np.where(self._ask_all(test), _YES, _NO)
            known = states[codes]
        answer: Mask = known == _YES
        return answer

    def _ask_all(self, test: Test) -> Mask:
        literals = hint(test)
        if not literals:
            return ask(test, self.values, self.folded)
        buffer, ends = self.joined
        mask = np.zeros(len(self.values), bool)
        for literal in literals:
            mask[np.searchsorted(ends, occurrences(buffer, literal))] = True
        if not short(test):
            likely = np.flatnonzero(mask)
            mask[likely] = self._ask_some(test, likely)
        return mask

    def _ask_some(self, test: Test, chosen: npt.NDArray[np.integer]) -> Mask:
        places = pa.array(chosen)
        if isinstance(test, Text) and not test.cased:
            folded = self.folded.take(places)
            return ask(test, folded, folded)
        values = self.values.take(places)
        return ask(test, values, values)
