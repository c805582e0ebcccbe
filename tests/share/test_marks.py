from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.errors import InputError
from kulla.share.marks import ACTIONS, AUDIENCES, PAPS, TLPS, Marks, marks_in, merged, pap, tlp

names = st.lists(st.sampled_from(["AKSK", "NCSC-NL", "unit 7", "not to suppliers", " not to  suppliers "]), max_size=3)
marks = st.builds(
    lambda t, p, o, c: Marks(t, p, tuple(o), tuple(c)), st.sampled_from(TLPS), st.sampled_from(PAPS), names, names
)

# FIRST, TLP 2.0, "TLP definitions": label → the widest audience that it names.
DEFINED = {
    "RED": {"recipients"},
    "AMBER+STRICT": {"recipients", "organisation"},
    "AMBER": {"recipients", "organisation", "clients"},
    "GREEN": {"recipients", "organisation", "clients", "community"},
    "CLEAR": {"recipients", "organisation", "clients", "community", "public"},
}


@given(marks, marks, marks)
def test_merging_is_associative_commutative_and_idempotent(a: Marks, b: Marks, c: Marks) -> None:
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == a.merge(b, c)
    assert a.merge(b) == b.merge(a)
    assert a.merge(a) == a == a.merge()


@given(marks, marks)
def test_what_is_merged_is_never_laxer(a: Marks, b: Marks) -> None:
    both = a.merge(b)
    assert both.at_least_as_strict_as(a)
    assert both.at_least_as_strict_as(b)
    for audience in AUDIENCES:
        if both.may_go_to(audience).allowed:
            assert a.may_go_to(audience).allowed
            assert b.may_go_to(audience).allowed
        assert set(both.may_go_to(audience).caveats) == {*a.caveats, *b.caveats}
    for action in ACTIONS:
        assert both.may_be_used(action) == (a.may_be_used(action) and b.may_be_used(action))


@given(marks, marks)
def test_strictness_is_an_order(a: Marks, b: Marks) -> None:
    assert a.at_least_as_strict_as(b) == (a.merge(b) == a)


@given(marks)
def test_marks_survive_storage(a: Marks) -> None:
    assert Marks.of(a.plain()) == a
    assert marks_in(f"Subject: {a.label} wave") == Marks(a.tlp, a.pap)


@pytest.mark.parametrize("label", TLPS)
def test_a_label_reaches_whom_first_says(label: str) -> None:
    mark = Marks(tlp(label), originators=("NCSC-NL",))
    assert {audience for audience in AUDIENCES if mark.may_go_to(audience).allowed} == DEFINED[label]
    assert mark.may_go_to("public").ask == (() if label == "CLEAR" else ("NCSC-NL",))
    assert mark.may_go_to("recipients").need_to_know == label.startswith("AMBER")


def test_pap_limits_what_can_be_noticed() -> None:
    told = {label: [action for action in ACTIONS if Marks(pap=label).may_be_used(action)] for label in PAPS}
    assert told == {"RED": ["passive"], "AMBER": ["passive", "third party"],
                    "GREEN": ["passive", "third party", "active"], "CLEAR": list(ACTIONS)}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "label"),
    [
        *[(f"TLP:{label}", label) for label in TLPS],
        *[("tlp:amber+strict", "AMBER+STRICT"), ("TLP:AMBER-STRICT", "AMBER+STRICT"), ("amber strict", "AMBER+STRICT")],
        *[("TLP:AMBER_STRICT", "AMBER+STRICT"), ("TLP:WHITE", "CLEAR"), ("white", "CLEAR"), (' tlp:"red" ', "RED")],
        *[("TLP: GREEN", "GREEN"), ("TLP=AMBER", "AMBER")],
    ],
)
def test_the_fields_spellings_are_read(text: str, label: str) -> None:
    assert tlp(text) == label


@pytest.mark.parametrize("text", ["", "TLP:", "TLP:BLUE", "TLP:GREEN+STRICT", "AMBERSTRICT", "TLP:RED RED", "PAP:RED"])
def test_an_unknown_label_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"TLP:AMBER\+STRICT"):
        tlp(text)


def test_an_unknown_pap_is_refused() -> None:
    assert pap("pap:white") == "CLEAR"
    with pytest.raises(InputError, match="PAP:AMBER"):
        pap("PAP:AMBER+STRICT")


def test_a_line_of_labels_gives_the_strictest() -> None:
    assert marks_in("no label here") is None
    assert marks_in("tlp:green, TLP:AMBER+STRICT, PAP:green") == Marks("AMBER+STRICT", "GREEN")
    assert marks_in("PAP:RED") == Marks("AMBER", "RED")
    with pytest.raises(InputError):
        marks_in("TLP:PURPLE")
    with pytest.raises(InputError):
        marks_in("TLP:GREENISH")


def test_nothing_has_no_marks() -> None:
    assert merged([]) is None
    assert merged([Marks("GREEN"), Marks("RED", "CLEAR")]) == Marks("RED", "AMBER")
    with pytest.raises(ValueError, match="TLP is one of"):
        Marks("BLUE")  # type: ignore[arg-type]
