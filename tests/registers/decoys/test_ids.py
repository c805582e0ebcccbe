"""Ids of decoys."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.decoys.draw import Draw, seed
from kulla.registers.decoys.ids import known_ids, stepped, unissued
from kulla.registers.nationalid import birth_date, made, well_formed


@settings(max_examples=20, deadline=None)
@given(number=st.integers(0, 10**6), woman=st.booleans(), issued=st.integers(0, 40))
def test_an_id_is_well_formed_unissued_and_near(number: int, woman: bool, issued: int) -> None:
    born = date(1950, 1, 1) + timedelta(number % 20_000)
    random = np.random.default_rng(number)
    days = [born + timedelta(shift) for shift in range(-25, 26)]
    ids = {made(day, woman, int(serial)) for day in days for serial in random.integers(0, 1000, issued)}
    taken: set[str] = set()
    known = known_ids([ids])
    for at in range(3):
        found = unissued(Draw(b"k", number, at), known, taken, born, woman)
        assert well_formed(found)
        assert found not in ids | taken
        day = birth_date(found)
        assert day is not None
        assert abs((day - born).days) <= 20
        assert (int(found[2:4]) > 50) == woman
        taken.add(found)


def test_in_a_dense_country_gaps_are_filled_rather_than_ends() -> None:
    random = np.random.default_rng(1)
    day = date(1980, 6, 1)
    ids = [made(day + timedelta(shift), False, serial) for shift in range(-25, 26) for serial in range(40)
           if random.random() > 0.2]  # fmt: skip
    known = known_ids([ids])
    found = [unissued(Draw(b"k", at), known, set(), day, False) for at in range(100)]
    inside = sum(int(each[6:9]) < 40 for each in found)
    assert inside >= 90
    assert len({each[:6] for each in found}) > 20, "scattered over days"


def test_where_serials_follow_a_step_it_is_continued() -> None:
    random = np.random.default_rng(2)
    day = date(1980, 6, 1)
    ids = []
    for shift in range(-25, 26):
        start, step = int(random.integers(1000)), 10 * int(random.integers(1, 100)) + 3
        ids += [made(day + timedelta(shift), True, (start + at * step) % 1000) for at in range(int(random.integers(6)))]
    known = known_ids([ids])
    assert stepped(known)
    scattered = [made(day, True, int(serial)) for serial in random.integers(0, 1000, 30)]
    assert not stepped(known_ids([scattered]))
    for at in range(30):
        found = unissued(Draw(b"k", at), known, set(), day, True, by_step=True)
        serials = sorted({int(each[6:9]) for each in [*ids, found] if each[:6] == found[:6]})
        steps = {(b - a) % 1000 for a in serials for b in serials if a != b}
        assert len(serials) < 3 or any(sum((a - step) % 1000 not in serials for a in serials) == 1 for step in steps), (
            "one chain from its first to its last"
        )


def test_the_draw_is_even_and_labels_do_not_run_together() -> None:
    draw = Draw(b"k", "x")
    counts = Counter(draw.below(7) for _ in range(7000))
    assert max(counts.values()) - min(counts.values()) < 220
    assert seed(b"k", "a", "bc") != seed(b"k", "ab", "c")
    assert seed(b"k", "a") != seed(b"l", "a")
