from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.law.severity import ANSWERS, CRITERIA, FACTORS, IMPACTS, Input, of, severity

inputs = st.lists(
    st.one_of(
        *(st.builds(Input, st.just(name), st.sampled_from(ANSWERS), st.just("A"), st.just("why")) for name in CRITERIA),
        *(
            st.builds(Input, st.just(name), st.sampled_from(sorted(choices)), st.just("A"), st.just("why"))
            for name, choices in FACTORS.items()
        ),
    )
)


@given(inputs)
def test_significance_is_one_criterion_and_impact_the_highest_factor(given_: list[Input]) -> None:
    told = severity(given_)
    last = {each.name: each.value for each in given_}
    met = [name for name in CRITERIA if last.get(name, "no") != "no"]
    assert list(told.criteria) == met
    answered = all(name in last for name in CRITERIA)
    assert told.significant == ("yes" if met else "no" if answered else "open")
    levels = [IMPACTS.index(FACTORS[name][value]) for name, value in last.items() if name in FACTORS]
    assert told.impact == (IMPACTS[max(levels)] if levels else None)
    assert set(told.open) == {*CRITERIA, *FACTORS} - set(last)
    assert of(told.plain()) == told


@given(inputs, inputs)
def test_more_answers_never_make_it_less_significant(some: list[Input], more: list[Input]) -> None:
    known = {each.name for each in some}
    told = severity([*some, *(each for each in more if each.name not in known)])
    assert severity(some).significant != "yes" or told.significant == "yes"
    if severity(some).impact:
        assert IMPACTS.index(told.impact or "none") >= IMPACTS.index(severity(some).impact or "none")


def test_one_answer_no_is_not_a_no() -> None:
    assert severity([Input("disruption", "no", "A", "why")]).significant == "open"
    assert severity([Input(name, "no", "A", "why") for name in CRITERIA]).significant == "no"
    assert severity([Input("others_affected", "capable", "A", "why")]).significant == "yes"


@pytest.mark.parametrize(
    "broken", [{"name": "mood"}, {"value": "perhaps"}, {"author": " "}, {"reason": ""}, {"name": "data", "value": "no"}]
)
def test_an_answer_is_whole_or_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=":"):
        of({"inputs": [{"name": "data", "value": "none"}]})
    with pytest.raises(ValueError, match=":"):
        Input(**{"name": "disruption", "value": "caused", "author": "A", "reason": "why", **broken})
