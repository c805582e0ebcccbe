"""What of an attribution and of a piece is told away from the owner's site."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from payrolls import manifest

from kulla.leaks.attribute.judge import INDISTINGUISHABLE
from kulla.leaks.candidate import Attribution, Candidate, Line, Margin, Ratio
from kulla.leaks.counting import nameless
from kulla.leaks.dated import Mixture, Piece, Window
from kulla.leaks.discretion import Discretion
from kulla.leaks.intervals import from_rows
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import CERTAIN, EXACT, NO_PERSON, NOBODY, UNSURE, ColumnMatch, Matched
from kulla.leaks.plain import DETAILED, attribution_plain, iso, persons_of, piece_plain, table_found
from kulla.leaks.trace import FEWEST

OWNER = Discretion(True, bytes(32), b"x")
PAYROLL = manifest()
RIVALS = "episodes of several accounts explain it about as well"


def away(seed: int = 0) -> Discretion:
    return Discretion(False, bytes(range(32)), str(seed).encode())


def candidate(episode: str, explained: int, **changes: object) -> Candidate:
    made = Candidate(
        episode, f"account_{episode}", False, "statement", 0, 1, 1, (), "", "", "", "none", "exact", "sealed",
        explained, explained, 0, 0, (), 0.5, 5000.0, (Ratio("pasted", 4000.0), Ratio("episode few", 3.0)),
        ("57 rows of its records stood so at another time only", "some of its log lines were never sealed"),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def attribution(*candidates: Candidate, named: tuple[int, ...] = (), **changes: object) -> Attribution:
    made = Attribution(
        0, "set", named, 0.1, candidates, 812, 5000, (), Margin(True, 9.5, 200, "ff"), (), 0, 1, 0.123456, False,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_candidates_of_few_records_are_not_told_of() -> None:
    found = attribution(candidate("many", 5000), candidate("few", 40), named=(0,))
    told = attribution_plain(found, 5000, away(), "x")
    assert [each["episode"] for each in told["candidates"]] == ["many"]
    assert [ratio["alternative"] for ratio in told["candidates"][0]["ratios"]] == ["pasted"]
    assert told["named"] == [0]
    assert len(attribution_plain(found, 5000, OWNER, "x")["candidates"]) == 2


def test_no_account_is_named_where_another_named_one_may_not_be_told() -> None:
    """Of two accounts that explain it together one alone would be accused of the whole."""
    found = attribution(candidate("many", 5000), candidate("few", 40), named=(0, 1))
    told = attribution_plain(found, 5000, away(), "x")
    assert told["named"] == []
    assert told["withheld"] == ["few_named"]
    assert attribution_plain(found, 5000, OWNER, "x")["named"] == [0, 1]


def test_no_number_slips_out_in_words() -> None:
    reason = "no calibration for a piece of 57 rows"
    found = attribution(
        candidate("many", 5000), margin=Margin(False, 0.0, 0, "ff", reason),
        withheld=(f"no valid calibration: {reason}", "the log covers only 37% of the window of extraction"),
    )  # fmt: skip
    told = attribution_plain(found, 5000, away(), "x")
    assert told["margin"]["reason"] == "no_cell_here"
    assert told["withheld"] == ["no_cell_here", "not_covered"]
    assert told["candidates"][0]["against"] == ["some of its log lines were never sealed"]
    assert told["covered"] == 0.12
    assert told["considered"] is None
    assert attribution_plain(found, 5000, OWNER, "x")["margin"]["reason"] == reason


def test_the_cell_of_a_calibration_tells_no_size_where_nobody_is_named() -> None:
    told = attribution_plain(attribution(candidate("many", 5000)), 5000, away(), "x")
    assert (told["margin"]["valid"], told["margin"]["nats"], told["margin"]["runs"]) == (True, 0.0, 0)
    told = attribution_plain(attribution(candidate("many", 5000), named=(0,)), 5000, away(), "x")
    assert told["margin"]["nats"] == 9.5


def test_figures_are_told_of_the_first_candidates_and_those_named() -> None:
    count = DETAILED + 3
    found = attribution(
        *(candidate(f"c{at}", 5000) for at in range(count)), named=tuple(range(1, count)), unexplained=0.0
    )
    told = attribution_plain(found, 5000, away(), "x")
    assert [each["explained"] is not None for each in told["candidates"]] == [True] * (count - 1) + [False]
    assert {each["nats"] for each in told["candidates"]} == {100.0, None}
    # Of a tie of fifty, fifty times the same number would be told.
    told = attribution_plain(replace(found, outcome="tie"), 5000, away(), "x")
    assert [each["explained"] is not None for each in told["candidates"]] == [True] * DETAILED + [False] * 3


def test_the_outcome_stands_first_and_no_row_decides_the_order() -> None:
    """Candidates scored alike to a row: whichever is ahead by a cell, the same is told."""
    some = [candidate(f"c{at}", 5000, nats=900.0 - at) for at in range(6)]
    orders = [
        [
            each["episode"]
            for each in attribution_plain(attribution(*tried, named=(2,)), 5000, away(), "x")["candidates"]
        ]
        for tried in (some, [some[1], some[0], *some[2:]])
    ]
    assert orders[0] == orders[1]
    assert orders[0][0] == "c2"


def test_an_outcome_that_hinges_on_few_records_is_not_told() -> None:
    """An account is named that explains three fifths of a piece; a row less, and it is not."""
    for explained, outcome in ((3001, "tie"), (3600, "episode")):
        found = attribution(candidate("one", explained), named=(0,), outcome="episode")
        told = attribution_plain(found, 5000, away(), "x")
        assert (told["outcome"], bool(told["named"])) == (outcome, outcome == "episode")
    assert (
        "few_named"
        in attribution_plain(attribution(candidate("one", 3001), named=(0,), outcome="episode"), 5000, away(), "x")[
            "withheld"
        ]
    )
    tie = attribution(candidate("one", 2501), candidate("two", 4000), named=(0, 1), outcome="tie")
    told = attribution_plain(tie, 5000, away(), "x")
    assert (told["outcome"], told["named"], told["withheld"]) == ("tie", [], ["few_named"])
    with_copy = replace(tie, named=(0,), withheld=(INDISTINGUISHABLE,))
    none = attribution_plain(with_copy, 5000, away(), "x")
    assert (none["outcome"], none["named"], none["withheld"]) == ("none", [], [])
    assert attribution_plain(with_copy, 5000, OWNER, "x")["outcome"] == "tie"


def test_rivals_that_explain_less_than_half_each_stay_a_tie() -> None:
    """Nobody is named, and it is not said that no logged read explains it: together they may."""
    tie = attribution(candidate("one", 2000), candidate("two", 2100), named=(0, 1), outcome="tie", withheld=(RIVALS,))
    told = attribution_plain(tie, 5000, away(), "x")
    assert (told["outcome"], told["named"], told["withheld"]) == ("tie", [], [RIVALS, "few_named"])


def test_which_reads_a_crawl_is_made_of_is_told_of_those_named_alone() -> None:
    day = 86_400_000_000
    crawl = candidate("c", 5000, kind="crawl", first=day + 5, last=day + 9, lines=(Line("ff", 1, 2, "aa"),))
    named = attribution_plain(attribution(crawl, named=(0,), outcome="episode"), 5000, away(), "x")["candidates"][0]
    other = attribution_plain(attribution(crawl), 5000, away(), "x")["candidates"][0]
    assert len(named["lines"]) == 1
    assert named["first"] == iso(day + 5)
    assert (other["first"], other["last"], other["lines"]) == (iso(day), iso(2 * day), [])


def leaked(
    names: list[str], periods: list[str], record: list[int], verdict: int, linked: str
) -> tuple[LeakTable, Matched]:
    count = len(names)
    data = pa.table({"c0": pa.array(names, pa.string()), "c1": pa.array(periods, pa.string())})
    columns = tuple(ColumnMatch(at, name, 1.0, 0.0, 1.0, count) for at, name in enumerate(("full_name", "period")))
    exact = np.arange(count if verdict == EXACT else 0)
    return (
        LeakTable("x", ("", ""), data, np.arange(1, count + 1), np.zeros(count, np.int32)),
        Matched(
            "payroll", columns, linked, np.array(record, np.uint32), np.full(count, verdict, np.uint8),  # type: ignore[arg-type]
            np.full(count, CERTAIN if verdict == EXACT else UNSURE, np.uint8),
            from_rows(exact, np.zeros(len(exact), np.int64), np.full(len(exact), 9, np.int64), count),
            np.full(count, -1, np.int16), 1000, (0, 10),
        ),
    )  # fmt: skip


def test_one_row_of_another_period_moves_no_period_that_is_told() -> None:
    count = 10 * FEWEST
    table, matched = leaked(
        [f"n{at}" for at in range(count)], ["2024-05"] * (count - 1) + ["2020-01"], list(range(1, count + 1)), EXACT,
        "blocks",
    )  # fmt: skip
    window = Window(((0, 9),), (0, 9), 0.95, 5.0, False, 0.0, count, 0, False)
    piece = Piece(
        "payroll", 0, np.arange(count), ("full_name", "period"), "instant", window, (), ("2020-01", "2024-05")
    )
    mixture = Mixture((piece,), (1.0,))
    assert piece_plain(piece, mixture, (0, table, matched), PAYROLL, OWNER, "x")["reference"] == ["2020-01", "2024-05"]
    told = piece_plain(piece, mixture, (0, table, matched), PAYROLL, away(), "x")
    assert told["reference"] == ["2024-05", "2024-05"]
    assert told["window"]["drop"] is None


@pytest.mark.parametrize("linked", ["record", "blocks"])
def test_rows_about_one_unknown_person_count_once(linked: str) -> None:
    """A guess in a thousand rows: were they counted as a thousand who are nobody, a wrong guess would show."""
    names = [f"Person No{at}" for at in range(50)] + ["Agron KRASNIQI", "Krasniqi, Agron", "agron krasniqi"] * 300
    table, matched = leaked(names, ["2024-05"] * 950, [0] * 950, NO_PERSON, linked)
    assert nameless(table, matched, PAYROLL, matched.verdict == NO_PERSON) == 51
    assert table_found((0, table, matched), PAYROLL, away(), "x").verdicts["no_such_person"] is None
    assert table_found((0, table, matched), PAYROLL, OWNER, "x").verdicts["no_such_person"] == 950


def test_persons_that_fit_several_records_are_counted_as_persons() -> None:
    """Agron Krasniqi's rows of twelve months are one person who fits several records."""
    months = [f"2024-{month:02}" for month in range(1, 13)]
    table, matched = leaked(["Agron Krasniqi"] * 12 + ["Besa Leka"] * 12, months * 2, [0] * 24, NO_PERSON, "blocks")
    assert table_found((0, table, matched), PAYROLL, OWNER, "x").persons["ambiguous"] == 2
    assert persons_of([(table, matched), (table, matched)], PAYROLL, OWNER)["ambiguous"] == 2
    assert persons_of([(table, matched)], PAYROLL, away())["ambiguous"] is None
    assert matched.surety[0] != NOBODY
