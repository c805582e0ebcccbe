"""A column knows who has which value, once each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.detect.fast.column import Column
from kulla.detect.rule import Text, Wild
from kulla.events.fields import Values

ENTRIES = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["a", "A", "b", "", "xa"])), max_size=20).map(
    lambda entries: sorted(entries, key=lambda entry: entry[0])
)


@settings(max_examples=150, deadline=None)
@given(ENTRIES, st.sampled_from([pa.string(), pa.large_string()]), st.sets(st.sampled_from(["a", "A", "b", "", "xa"])))
def test_rows(entries: list[tuple[int, str]], kind: pa.DataType, chosen: set[str]) -> None:
    rows = np.array([row for row, _ in entries], np.int32)
    column = Column.of(Values(rows, pa.array([text for _, text in entries], kind)), 7)
    codes = np.array([code for code, text in enumerate(column.values.to_pylist()) if text in chosen], np.int64)
    assert column.rows_of(codes).tolist() == sorted({row for row, text in entries if text in chosen})
    every = np.arange(7, dtype=np.int32)
    assert np.flatnonzero(column.nonempty).tolist() == sorted({row for row, text in entries if text})
    assert np.flatnonzero(column.present).tolist() == sorted({row for row, _ in entries})
    for asked in (every, every[::2]):
        held = column.holds(Text((Wild.MANY, "a")), asked)
        assert asked[held].tolist() == sorted(
            {row for row, text in entries if text[-1:] in ("a", "A")} & set(asked.tolist())
        )
