from __future__ import annotations

import pytest
import sqlglot

from kulla.exercise.acts import AGGREGATE, LIST, PAGE, SCAN
from kulla.exercise.templates import COLUMNS, form
from kulla.exercise.tools import FORMS


@pytest.mark.parametrize("register", COLUMNS)
def test_every_statement_parses_and_names_columns_of_the_register(register: str) -> None:
    seen = set()
    for shape, many in FORMS.items():
        if shape == LIST and register != "payroll":
            continue
        for number in range(many):
            for whole in (False, True):
                made = form(register, shape, number, whole)
                tree = sqlglot.parse_one(made.text, read="postgres")
                named = {column.name for column in tree.find_all(sqlglot.exp.Column)}
                assert named <= set(COLUMNS[register])
                assert set(made.columns) <= named or shape == AGGREGATE
                assert len(made.template_id) == 16
                assert ":" not in made.template
                seen.add(made.template_id)
    assert len(seen) > 15


def test_a_whole_statement_has_no_municipality() -> None:
    for shape in (PAGE, SCAN):
        assert "municipality = " not in form("payroll", shape, 0, True).text
        assert "municipality = :municipality" in form("payroll", shape, 0).text
