"""Pages cut together are those that are cut one by one, from every moment of their time."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import POOL, Version, history

from kulla.registers.replay import pages
from kulla.registers.replay.answers import Answering
from kulla.registers.replay.lists import Slices, in_order, quiet
from kulla.registers.replay.shape import Order

MINUTE = 60_000_000


@st.composite
def versions(draw: st.DrawFn) -> list[Version]:
    """Records with one to three versions each, which follow one another, overlap or leave gaps."""
    found = []
    for record in range(1, draw(st.integers(2, 7))):
        start = -100.0
        for _ in range(draw(st.integers(1, 3))):
            end = draw(st.one_of(st.none(), st.integers(-3, 3).map(float)))
            values = {"nid": POOL["nid"][record - 1], "grade": draw(st.sampled_from(POOL["grade"]))}
            if end is None or end > start:
                found.append(Version(record, values, start, end))
            start = draw(st.sampled_from([end if end is not None else 0.0, -1.0]))
    return found


orders = st.lists(st.sampled_from(("nid", "grade")), min_size=1, max_size=2, unique=True)


@settings(max_examples=120, deadline=None)
@given(
    versions(), orders, st.booleans(), st.lists(st.tuples(*[st.integers(0, 5)] * 4), min_size=1, max_size=5),
    st.integers(-4, 4), st.integers(0, 2),
)  # fmt: skip
def test_together_is_one_by_one(
    found: list[Version], columns: list[str], down: bool, asked: list[tuple[int, ...]], time: int, width: int
) -> None:
    register = history([*found, Version(9, {"nid": "zz", "grade": 1}, -100.0)])
    answering = Answering(register)
    state = answering.state((), (), 0)
    listed = in_order(register, state, tuple(Order(0, column, down, down) for column in columns))
    count = len(listed.records)
    middle = int(register.begins) + round((100.0 + time) * MINUTE)
    begin, skip, take = (np.array([each[n] for each in asked], np.int64) for n in range(3))
    begin = np.minimum(begin, count)
    end = np.minimum(begin + np.array([each[3] for each in asked], np.int64) * 3, count)
    start = np.full(len(asked), middle - width * MINUTE, np.int64)
    slices = Slices(begin, end, skip, take, start, np.full(len(asked), middle, np.int64))
    told, certain, first, last = quiet(listed, slices)
    for n in range(len(asked)):
        one = pages._one(
            state, listed, pages._Asked(*(int(each[n]) for each in pages._columns(slices)))
        )  # fmt: skip
        if told[n]:
            assert (one is not None) == certain[n]
        if certain[n]:
            assert one == listed.page(int(first[n]), int(last[n]))


def test_versions_that_follow_one_another_at_one_place_are_one_row() -> None:
    some = {"nid": "a", "grade": 1}
    register = history([
        Version(1, some, -100.0, 1), Version(1, {**some, "pay": Decimal("9.00")}, 1, 2), Version(1, some, 3),
        Version(2, {**some, "nid": "b"}, -100.0),
    ])  # fmt: skip
    state = Answering(register).state((), (), 0)
    listed = in_order(register, state, (Order(0, "nid", False, False),))
    assert listed.records.tolist() == [1, 1, 2]
    assert listed.start.tolist()[1] - listed.end.tolist()[0] == MINUTE
    assert not listed.tied[[0, 2, 3]].any()
    assert listed.tied[1]


def test_versions_whose_time_is_only_bounded_stay_apart() -> None:
    register = history([Version(1, {"nid": "a"}, -100.0, 1), Version(1, {"nid": "a"}, 1)])
    register.dated[0] = False
    listed = in_order(register, Answering(register).state((), (), 0), (Order(0, "nid", False, False),))
    assert listed.records.tolist() == [1, 1]
