from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaktraces import column, register, table, trace

from kulla.leaks.assess import CONTEXT, PROPOSED, Assessment, Leaked, Override, assess, facts_of, level
from kulla.leaks.report.blocks import Code
from kulla.leaks.report.words import LANGUAGES, Words
from kulla.registers.manifest import MEANINGS

PAYROLL = ("national_id", "given_name", "family_name", "employer", "money")
VOTERS = ("name", "phone", "special:politics")


def values(made: Assessment) -> dict[str, float]:
    return {factor.name: factor.value for factor in made.factors}


def test_a_payroll_sold_for_money_is_4() -> None:
    made = assess(Leaked(PAYROLL, 637_000, malicious=True))
    assert values(made) == {"dpc": 3, "ei": 1, "confidentiality": 0.5, "integrity": 0, "availability": 0, "malice": 0.5}
    assert (made.score, made.level, made.flags) == (4.0, "very_high", ("many",))


@pytest.mark.parametrize("meanings", [VOTERS, ("phone", "special:politics")])
def test_voters_preferences_with_telephone_numbers_are_5(meanings: tuple[str, ...]) -> None:
    made = assess(Leaked(meanings, 910_000, malicious=True))
    assert (made.score, made.level) == (5.0, "very_high")


def test_number_plates_are_2_or_3_and_say_so() -> None:
    made = assess(Leaked(("plate", "name", "national_id"), 500_000, malicious=True))
    assert (made.score, made.level) == (2.0, "medium")
    assert "as.dpc.plate" in made.factors[0].reasons
    wealth = Override("dpc", 2.0, "e. dushku", "luxury cars are told apart")
    assert assess(Leaked(("plate", "name", "national_id"), 500_000, malicious=True), [wealth]).score == 3.0


@pytest.mark.parametrize(("meanings", "ei"), [
    (("national_id",), 1.0), (("phone",), 1.0), (("name", "employer"), 1.0),
    (("given_name", "family_name", "plate"), 1.0),
    (("name",), 0.75), (("given_name", "family_name"), 0.75), (("plate",), 0.75), (("birth_date", "address"), 0.75),
    (("family_name",), 0.5), (("employer", "money"), 0.5), (("money", "period"), 0.25), ((), 0.25),
])  # fmt: skip
def test_ease_of_identification_follows_the_columns(meanings: tuple[str, ...], ei: float) -> None:
    assert values(assess(Leaked(meanings, 1_000)))["ei"] == ei


@pytest.mark.parametrize(("score", "expected"), [
    (0.25, "low"), (1.99, "low"), (2.0, "medium"), (2.99, "medium"), (3.0, "high"), (3.99, "high"), (4.0, "very_high"),
    (6.0, "very_high"),
])  # fmt: skip
def test_levels_are_those_of_the_method(score: float, expected: str) -> None:
    assert level(score) == expected


def test_context_moves_the_data_but_not_beyond_its_bounds() -> None:
    assert values(assess(Leaked(("money", "name"), 500, context=(("old", -1),))))["dpc"] == 2
    assert values(assess(Leaked(("money", "name"), 500, context=(("vulnerable", 3),))))["dpc"] == 4
    assert values(assess(Leaked(("name",), 500, context=(("public", -2),))))["dpc"] == 1
    for context in ((("nonsense", 1),), (("old", 1),), (("volume", -1),), (("volume", 0),)):
        with pytest.raises(ValueError, match="context"):
            assess(Leaked(("money",), 500, context=context))


def test_what_a_person_sets_stands_with_name_and_reason() -> None:
    made = assess(Leaked(PAYROLL, 500), [Override("malice", 0.5, "e. dushku", "offered for sale | 2025=11")])
    factor = next(each for each in made.factors if each.name == "malice")
    assert (factor.value, factor.author) == (0.5, "e. dushku")
    assert "offered for sale / 2025=11" in factor.reasons[0]
    assert {each.author for each in made.factors if each.name != "malice"} == {PROPOSED}
    for bad in (Override("ei", 0.6, "x", "y"), Override("malice", 1, "x", "y"), Override("ei", 1, " ", "y"),
                Override("ei", 1, "x", ""), Override("dpc", 4.5, "x", "y")):  # fmt: skip
        with pytest.raises(ValueError, match=bad.name):
            assess(Leaked(PAYROLL, 500), [bad])


def test_flags_count_certain_persons() -> None:
    assert assess(Leaked(PAYROLL, 101)).flags == ("many",)
    assert assess(Leaked(PAYROLL, 100)).flags == ()
    assert assess(Leaked(PAYROLL, None, None)).flags == ("unlinked",)
    assert assess(Leaked(PAYROLL, 0, 5_000, unintelligible=True)).flags == ("unlinked", "unintelligible")


def test_a_trace_tells_the_facts() -> None:
    made = facts_of(trace())
    assert made == Leaked(("national_id", "given_name", "family_name", "employer", "money", "period"), 598_112, 2_904)
    party = {**column(0, "party", "special"), "category": "politics"}
    both = trace(tables=(table(columns=(party,)),), registers=(register(electoral=True),))
    assert facts_of(both).meanings == ("special:politics",)
    assert facts_of(replace(trace(), persons={"a": {"certain": None}, "b": {"certain": 500}})).certain == 500
    assert facts_of(replace(trace(), persons={"a": {"certain": None}})).certain is None
    assert facts_of(trace(), malicious=True).malicious


@given(
    st.lists(st.sampled_from([*(m for m in MEANINGS if m != "special"), "special:health", "special:"]), unique=True),
    st.sampled_from(["none", "known", "unknown"]), st.booleans(), st.sampled_from(["untouched", "recoverable", "lost"]),
    st.sampled_from(["up", "down", "gone"]), st.lists(st.sampled_from(CONTEXT), unique=True),
)  # fmt: skip
def test_every_assessment_adds_up_and_is_explained(
    meanings: list[str], recipients: str, malicious: bool, changed: str, access: str, context: list[str]
) -> None:
    moved = tuple((name, 1.0 if CONTEXT.index(name) < 3 else -1.0) for name in context)
    leaked = Leaked(tuple(meanings), 500, 0, recipients, malicious, changed, access, moved)  # type: ignore[arg-type]
    made = assess(leaked)
    told = values(made)
    rest = sum(told[name] for name in ("confidentiality", "integrity", "availability", "malice"))
    assert made.score == pytest.approx(told["dpc"] * told["ei"] + rest)
    assert 1 <= told["dpc"] <= 4
    assert made.level == level(made.score)
    for language in LANGUAGES:
        say = Words(language)
        for factor in made.factors:
            assert factor.reasons
            assert not any(isinstance(say.said(reason), Code) for reason in factor.reasons)
