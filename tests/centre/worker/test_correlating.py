"""Correlations file by file find what a hunt over all files finds."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.worker.correlating import Correlations
from kulla.detect.correlate.correlator import Correlator
from kulla.detect.correlate.signals import Signal
from kulla.detect.rule import Correlation, Meta, Place

MINUTE = 60_000_000
RULE = Correlation(
    Meta("brute", "Brute", Place("a.yml")),
    "event_count",
    ("failed",),
    ("user",),
    timedelta(minutes=10),
    (("gte", 3.0),),
)


def signal(minute: int, user: str, file: int, record: int) -> Signal:
    return Signal(minute * MINUTE, (file, record), f"{file}-{record}", "failed", {"user": (user,)}, {"host": "h"})


FILES = st.lists(st.lists(st.tuples(st.integers(0, 60), st.sampled_from("ab")), max_size=6), max_size=5)


@given(FILES, st.booleans())
def test_the_last_judgement_of_each_group_is_the_hunt_s(files: list[list[tuple[int, str]]], restored: bool) -> None:
    state = Correlations.of([RULE])
    told: dict[tuple[str, int], int] = {}
    everything: list[Signal] = []
    for number, file in enumerate(files):
        signals = [signal(minute, user, number, at) for at, (minute, user) in enumerate(file)]
        everything += signals
        state.add(signals)
        for found in state.ended(number):
            told[found.key[0], found.last] = found.count
        if restored:
            state = Correlations.of([RULE], state.dump(), state.newest)
    hunt = Correlator([RULE])
    hunt.add(everything)
    wanted = {(found.key[0], found.last): found.count for found in hunt.advance()}
    assert wanted.items() <= told.items()


def test_an_old_file_is_judged_in_itself_and_then_forgotten() -> None:
    state = Correlations.of([RULE])
    state.add([signal(100_000, "a", 0, 0)])
    assert state.ended(0) == []
    state.add([signal(at, "a", 1, at) for at in range(3)])
    assert [found.count for found in state.ended(1)] == [3]
    assert sum(len(group.entries) for groups in state.correlator.groups for group in groups.values()) == 1


def test_groups_that_a_file_did_not_touch_are_not_judged_again() -> None:
    state = Correlations.of([RULE])
    state.add([signal(at, "a", 0, at) for at in range(3)])
    assert len(state.ended(0)) == 1
    state.add([signal(1, "b", 1, 0)])
    assert state.ended(1) == []


def test_a_state_of_another_version_is_begun_anew() -> None:
    state = Correlations.of([RULE], b"nonsense", 5)
    assert (state.newest, state.anew, state.ended(0)) == (None, True, [])
    assert not Correlations.of([RULE], state.dump()).anew
