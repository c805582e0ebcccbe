from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.report.ratios import figured, strength, worded
from kulla.leaks.report.words import Words

SAY = Words("en")


def test_the_scale_is_that_of_the_guideline() -> None:
    bounds = [(1.9, 0), (2.1, 1), (9.9, 1), (10.1, 2), (99, 2), (101, 3), (999, 3), (1001, 4), (9999, 4), (10_001, 5),
              (999_999, 5), (1_000_001, 6)]  # fmt: skip
    from math import log10

    assert [strength(log10(ratio)) for ratio, _ in bounds] == [at for _, at in bounds]
    assert worded(SAY, 4.6) == "very strong support"
    assert worded(SAY, -4.6) == "very strong support for the alternative"
    assert worded(SAY, -0.1) == worded(SAY, 0.1) == "supports neither over the other"


def test_figures_claim_two_digits_and_no_more_than_a_million() -> None:
    told = [figured(SAY, value).replace("\u202f", "") for value in (0.1, 0.699, 1.234, 4.6, 5.9999, 6.0, 7992.0, -2.0)]
    assert told == ["1.3", "5.0", "17", "40000", "1000000", "over a million", "over a million", "1 / 100"]


@given(st.floats(-400, 400))
def test_a_ratio_and_its_inverse_are_told_alike(log10: float) -> None:
    assert strength(log10) == strength(-log10)
    assert figured(SAY, abs(log10)) in figured(SAY, -abs(log10))
