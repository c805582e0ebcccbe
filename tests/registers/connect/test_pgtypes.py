from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.connect.pgtypes import arrow_type, common_type, from_csv, to_csv, typed
from kulla.registers.schema import TIME

TEXTS, NUMBERS = st.one_of(st.none(), st.text(max_size=5)), st.one_of(st.none(), st.integers(-5, 5))
TYPES = ["numeric(12,2)", "numeric(20,6)", "numeric(38,0)", "smallint", "integer", "bigint", "text", "date", "real"]


@settings(deadline=None)
@given(st.sampled_from(TYPES), st.sampled_from(TYPES))
def test_a_common_type_holds_both(one: str, other: str) -> None:
    both = common_type(one, other)
    assert common_type(other, one) == both
    assert common_type(both, one) == both
    for each in (one, other):
        pa.nulls(1, arrow_type(each)).cast(arrow_type(both))


def test_values_of_jsonb_become_typed_and_far_days_are_bounded() -> None:
    days = typed(pa.array(["2026-05-01", "infinity", "-infinity", "0044-03-15 BC", "12026-01-01", None]), pa.date32())
    far = dt.date(9999, 12, 31)
    assert days.to_pylist() == [dt.date(2026, 5, 1), far, dt.date(1, 1, 1), dt.date(1, 1, 1), far, None]
    times = typed(pa.array(["2026-05-01T10:00:00.5+02:00", "infinity"]), TIME)
    assert times.to_pylist()[0] == dt.datetime(2026, 5, 1, 8, 0, 0, 500000, tzinfo=dt.UTC)
    assert typed(pa.array(["12.3", "NaN", None]), pa.decimal128(12, 2)).to_pylist() == [Decimal("12.30"), None, None]
    assert typed(pa.array(["true", None]), pa.bool_()).to_pylist() == [True, None]
    with pytest.raises(pa.ArrowInvalid):
        typed(pa.array(["word"]), pa.int32())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(TEXTS, NUMBERS), min_size=1))
def test_csv_there_and_back(rows: list[tuple[str | None, int | None]]) -> None:
    clean = [(None if text is None else text.replace("\0", ""), number) for text, number in rows]
    schema = pa.schema([("text", pa.string()), ("number", pa.int32())])
    batch = pa.record_batch([[t for t, _ in clean], [n for _, n in clean]], schema=schema)
    written = to_csv(batch)
    alone = pa.Table.from_batches(
        list(from_csv([to_csv(batch.select(["number"]))], pa.schema([schema.field("number")])))
    )
    assert alone.column("number").to_pylist() == [number for _, number in clean]
    chunks = [written[place : place + 7] for place in range(0, len(written), 7)]
    back = pa.Table.from_batches(list(from_csv(chunks, schema)), schema)
    assert back.to_pylist() == batch.to_pylist()
