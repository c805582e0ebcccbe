"""What the terminal says of a trace."""

from __future__ import annotations

from typing import Any

import pytest
from leaktraces import situations, table, trace, window

from kulla.cli.leak.summary import summary


def test_numbers_come_first_and_what_is_not_told_is_named_once() -> None:
    lines = list(summary(trace(tables=(table(),))))
    (told,) = [line for line in lines if "Sheet1: from" in line]
    assert told.endswith(
        "linked by record; exact 560,004, altered 41,020, no such person 31,870, ambiguous 4,188;"
        " few, or none: invented data"
    )
    assert "not told" not in told


def test_a_file_of_strangers_and_one_of_too_few_rows_are_told_apart() -> None:
    nothing: dict[str, Any] = {"tables": (), "persons": {}, "pieces": (), "attributions": (), "assessment": None}
    assert list(summary(trace(**nothing)))[1:] == ["Not from these registers."]
    few = trace(**nothing, limits=("limit.few_to_say|rows=300",))
    assert list(summary(few))[1:] == ["Too few rows to say: fewer than 300 cannot show where they are from."]


@pytest.mark.parametrize("name", sorted(situations()))
def test_every_outcome_is_a_sentence(name: str) -> None:
    lines = list(summary(situations()[name]))
    assert lines[0].startswith("Leak ")
    assert not any("{" in line or "None" in line for line in lines)


def test_an_account_that_may_not_be_named_is_not() -> None:
    lines = "\n".join(summary(situations()["none"]))
    assert "pay_clerk" not in lines
    assert "nothing in this log explains it" in lines


def test_a_window_without_an_end_says_so() -> None:
    made = situations()["episode"]
    span = window(open_end=True)
    lines = list(summary(trace(pieces=({**made.pieces[0], "window": span},), attributions=made.attributions[:1])))
    assert any("taken not before " in line for line in lines)
    assert "  nothing in the file bounds it upwards" in lines
