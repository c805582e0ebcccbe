from __future__ import annotations

import numpy as np

from kulla.events.fields import DictFields
from kulla.events.mixed import MixedFields

OWN = DictFields([{"a": "own0", "b": "own0"}, {"a": "own1"}, {"a": "own2"}])
OTHER = DictFields([{"a": "other0"}, {"a": "other1", "c": "other1"}, {"a": "other2"}])
MIXED = MixedFields(OWN, OTHER, np.array([False, True, False]))


def test_columns_rows_and_whole_take_the_same_events() -> None:
    column = MIXED.column("a")
    assert column is not None
    assert column.rows.tolist() == [0, 1, 2]
    assert column.text.to_pylist() == ["own0", "other1", "own2"]
    assert [MIXED.row(n) for n in range(3)] == [
        {"a": ["own0"], "b": ["own0"]},
        {"a": ["other1"], "c": ["other1"]},
        {"a": ["own2"]},
    ]
    whole = [dict(pairs) for pairs in MIXED.whole().to_pylist()]
    assert whole == [{"a": "own0", "b": "own0"}, {"a": "other1", "c": "other1"}, {"a": "own2"}]
    assert [dict(pairs) for pairs in MIXED.pairs_of(np.array([2, 1], np.int32))] == [whole[2], whole[1]]


def test_a_column_of_hidden_events_is_none() -> None:
    assert MixedFields(OWN, OTHER, np.array([True, False, False])).column("b") is None
    assert MIXED.column("none") is None


def test_search_text_holds_what_rows_hold() -> None:
    text = MIXED.search_text()
    assert text is not None
    assert sorted(text.text.to_pylist()) == ["other1", "other1", "own0", "own0", "own2"]
