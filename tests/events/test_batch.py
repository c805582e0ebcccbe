from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing import SHA, labels, parsed

from kulla.events.batch import Batch, Group, Origin
from kulla.events.fields import DictFields
from kulla.events.logsource import Alias, Logsource
from kulla.events.schema import SCHEMA, event_id

ORIGIN = Origin("/in/a.zip", SHA, "m.log", "tax", "civil", datetime(2026, 1, 5, tzinfo=UTC))


class WholeOnly:
    """Fields that offer no part of themselves, as a format's own may be."""

    def __init__(self, fields: DictFields) -> None:
        self._fields = fields
        self.asked: list[str] = []
        for name in ("column", "row", "whole", "search_text"):
            setattr(self, name, getattr(fields, name))

    def __len__(self) -> int:
        return len(self._fields)

    def prefetch(self, names: list[str]) -> None:
        self.asked += names


def batch(events: list[dict[str, str | None]], groups: list[Group]) -> Batch:
    run = parsed(events)
    none = pa.nulls(len(run), pa.string())
    return Batch(
        ORIGIN,
        run.fields,
        run.position,
        run.raw,
        run.time,
        run.quality,
        labels(["h"] * len(run)),
        none,
        none,
        none,
        groups,
    )


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


def test_own_values_come_before_aliases_in_row_order() -> None:
    made = batch(
        [{"exe": "0"}, {"Image": "1", "exe": "x"}, {"exe": "2"}, {"path": "3"}],
        [
            Group(Logsource("linux"), rows(0, 1), {"Image": Alias(("exe",))}),
            Group(Logsource("macos"), rows(2), {}),
            Group(Logsource("other"), rows(3), {"Image": Alias(("path",))}),
        ],
    )
    column = made.column("Image")
    assert column is not None
    assert column.rows.tolist() == [0, 1, 3]
    assert column.text.to_pylist() == ["0", "1", "3"]
    assert made.column("Image") is column
    assert [made.event(row).get("Image") for row in range(4)] == [["0"], ["1"], None, ["3"]]


def test_also_adds_after_the_own() -> None:
    made = batch([{"q": "a"}, {"u": "b"}], [Group(Logsource(), rows(0, 1), {"q": Alias(("u", "q"), also=True)})])
    assert made.event(0)["q"] == ["a", "a"]
    column = made.column("q")
    assert column is not None
    assert column.text.to_pylist() == ["a", "a", "b"]


def test_null_is_absent_and_empty_is_present() -> None:
    made = batch(
        [{"Image": None, "exe": "e"}, {"Image": "", "exe": "e"}],
        [Group(Logsource(), rows(0, 1), {"Image": Alias(("exe",))})],
    )
    assert [made.event(row)["Image"] for row in range(2)] == [["e"], [""]]
    column = made.column("Image")
    assert column is not None
    assert column.text.to_pylist() == ["e", ""]


def test_prefetch_asks_for_names_and_their_sources_once() -> None:
    made = batch([{"exe": "e"}], [Group(Logsource(), rows(0), {"Image": Alias(("exe", "path"))})])
    fields = WholeOnly(DictFields([{"exe": "e"}]))
    made.fields = fields  # type: ignore[assignment]
    made.prefetch(["Image", "User"])
    assert fields.asked == ["Image", "User", "exe", "path"]
    made.column("Image")
    made.prefetch(["Image"])
    assert fields.asked == ["Image", "User", "exe", "path"]


def test_the_table_follows_the_contract() -> None:
    made = batch(
        [{"a[0]": "x", "a[1]": None}, {}],
        [Group(Logsource("p", None, "s"), rows(1)), Group(Logsource(None, "c"), rows(0))],
    )
    table = made.table()
    assert table.schema.equals(SCHEMA, check_metadata=True)
    table.validate(full=True)
    assert table["event_id"].to_pylist() == [event_id(SHA, "m.log", 1), event_id(SHA, "m.log", 2)]
    assert table["product"].to_pylist() == [None, "p"]
    assert table["category"].to_pylist() == ["c", None]
    assert table["service"].to_pylist() == [None, "s"]
    assert table["source_file"].to_pylist() == ["/in/a.zip!m.log"] * 2
    assert table["constituent"].to_pylist() == ["tax"] * 2
    assert table["ingest_time"].to_pylist() == [ORIGIN.ingest_time] * 2
    assert table["fields"].to_pylist() == [[("a[0]", "x"), ("a[1]", None)], []]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), max_size=8))),
    st.booleans(),
)
def test_select_is_a_part_of_the_table(asked: tuple[int, list[int]], whole_only: bool) -> None:
    count, wanted = asked
    made = batch([{"a": str(n), "b": None} for n in range(count)], [Group(Logsource("p"), rows(*range(count)))])
    if whole_only:
        made.fields = WholeOnly(DictFields([{"a": str(n), "b": None} for n in range(count)]))  # type: ignore[assignment]
    part = made.select(wanted)
    assert part.schema.equals(SCHEMA)
    assert part.to_pylist() == made.table().take(pa.array(wanted, pa.int32())).to_pylist()
