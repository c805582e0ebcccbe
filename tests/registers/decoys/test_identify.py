"""The code, and who is named for which marks. The large trials stand in bench/extracts.py."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.decoys import code, collusion, draw
from kulla.registers.decoys.identify import BOUND, Bits, Issued, Verdict, identify, tail

KEY = b"k" * 32


@pytest.fixture(scope="module")
def many() -> Issued:
    """1,000 recipients with 128 slots."""
    numbers = draw.words(KEY, 1000, "numbers")
    held = code.coded(numbers, code.generator(KEY, "payroll"))
    names = tuple(f"r{i}" for i in range(1000))
    return Issued(names, held, np.ones_like(held), np.full(128, 0.5))


def copies(issued: Issued, *who: int) -> tuple[Bits, Bits]:
    held, used = issued.held[list(who)], issued.used[list(who)]
    return np.asarray((used & ~held).any(axis=0)), np.asarray((used & held).any(axis=0))


def lost(marks: tuple[Bits, Bits], share: float, random: np.random.Generator) -> tuple[Bits, Bits]:
    a, b = marks
    return a & (random.random(len(a)) >= share), b & (random.random(len(b)) >= share)


def named(verdict: Verdict) -> set[str]:
    return {score.name for score in verdict.named}


def test_a_word_is_the_number_and_its_checks() -> None:
    plain = code.Plain(KEY, "p")
    word = plain.word(0b1011, 128)
    assert word[:4].tolist() == [True, True, False, True]
    assert not word[4:64].any()
    parity = plain.word(0b1, 128) ^ plain.word(0b10, 128) ^ plain.word(0b1000, 128)
    assert (word == parity).all(), "the code is linear"
    assert (code.Plain(KEY, "q").word(0b1011, 128) != word).any(), "each pool has its own"


def test_issued_numbers_are_far_apart() -> None:
    issued: list[int] = []
    for i in range(150):
        issued.append(code.issue(KEY, f"office {i}", issued, "p"))
    held = code.coded(np.array(issued, np.uint64), code.generator(KEY, "p"))
    for slots, least in code.DISTANCES:
        assert min(int((x[:slots] ^ y[:slots]).sum()) for x, y in combinations(held, 2)) >= least
    assert code.issue(KEY, "office 0", [], "p") == issued[0]


def test_one_recipient_is_found_after_loss(many: Issued) -> None:
    random = np.random.default_rng(1)
    for who in range(60):
        verdict = identify(many, *lost(copies(many, who), 0.5, random))
        assert named(verdict) == {f"r{who}"}
        assert verdict.chance <= BOUND
        assert verdict.margin > 5
        assert verdict.second is not None


def test_two_merged_copies_name_both_or_nobody(many: Issued) -> None:
    random = np.random.default_rng(2)
    both = 0
    for trial in range(80):
        pair = {int(i) for i in random.choice(1000, 2, replace=False)}
        marks = lost(copies(many, *pair), [0.0, 0.2, 0.4, 0.5, 0.9][trial % 5], random)
        verdict = identify(many, *marks)
        assert named(verdict) in ({f"r{i}" for i in pair}, set())
        both += len(verdict.named) == 2
    assert both >= 60


@pytest.mark.parametrize("strategy", ["pieces", "agreeing only"])
def test_two_that_paste_or_compare_are_both_named_or_nobody(many: Issued, strategy: str) -> None:
    random = np.random.default_rng(3)
    found = 0
    for _ in range(40):
        x, y = (int(i) for i in random.choice(1000, 2, replace=False))
        first, second = copies(many, x), copies(many, y)
        if strategy == "pieces":
            side = random.random(128) < 0.5
            marks = np.where(side, first[0], second[0]), np.where(side, first[1], second[1])
        else:
            marks = first[0] & second[0], first[1] & second[1]
        verdict = identify(many, *marks)
        assert named(verdict) in ({f"r{x}", f"r{y}"}, set())
        found += len(verdict.named) == 2
    assert found >= 35


def test_nobody_is_named_for_marks_of_an_unknown_copy_or_of_three(many: Issued) -> None:
    random = np.random.default_rng(4)
    for trial in range(30):
        held = random.random(128) < 0.5
        assert not identify(many, ~held, held).named
        three = copies(many, trial, trial + 100, trial + 200)
        assert not identify(many, *three).named


def test_a_piece_of_a_second_copy_forbids_naming_the_first(many: Issued) -> None:
    a, b = copies(many, 5)
    other_a, other_b = copies(many, 6)
    strange = np.flatnonzero((other_a & ~a) | (other_b & ~b))[:6]
    a, b = a.copy(), b.copy()
    a[strange] |= other_a[strange]
    b[strange] |= other_b[strange]
    verdict = identify(many, a, b)
    assert verdict.outcome == "mixture"
    assert verdict.both == 6


def test_few_marks_name_nobody(many: Issued) -> None:
    a, b = copies(many, 7)
    few = np.arange(128) < 15
    verdict = identify(many, a & few, b & few)
    assert verdict.outcome == "unclear"
    assert verdict.slots == 15
    nothing = np.zeros(128, bool)
    assert identify(many, nothing, nothing).outcome == "none"


def test_slots_that_a_copy_lacks_do_not_speak_for_it(many: Issued) -> None:
    used = many.used.copy()
    used[8, 64:] = False
    fewer = Issued(many.names, many.held, used, many.bias)
    a, b = copies(many, 8)
    assert not identify(fewer, a, b).named, "its copy has no slot beyond 64, so somebody else's is here"
    a, b = copies(fewer, 8)
    assert named(identify(fewer, a, b)) == {"r8"}


def slow(issued: Issued, seen_a: Bits, seen_b: Bits) -> set[frozenset[str]]:
    """Every set of one or two recipients that explains all decoys seen, by looking at each."""
    found: set[frozenset[str]] = set()
    marks: set[tuple[int, int]] = {(s, 0) for s in np.flatnonzero(seen_a).tolist()}
    marks |= {(s, 1) for s in np.flatnonzero(seen_b).tolist()}
    has: list[set[tuple[int, int]]] = [{(s, int(h)) for s, h in enumerate(row)} for row in issued.held]
    for size in (1, 2):
        for who in combinations(range(len(has)), size):
            if len(marks - set().union(*(has[i] for i in who))) <= (len(marks) // 32 if size == 1 else 0):
                found.add(frozenset(issued.names[i] for i in who))
    return found


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), who=st.lists(st.integers(0, 19), min_size=1, max_size=3, unique=True),
       loss=st.sampled_from([0.0, 0.2, 0.6]))  # fmt: skip
def test_who_is_named_explains_the_file_as_the_slow_search_says(seed: int, who: list[int], loss: float) -> None:
    random = np.random.default_rng(seed)
    held = random.random((20, 96)) < 0.5
    issued = Issued(tuple(f"r{i}" for i in range(20)), held, np.ones_like(held), np.full(96, 0.5))
    marks = lost(copies(issued, *who), loss, random)
    verdict, explaining = identify(issued, *marks), slow(issued, *marks)
    if verdict.named:
        assert frozenset(named(verdict)) in explaining
    elif len(who) <= 2 and loss < 0.5:
        assert frozenset(f"r{i}" for i in who) not in explaining


@given(throws=st.integers(0, 60), wins=st.integers(0, 60))
def test_tail_is_the_sum_of_the_distribution(throws: int, wins: int) -> None:
    plain = sum(comb(throws, k) * 0.5**throws for k in range(wins, throws + 1))
    assert tail(throws, wins) == pytest.approx(plain, abs=1e-12)


def test_the_bound_of_tardos_scores_holds() -> None:
    tier = collusion.Tardos(KEY, "p", 2)
    bias = tier.bias(200)
    random = np.random.default_rng(5)
    seen = random.random(200) < 0.5
    strangers = random.random((20_000, 200)) < bias
    scored = collusion.scores(strangers, seen, bias)
    for quantile in (0.9, 0.99, 0.999):
        at = float(np.quantile(scored, quantile))
        bound = float(np.exp(collusion.log_tail(at, seen, bias)))
        assert 1 - quantile <= bound < 40 * (1 - quantile)


def test_three_colluders_are_found_in_the_collusion_tier() -> None:
    tier = collusion.Tardos(KEY, "p", 3)
    held = np.array([tier.word(number, 1024) for number in range(200)])
    issued = Issued(tuple(f"r{i}" for i in range(200)), held, np.ones_like(held), tier.bias(1024))
    random = np.random.default_rng(6)
    verdict = identify(issued, *lost(copies(issued, 1, 2, 3), 0.2, random))
    assert named(verdict) in ({"r1", "r2", "r3"}, set())
    verdict = identify(issued, *lost(copies(issued, 9), 0.2, random))
    assert named(verdict) == {"r9"}
