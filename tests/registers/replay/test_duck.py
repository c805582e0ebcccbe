from __future__ import annotations

import pyarrow as pa
import pytest

from kulla.registers.replay import duck
from kulla.registers.replay.shape import Link


def state(records: list[int], values: list[str | None], steady: bool = True) -> pa.Table:
    return pa.table({"record": pa.array(records, pa.uint32()), "steady": [steady] * len(records), "c0": values})


def test_joins_by_equal_columns() -> None:
    left, right = state([1, 2, 3], ["a", "b", None]), state([7, 8], ["a", "a"], steady=False)
    inner = duck.joined([left, right], [Link(0, "x", 1, "y")])
    outer = duck.joined([left, right], [Link(0, "x", 1, "y", outer=True)])
    assert inner is not None
    assert outer is not None
    assert (inner.rows, inner.steady, [sorted(each.to_pylist()) for each in inner.records]) == (2, False, [[1], [7, 8]])
    assert (outer.rows, [sorted(each.to_pylist()) for each in outer.records]) == (4, [[1, 2, 3], [7, 8]])


def test_a_join_beyond_the_limits_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duck, "MOST_ROWS", 3)
    many = state([1, 2], ["a", "a"])
    assert duck.joined([many, many], [Link(0, "x", 1, "x")]) is None


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO 'out.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH 'other.db'",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SELECT * FROM secret_variable",
    ],
)
def test_the_engine_reaches_nothing_and_stays_so(text: str) -> None:
    secret_variable = pa.table({"a": [1]})
    assert len(secret_variable) == 1
    with pytest.raises(Exception, match=r"disabled|locked|not exist|[Cc]annot|not found|lock"):
        duck._connection().cursor().execute(text)
