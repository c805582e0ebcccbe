"""Counts against counting by hand."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lakes
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lakes import NOON, SCOPE

from kulla.errors import UsageError
from kulla.lake import Lake
from kulla.lake.reference import holds
from kulla.lake.tree import Node


@given(st.lists(lakes.events(), min_size=1, max_size=25), lakes.queries)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_counts_are_those_of_the_events_found(made: list[dict[str, Any]], query: Node) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, Lake(Path(folder)) as lake:
        lakes.small_blocks(patch)
        whole = lakes.table(made)
        lake.append(whole, "aa" * 32, 0)
        _agree(lake, whole, query)
        lake.compact(every=True)
        _agree(lake, whole, query)


def _agree(lake: Lake, whole: Any, query: Node) -> None:
    times = whole["time"].to_pylist()
    found = [(time, event) for time, (_, event) in zip(times, lakes.seen(whole), strict=True) if holds(query, event)]
    since, until = NOON - timedelta(days=2), NOON + timedelta(days=2, seconds=1)
    histogram = lake.histogram(query, SCOPE, since, until, bins=5)
    said = [sum(time is not None and low <= time < high for time, _ in found)
            for low, high in zip(histogram.edges, histogram.edges[1:], strict=False)]  # fmt: skip
    assert histogram.counts == said
    assert (histogram.edges[0], histogram.edges[-1]) == (since, until)
    for name, facet in lake.facets(query, SCOPE, ["image", "a.b", "host", "zone"], most=100).items():
        values = [set(event.values(name)) for _, event in found]
        assert Counter(dict(facet.values)) == Counter(value for each in values for value in each)
        assert (facet.events, facet.distinct) == (sum(map(bool, values)), len(set().union(*values)))


def test_a_histogram_needs_a_span_and_bins(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        for since, until, bins in ((NOON, NOON, 5), (NOON, NOON + timedelta(1), 0)):
            with pytest.raises(ValueError, match="histogram"):
                lake.histogram("", SCOPE, since, until, bins)


def test_facets_are_ordered_by_count_then_value(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        lake.append(lakes.table([{"fields": {"x": x}} for x in "bbaacd"]), "aa" * 32, 0)
        assert lake.facets("", SCOPE, ["x"], most=3)["x"].values == [("a", 2), ("b", 2), ("c", 1)]
        assert lake.facets("x:(c or d)", SCOPE, ["x"])["x"].values == [("c", 1), ("d", 1)]


@pytest.mark.parametrize("compacted", [False, True])
def test_completion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compacted: bool) -> None:
    lakes.small_blocks(monkeypatch)
    events = [{"fields": {"Image": f"C:\\x\\{n % 2}.exe", "Source Name": "a b", "arr[0]": "x"}} for n in range(9)]
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(events), "aa" * 32, 0)
        if compacted:
            lake.compact(every=True)
        assert lake.complete("ima", SCOPE) == ["Image:"]
        assert lake.complete("name", SCOPE) == ['"Source Name":']
        assert "host:" in lake.complete("", SCOPE)
        assert lake.complete("arr", SCOPE) == ["arr:"]
        assert lake.complete("image:c:\\X", SCOPE) == ['image:"C:\\x\\0.exe"', 'image:"C:\\x\\1.exe"']
        assert lake.complete('"Source Name":a', SCOPE) == ['"Source Name":"a b"']
        for text in (*lake.complete("", SCOPE), *lake.complete("image:", SCOPE)):
            assert lake.count(text + ("*" if text.endswith(":") else ""), SCOPE) >= 0
        assert lake.complete("nothing:", SCOPE) == []


def test_around_an_entity(tmp_path: Path) -> None:
    events: list[lakes.Made] = [
        {"host": "ws1", "fields": {"User": "Ana", "SourceIp": "10.0.0.1"}, "time": NOON},
        {"host": "ws1", "fields": {"SubjectUserName": "ana", "User": "-", "Hashes": "MD5=AB,SHA256=CD12"},
         "time": NOON + timedelta(days=1)},
        {"host": "ws2", "fields": {"User": "beni"}, "time": NOON},
        {"host": "ws3", "fields": {"User": "ana"}, "time": None},
    ]  # fmt: skip
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(events, ingest=NOON + timedelta(days=1)), "aa" * 32, 0)
        found = lake.around("user", "ana", SCOPE)
        assert (found.events, found.first, found.last) == (3, NOON, NOON + timedelta(days=1))
        assert found.days == {"2026-05-11": 1, "2026-05-12": 1}
        assert found.beside["host"] == [("ws1", 2), ("ws3", 1)]
        assert found.beside["address"] == [("10.0.0.1", 1)]
        assert found.beside["user"] == []
        assert lake.count(found.query, SCOPE) == 3
        assert lake.around("hash", "cd12", SCOPE).events == 1
        assert lake.around("host", "WS2", SCOPE).beside["user"] == [("beni", 1)]
        assert lake.around("address", "10.9.9.9", SCOPE).first is None
        for kind, name in (("planet", "x"), ("user", "")):
            with pytest.raises(UsageError, match="no such entity"):
                lake.around(kind, name, SCOPE)
