"""Plates of decoys' vehicles."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from kulla.registers.decoys.draw import Draw
from kulla.registers.extracts.plates import Plates

START = date(2015, 1, 1)


def issued(number: int) -> str:
    return f"AA {number % 900 + 1:03} A{chr(65 + number // 900)}"


def in_order(gaps: set[int], held: frozenset[str] = frozenset()) -> Plates:
    """2,000 plates issued in order, one a day, but these; every second vehicle was imported used."""
    numbers = [number for number in range(2000) if number not in gaps]
    days = [START + timedelta(number - (3000 + number * 7 % 900) * (number % 2)) for number in numbers]
    return Plates([issued(number) for number in numbers], pa.array(days), held)


def test_a_free_number_near_the_donors_is_taken() -> None:
    gaps = set(range(5, 2000, 20))
    plates, taken = in_order(gaps), set[str]()
    for at in range(60):
        found = plates.near(Draw(b"k", at), issued(1000), taken)
        assert found
        assert found in {issued(number) for number in gaps}
        assert found not in taken
        taken.add(found)
    near = [plates.near(Draw(b"k", at), issued(400), set()) for at in range(40)]
    away = [abs(int(text[3:6]) - 401) for text in near if text and text[-1] == "A"]
    assert np.median(away) < 100


def test_when_none_is_left_none_is_given() -> None:
    assert in_order(set()).near(Draw(b"k"), issued(7), set()) == ""
    assert in_order({3}).near(Draw(b"k"), issued(7), {issued(3)}) == ""
    assert in_order({3}).near(Draw(b"k"), "without a number", set()) is None


def test_what_never_was_a_plate_is_preferred() -> None:
    gaps = set(range(5, 2000, 10))
    held = frozenset(issued(number) for number in gaps if number % 20 == 5)
    found = [in_order(gaps, held).near(Draw(b"k", at), issued(700), set()) for at in range(60)]
    assert sum(each not in held for each in found) > 45


def test_where_gaps_are_wide_the_neighbours_are_far() -> None:
    numbers = list(range(0, 900, 9))
    plates = Plates([issued(number) for number in numbers], None, frozenset())
    gaps = []
    for at in range(40):
        found = plates.near(Draw(b"k", at), issued(450), set())
        assert found
        gaps.append(min(int(found[3:6]) - 1 - number for number in numbers if number <= int(found[3:6]) - 1))
    assert np.median(gaps) >= 3, "not right beside a real one"


def test_dates_follow_the_order_of_issue() -> None:
    plates = in_order(set(range(5, 2000, 20)))
    for at in range(50):
        new, donor = issued(5 + 20 * at), issued(1500)
        fresh = plates.dated(Draw(b"k", at), new, donor, START + timedelta(1500), 70)
        assert abs((fresh - START).days - (5 + 20 * at)) <= 2, "as if issued that day"
        old = plates.dated(Draw(b"k", at), new, issued(1501), START + timedelta(1501 - 3000), -70)
        assert (fresh - old).days in range(3060, 3080)
    shuffled = Plates([issued(n * 577 % 2000) for n in range(2000)], pa.array([START] * 2000), frozenset())
    assert shuffled.dated(Draw(b"k"), issued(3), issued(9), START, 70) == START + timedelta(70)
