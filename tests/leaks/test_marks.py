"""Marks of extracts as evidence: what identification's JSON comes to, and what it does to naming."""

from __future__ import annotations

from typing import Any

import pytest

from kulla.errors import InputError
from kulla.leaks.marks import Extract, extracts

TOLD: dict[str, Any] = {
    "outcome": "one",
    "named": [{"name": "Bank", "chance": 1e-9}],
    "extracts": [
        {"seq": 3, "time": "2026-02-01T10:00:00+00:00", "recipient": "Bank", "register": "payroll", "columns": ["nid"]},
        {"seq": 4, "time": "2026-02-01T10:00:00+00:00", "recipient": "Bank", "register": "civil", "columns": []},
    ],
}


def test_each_extract_of_a_named_recipient_is_a_source_of_its_register() -> None:
    (found,) = extracts(TOLD, "payroll")
    assert found == Extract("extract 3", "Bank", 1769940000000000, ("nid",), found.nats)
    assert found.nats == pytest.approx(20.723, abs=1e-3)
    assert found.gives(("nid",))
    assert not found.gives(("nid", "salary"))
    assert extracts(TOLD, "civil")[0].gives(("anything",))
    assert extracts(TOLD, "voter") == ()


@pytest.mark.parametrize("outcome", ["mixture", "unclear", "none"])
def test_marks_that_name_nobody_are_no_evidence(outcome: str) -> None:
    assert extracts({**TOLD, "outcome": outcome}, "payroll") == ()
    assert extracts(None, "payroll") == ()


@pytest.mark.parametrize("broken", [{}, {"outcome": "one"}, {**TOLD, "named": []}, {**TOLD, "extracts": [{}]}])
def test_what_is_not_of_identify_is_refused_with_what_to_do(broken: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"register payroll: the marks are damaged .* kulla extract identify --json"):
        extracts(broken, "payroll")
