"""JSON of every shape, and what is wrong with some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leakfiles import read_here, rows, tables

from kulla.errors import InputError
from kulla.leaks.intake._api import Problem
from kulla.leaks.intake.jsonfile import grids


def read(tmp_path: Path, text: str) -> list[tuple[str, tuple[str, ...], list[list[str | None]]]]:
    path = tmp_path / "a.json"
    path.write_text(text)
    return [(table.name, table.headers, rows(table)) for table in tables(path)]


A = {"nid": "J1", "paga": 45000}
B = {"nid": "J2", "paga": 52000.5, "tel": "0691"}
TABLE = (("nid", "paga", "tel"), [["J1", "45000", None], ["J2", "52000.5", "0691"]])


@pytest.mark.parametrize(
    "value",
    [[A, B], {"data": [A, B]}, {"ok": True, "faqe": {"rreshta": [A, B]}, "n": 2}, [A, B, 7, "x"]],
    ids=["array", "under a key", "two levels down", "with strays"],
)  # fmt: skip
def test_an_array_of_objects(tmp_path: Path, value: Any) -> None:
    ((_, headers, found),) = read(tmp_path, json.dumps(value))
    assert (headers, found) == TABLE


def test_other_shapes(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps({"nid": ["J1", "J2"], "paga": [1, 2]})) == [
        ("a.json", ("nid", "paga"), [["J1", "1"], ["J2", "2"]])
    ]
    assert read(tmp_path, json.dumps({"J1": {"emri": "a", "paga": 1}, "J2": {"emri": "b", "paga": 2}})) == [
        ("a.json", ("key", "emri", "paga"), [["J1", "a", "1"], ["J2", "b", "2"]])
    ]
    assert read(tmp_path, json.dumps([["NID", "Emri", "Paga"], ["J1", "a", 1], ["J2", "b", 2]])) == [
        ("a.json", ("NID", "Emri", "Paga"), [["J1", "a", "1"], ["J2", "b", "2"]])
    ]
    assert read(tmp_path, json.dumps({"x": [A], "y": [B]})) == [
        ("a.json/x", ("nid", "paga"), [["J1", "45000"]]),
        ("a.json/y", ("nid", "paga", "tel"), [["J2", "52000.5", "0691"]]),
    ]
    assert read(tmp_path, json.dumps(A)) == [("a.json", ("nid", "paga"), [["J1", "45000"]])]


def test_nested_values(tmp_path: Path) -> None:
    value = [{"id": 1, "adresa": {"qyteti": "Tirana", "nr": 5}, "tel": ["069", "068"], "x": [{"a": 1}]}]
    assert read(tmp_path, json.dumps(value)) == [
        ("a.json", ("id", "adresa.qyteti", "adresa.nr", "tel", "x"), [["1", "Tirana", "5", "069, 068", '[{"a": "1"}]']])
    ]


def test_numbers_keep_their_figures(tmp_path: Path) -> None:
    text = '[{"a": 355691234567890123456, "b": 0.1000, "c": 3.55691e+11, "d": 691234567.0, "e": 1e999999999}]'
    ((_, _, found),) = read(tmp_path, text)
    assert found == [["355691234567890123456", "0.1", "355691000000", "691234567"]] or found == [
        ["355691234567890123456", "0.1", "355691000000", "691234567", None]
    ]


def test_lines_of_objects_and_bad_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(A) + "\n\n{broken\n" + json.dumps(B) + "\n")
    (table,) = tables(path)
    assert (table.headers, rows(table)) == TABLE
    problems = [sent.text for sent in read_here(path) if isinstance(sent, Problem)]
    assert problems == ["a.json: 1 lines that are no JSON object were left out"]


@pytest.mark.parametrize(
    ("text", "says"),
    [("[" * 200_000, "too deeply|damaged"), ('{"a":' * 100_000 + "1" + "}" * 100_000, "too deeply"),
     ('[{"a": 1}', "cut off"), ('{"a": {"b": {}}}', "without a table"), ("[]", "without a table")],
    ids=["open", "deep", "cut off", "no table", "nothing"],
)  # fmt: skip
def test_what_is_no_table_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        read_here(path)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_value_gives_tables_or_none(value: Any) -> None:
    for grid in grids(value, "a"):
        assert grid.headers is None or len(grid.headers) == grid.data.num_columns
