"""How far a read's audit line can be trusted: sealed soon after it was written, sealed late, or never sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.registers.schema import LABEL, SEALS
from kulla.registers.seals.cover import Covered

WITHIN: Final = timedelta(minutes=15)
"""How soon a line must be sealed to count as sealed: whoever could change it had no longer."""

Grades = Callable[[pa.Array, pa.Array], pa.Array]


def grades(covers: Mapping[str, Sequence[Covered]], within: timedelta = WITHIN) -> Grades:
    """A function of (file_sha256, line_from) of reads that gives each read's grade: one of `schema.SEALS`.

    `covers` is by the SHA-256 of a log's content, as accesses bear it; a log that is not in it was never sealed.
    """
    spans = {sha256: _spans(found, within) for sha256, found in covers.items()}

    def grade(files: pa.Array, lines: pa.Array) -> pa.Array:
        coded = _encoded(files)
        line = lines.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        at = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        answer = np.full(len(line), SEALS.index("never"), np.int32)
        for number, sha256 in enumerate(coded.dictionary.to_pylist()):
            if sha256 in spans:
                mine = np.flatnonzero(at == number)
                answer[mine] = _of(spans[sha256], line[mine])
        return pa.DictionaryArray.from_arrays(pa.array(answer), pa.array(SEALS)).cast(LABEL)

    return grade


def _encoded(files: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    whole = files.combine_chunks() if isinstance(files, pa.ChunkedArray) else files
    return whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()


_Spans = tuple["np.ndarray", "np.ndarray", "np.ndarray"]


def _spans(found: Sequence[Covered], within: timedelta) -> _Spans:
    """First lines, last lines, and grades; of lines sealed twice the first seal counts."""
    ordered = sorted(found, key=lambda each: (each.line_from, each.sealed))
    first = np.array([each.line_from for each in ordered], np.int64)
    last = np.array([each.line_to for each in ordered], np.int64)
    soon = [each.within is not None and each.within <= within for each in ordered]
    return first, last, np.where(soon, SEALS.index("sealed"), SEALS.index("late")).astype(np.int32)


def _of(spans: _Spans, line: np.ndarray) -> np.ndarray:
    first, last, grade = spans
    if not len(first):
        return np.full(len(line), SEALS.index("never"), np.int32)
    place = np.searchsorted(first, line, "right") - 1
    inside = (place >= 0) & (line <= last[np.maximum(place, 0)])
    return np.where(inside, grade[np.maximum(place, 0)], SEALS.index("never")).astype(np.int32)
