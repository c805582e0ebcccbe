from __future__ import annotations

import numpy as np
import pyarrow as pa

from kulla.events.aliases import many, merge, one, transform
from kulla.events.fields import DictFields, Values
from kulla.events.logsource import Alias


def texts(values: list[str | None]) -> pa.LargeStringArray:
    return pa.array(values, pa.large_string())


def test_transform_without_steps_is_the_same() -> None:
    given = texts(["a", "b"])
    assert transform(given, Alias(("x",))) is given


def test_values_ignore_case_and_leave_others() -> None:
    alias = Alias(("x",), values={"Inbound": "false"})
    assert transform(texts(["INBOUND", "other"]), alias).to_pylist() == ["false", "other"]


def test_prefixes_take_the_first_that_fits() -> None:
    alias = Alias(("x",), prefixes={"\\REGISTRY\\MACHINE": "HKLM", "\\REGISTRY": "HK"})
    got = transform(texts(["\\Registry\\Machine\\Software", "\\REGISTRY\\USER", "HKLM\\x"]), alias)
    assert got.to_pylist() == ["HKLM\\Software", "HK\\USER", "HKLM\\x"]


def test_extract_keeps_the_group_or_nothing() -> None:
    alias = Alias(("x",), extract=r"port=(?P<value>\d+)")
    assert transform(texts(["a port=22 b", "none"]), alias).to_pylist() == ["22", None]


def test_steps_follow_each_other() -> None:
    alias = Alias(("x",), extract="^(?P<value>[^;]+)", prefixes={"a": "b"}, values={"bc": "d"})
    assert transform(texts(["Ac;rest"]), alias).to_pylist() == ["d"]


def test_first_source_present_gives_all_its_values() -> None:
    event = {"y": ["1", "2"], "z": ["3"]}
    assert one(event, Alias(("x", "y", "z"))) == ["1", "2"]


def test_join_leaves_absent_out() -> None:
    assert one({"b": ["B"], "a": ["A1", "A2"]}, Alias(("a", "none", "b"), join="/")) == ["A1/A2/B"]
    assert one({}, Alias(("a", "b"), join="/")) == []


def test_many_only_in_wanted_rows() -> None:
    fields = DictFields([{"a": "0"}, {"a": "1", "b": "x"}, {"b": "2"}, {}])
    got = many(fields, Alias(("a", "b")), np.array([False, True, True, True]))
    assert got is not None
    assert got.rows.tolist() == [1, 2]
    assert got.text.to_pylist() == ["1", "2"]
    assert many(fields, Alias(("a",)), np.array([False, False, True, True])) is None


def test_many_joined() -> None:
    fields = DictFields([{"a": "A", "b": "B"}, {"b": "B"}, {}])
    got = many(fields, Alias(("a", "b"), join="+"), np.ones(3, bool))
    assert got is not None
    assert got.rows.tolist() == [0, 1]
    assert got.text.to_pylist() == ["A+B", "B"]


def test_merge_orders_by_row() -> None:
    one_part = Values(np.array([0, 4], np.int32), texts(["a", "e"]))
    other = Values(np.array([2], np.int32), pa.array(["c"]))
    got = merge([one_part, other])
    assert got is not None
    assert got.rows.tolist() == [0, 2, 4]
    assert got.text.to_pylist() == ["a", "c", "e"]
    assert merge([]) is None
