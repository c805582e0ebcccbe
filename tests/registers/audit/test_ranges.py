"""Lines seen, as ranges."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.audit.lines import label
from kulla.registers.audit.ranges import joined, ranges
from kulla.registers.schema import TIME

Pair = tuple[str | None, int | None]


def table(pairs: list[Pair]) -> pa.Table:
    times = [datetime(2026, 1, 1, tzinfo=UTC)] * len(pairs)
    return pa.table({
        "session": label(pa.array([session for session, _ in pairs], pa.string())),
        "line_num": pa.array([number for _, number in pairs], pa.int64()),
        "time": pa.array(times, TIME),
    })  # fmt: skip


pairs_ = st.lists(st.tuples(st.sampled_from(("a", "b", None)), st.one_of(st.none(), st.integers(1, 9))), max_size=12)


@settings(deadline=None, max_examples=60)
@given(pairs_, st.integers(0, 12))
def test_ranges_tell_exactly_the_lines_there_are(pairs: list[Pair], cut: int) -> None:
    made = joined(pa.concat_tables([ranges(table(pairs[:cut])), ranges(table(pairs[cut:]))]))
    found = [
        (row["session"], number)
        for row in made.to_pylist()
        for number in range(row["line_num_from"], row["line_num_to"] + 1)
    ]  # fmt: skip
    assert sorted(found) == sorted({(session, number) for session, number in pairs if session and number is not None})
    assert len(made) == len({(session, number) for session, number in found if (session, number - 1) not in found})
