"""What may be told away from the owner's site."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.discretion import EDGE, NOISE, ROW, STAKE, Discretion
from kulla.leaks.trace import FEWEST

KEY = bytes(range(32))
FILES = 20_000


def away(seed: bytes) -> Discretion:
    return Discretion(False, KEY, seed)


def answers(records: int) -> Counter[int | None]:
    """What is told of a count over many files."""
    return Counter(away(f"{records} {n}".encode()).count(records, "exact") for n in range(FILES))


def test_few_records_are_never_told() -> None:
    told = away(b"x")
    assert {told.count(records, "exact") for records in range(FEWEST)} == {None}
    assert told.share(0.5, FEWEST - 1, "hits") is None
    assert not told.enough(FEWEST - 1, "piece")


@given(st.integers(10 * FEWEST, 10**6), st.binary(max_size=8))
def test_large_counts_are_whole_hundreds_near_the_truth(records: int, seed: bytes) -> None:
    told = away(seed).count(records, "exact")
    assert told is not None
    assert told % FEWEST == 0
    assert abs(told - records) < 45 * NOISE  # 2**-64 is the rarest draw


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_owner_is_told_everything(records: int, share: float) -> None:
    owner = Discretion(True, KEY, b"x")
    assert owner.count(records, "exact") == records
    assert owner.share(share, records, "hits") == share
    assert owner.size(share, "ratio") == share


def test_no_answer_tells_one_record_from_another() -> None:
    """Whatever known rows are put around a guess: no answer is much likelier with the guess right than with it wrong.

    Rounding by lot alone told 300 of 201 records, never of 200; a bare threshold told of 100 records, never of 99.
    """
    for records in (99, 100, 149, 199, 200, 249, 1000):
        wrong, right = answers(records), answers(records + 1)
        for told in wrong | right:
            if told is None and records == FEWEST - 1:
                continue
            one, other = wrong[told] / FILES, right[told] / FILES
            error = 4 * math.sqrt((one + other + 2 / FILES) / FILES)
            assert abs(one - other) <= max(one, other) * (math.expm1(1 / NOISE + 1 / EDGE)) + 0.012 + error, (
                records,
                told,
            )
    # At the edge of what may be told at all a hundredth of the files tells that it is reached, no more.
    assert 0.001 < 1 - answers(FEWEST)[None] / FILES < 0.02


def test_a_size_is_told_only_far_beyond_what_is_said_and_no_row_decides_it() -> None:
    sizes = [away(str(n).encode()).size(value, "ratio") for n in range(500) for value in (5.0, 99.0, -99.0, 250.0)]
    assert set(sizes) <= {0.0, 100.0}
    assert sizes.count(100.0) < 0.2 * 500
    assert {away(str(n).encode()).size(-5000.0, "ratio") for n in range(50)} == {-100.0}
    for low in (95.0, 300.0, 500.0):
        shares = [
            sum(away(f"{value} {n}".encode()).size(value, "ratio") > 0 for n in range(FILES // 4)) / (FILES // 4)
            for value in (low, low + 10)
        ]
        assert shares[1] - shares[0] < 0.1


def test_the_noise_depends_on_the_whole_file_the_key_and_the_statement() -> None:
    assert len({away(bytes([n])).count(1500, "exact") for n in range(50)}) > 2
    assert len({Discretion(False, bytes([n]) * 32, b"x").count(1500, "exact") for n in range(50)}) > 2
    assert len({away(b"x").count(1500, str(n)) for n in range(50)}) > 2
    assert away(b"x").count(1500, "exact") == away(b"x").count(1500, "exact")


def test_what_must_be_clear_is_so_by_a_hundred_rows_and_no_row_decides() -> None:
    clear = [
        sum(away(f"{rows} {n}".encode()).clear(rows, "column") for n in range(FILES // 4)) / (FILES // 4)
        for rows in (0, 100, 101, 250)
    ]
    assert clear[0] < 0.02
    assert abs(clear[1] - clear[2]) < 0.04
    assert clear[3] > 0.99
    assert Discretion(True, KEY, b"x").clear(-5, "column")


def test_a_stake_is_what_some_rows_weigh_with_noise_and_nothing_at_the_owner() -> None:
    stakes = [away(str(n).encode()).stake("name") for n in range(2000)]
    assert min(stakes) >= 0
    assert abs(sum(stakes) / len(stakes) - ROW * STAKE) < 3
    assert len(set(stakes)) > 1900
    assert Discretion(True, KEY, b"x").stake("name") == 0


def test_many_draws_are_laplace_and_a_statements_own() -> None:
    draws = away(b"x").blurs("window", 40_000)
    assert abs(float(draws.mean())) < 0.03
    assert abs(float(abs(draws).mean()) - 1) < 0.03
    assert (draws[:50] == away(b"x").blurs("window", 50)).all()
    assert not (draws[:50] == away(b"x").blurs("other", 50)).any()
    assert not (draws[:50] == away(b"y").blurs("window", 50)).any()
