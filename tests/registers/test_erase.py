"""Tables without a person."""

from __future__ import annotations

import pyarrow as pa
import pytest
from payrolls import first_rows, manifest, nid, table

from kulla.registers.erase import ERASED, redacted, rows_of_key, telling_values, without


def accesses(*texts: str | None) -> pa.Table:
    return pa.table({"statement": pa.array(texts, pa.large_string()), "parameters": pa.array(texts, pa.large_string())})


@pytest.mark.parametrize("value", ["J1234567A", "a.b(c", "Çelë", r"\d+x", "$1 {2}"])
def test_a_value_is_taken_literally_in_any_case(value: str) -> None:
    texts = [f"select '{value}'", f"x{value.lower()}y", "select 1", None]
    made, count = redacted(accesses(*texts), [value])
    assert made["statement"].to_pylist() == [f"select '{ERASED}'", f"x{ERASED}y", "select 1", None]
    assert made["parameters"].equals(made["statement"])
    assert count == 2
    assert made.schema.equals(accesses("a").schema)


def test_what_names_a_person_longest_first() -> None:
    rows = table(first_rows(1))
    values = telling_values(rows, manifest(), nid(0))
    assert set(values) == {nid(0), first_rows(1)[0]["full_name"], first_rows(1)[0]["phone"]}
    assert [len(v) for v in values] == sorted((len(v) for v in values), reverse=True)


def test_rows_of_a_key_are_of_that_key_alone() -> None:
    rows = pa.table({"a": ["x", "x", "y", None], "b": ["1", "2", "1", "1"]})
    assert rows_of_key(rows, ("a", "b"), "x\x1f2").tolist() == [False, True, False, False]
    kept, gone = without(rows, rows_of_key(rows, ("a",), "x"))
    assert (kept["a"].to_pylist(), gone) == (["y", None], 2)
