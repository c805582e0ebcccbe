"""JSON documents: every element is found wherever the blocks end, and what is none is told."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.formats import json_array
from kulla.events.formats._api import Context, Parsed
from kulla.events.formats.json_array import JsonArray
from kulla.events.formats.ndjson import Ndjson

FORMAT = JsonArray()
TRAIL = {"eventTime": "2026-01-05T10:11:12Z", "eventName": "GetObject", "userIdentity": {"type": "IAMUser"},
         "resources": [{"ARN": "a"}, {"ARN": "b"}]}  # fmt: skip


class Trickle(io.BytesIO):
    """Gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._step)


def read(data: bytes, step: int = 1 << 20) -> list[Parsed]:
    return list(FORMAT.read(Trickle(data, step), None, Context()))


def found(data: bytes, step: int = 1 << 20) -> list[tuple[int, object]]:
    runs = read(data, step)
    return [
        (n, json.loads(text))
        for run in runs
        for n, text in zip(run.position.tolist(), run.raw.to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("indent", [None, 2])
def test_cloudtrail(indent: int | None) -> None:
    data = json.dumps({"Records": [TRAIL, TRAIL]}, indent=indent).encode()
    assert FORMAT.sniff(data, "x") > Ndjson().sniff(data, "x")
    (run,) = read(data)
    assert run.position.tolist() == [1, 2]
    assert run.quality.to_pylist() == ["exact", "exact"]
    column = run.fields.column("resources.ARN")
    assert column is not None
    assert list(zip(column.rows.tolist(), column.text.to_pylist(), strict=True)) == [
        (0, "a"),
        (0, "b"),
        (1, "a"),
        (1, "b"),
    ]
    assert ("resources[1].ARN", "b") in run.fields.whole().to_pylist()[0]


@pytest.mark.parametrize(
    ("data", "events", "rejects"),
    [
        (b'[{"a":1},{"b":[{"c":"]}"}]}]', [1, 2], []),
        (b'{"@odata.context":"u","value":[{"a":1}],"nextLink":"x"}', [1], []),
        (b'{"value":[]}', [], []),
        (b'{\n"a":1}\n{"a":{\n}}', [1, 2], []),
        (b'{"Records":[{"a":1}]}\n{"Records":[{"a":2}]}\n[{"a":3}]', [1, 2, 3], []),
        (b'[{"a":1},{"a":"x', [1], [2]),
        (b'[{"a":1},{"a":{"b":[1,', [1], [2]),
        (b'[1,{"a":1},"x",[2]]', [2], [1, 3, 4]),
        (b"[]", [], []),
        (b"", [], []),
    ],
)
def test_elements(data: bytes, events: list[int], rejects: list[int]) -> None:
    runs = read(data)
    assert [n for run in runs for n in run.position.tolist()] == events
    assert [reject.position for run in runs for reject in run.rejects] == rejects


values = st.recursive(
    st.one_of(st.none(), st.integers(), st.text('ab"\\{}[],:\n', max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text('a"]}', max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
elements = st.lists(st.dictionaries(st.text('ab"{', max_size=3), values, max_size=3), max_size=5)


@settings(max_examples=50, deadline=None)
@given(elements, st.sampled_from([None, 1]), st.integers(1, 30), st.sampled_from(["array", "wrapped", "loose"]))
def test_every_element_is_found(known: list[dict[str, object]], indent: int | None, step: int, form: str) -> None:
    document: object = known if form == "array" else {"x": 1, "Records": known}
    data = (
        "\n".join(json.dumps(e, indent=indent) for e in known)
        if form == "loose"
        else json.dumps(document, indent=indent)
    )
    if form == "loose" and json_array._WRAPPED.match(data.encode()):
        return
    assert found(data.encode(), step) == list(enumerate(known, 1))
    assert not any(run.rejects for run in read(data.encode(), step))


@settings(max_examples=60, deadline=None)
@given(elements, st.integers(0, 200), st.binary(max_size=3))
def test_damage_loses_nothing_before_it(known: list[dict[str, object]], at: int, noise: bytes) -> None:
    data = json.dumps(known).encode()
    runs = read(data[:at] + noise)
    before = sum(1 for n in range(1, len(known) + 1) if len(json.dumps(known[:n])) - 1 <= at)
    assert sum(map(len, runs)) >= before


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text('{}[]",:a1\\ \n', max_size=40).map(str.encode)))
def test_any_bytes_are_taken(data: bytes) -> None:
    FORMAT.sniff(data, "x")
    read(data, 3)


def test_an_element_over_the_limit_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_array, "LONGEST", 1 << 20)
    data = b'[{"a":1},{"a":"' + b"x" * (3 << 20) + b'"}'
    runs = read(data)
    assert sum(map(len, runs)) == 1
    assert all(len(reject.raw) <= 64 << 10 for run in runs for reject in run.rejects)
    assert any("over the limit" in reject.reason for run in runs for reject in run.rejects)
