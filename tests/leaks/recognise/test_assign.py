"""One-to-one assignment: best first, doubt leaves a column out, constant columns need company."""

from __future__ import annotations

import numpy as np

from kulla.leaks.recognise.assign import Tried, assigned, permutations_for

ROWS = 1000


def tried(place: int, name: str, hits: int, chance: int, reading: str = "", first: int = 0) -> Tried:
    """hits: rows from `first` on that agree; chance: rows of as many that do when permuted."""
    agree = np.zeros(ROWS, bool)
    agree[first : first + hits] = True
    return Tried((place,), reading, name, agree, ROWS, chance, ROWS)


def taken(*each: Tried) -> dict[tuple[int, ...], str]:
    return {mapped.columns: mapped.match.register_column for mapped in assigned(list(each), 100)}


def test_each_column_once_and_the_best_first() -> None:
    found = assigned(
        [tried(0, "a", 900, 10), tried(0, "b", 600, 10), tried(1, "a", 700, 10), tried(1, "b", 550, 10)], 9
    )
    assert [(m.columns, m.match.register_column) for m in found] == [((0,), "a"), ((1,), "b")]
    assert found[0].match.margin == 0.9 - 0.6


def test_what_chance_gives_is_not_taken() -> None:
    assert taken(tried(0, "a", 600, 590)) == {}
    assert taken(tried(0, "a", 400, 0)) == {}


def test_two_register_columns_that_fit_alike_leave_the_leaked_one_out() -> None:
    assert taken(tried(0, "a", 900, 10), tried(0, "b", 900, 10)) == {}
    assert taken(tried(0, "a", 900, 10), tried(0, "b", 893, 10)) == {}
    assert taken(tried(0, "a", 900, 10), tried(0, "b", 850, 10)) == {(0,): "a"}
    assert taken(tried(0, "a", 900, 10), tried(0, "b", 890, 10), tried(1, "b", 950, 9)) == {(0,): "a", (1,): "b"}


def test_a_column_of_one_value_is_taken_only_beside_clear_ones() -> None:
    month = tried(1, "period", 1000, 1000)
    assert taken(month) == {}
    assert taken(month, tried(0, "a", 900, 10)) == {(0,): "a", (1,): "period"}
    assert taken(tried(1, "period", 700, 700), tried(0, "a", 900, 10)) == {(0,): "a"}
    clear = {m.match.register_column: m.clear for m in assigned([month, tried(0, "a", 900, 10)], 10)}
    assert clear == {"a": True, "period": False}


def test_another_reading_must_agree_better() -> None:
    plain, swapped = tried(0, "a", 600, 10), tried(0, "a", 610, 10, "month first")
    assert [m.reading for m in assigned([plain, swapped], 10)] == [""]
    assert [m.reading for m in assigned([plain, tried(0, "a", 900, 10, "month first")], 10)] == ["month first"]


def test_few_rows_are_permuted_more_often() -> None:
    assert [permutations_for(rows) for rows in (0, 10, 600, 3000)] == [30, 30, 10, 2]
