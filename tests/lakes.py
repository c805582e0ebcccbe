"""Small tables of events for tests of the lake, and strategies for events and queries that nearly meet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from kulla.events.schema import FIELDS, SCHEMA
from kulla.lake import datafile, indexing, layout, upkeep
from kulla.lake.reference import Seen
from kulla.lake.tree import LABELS, Between, Compare, Everything, Field, Node, Not, Wild, Word, both, either, pattern

NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)
SCOPE = frozenset([("civil", "mof")])

Made = Mapping[str, Any]


def table(events: Iterable[Made], constituent: str = "mof", zone: str = "civil", ingest: datetime = NOON) -> pa.Table:
    """Events as the contract's table. What an event does not say is filled in; `fields` are a dict or pairs."""
    rows = []
    for position, event in enumerate(events, 1):
        row: dict[str, Any] = dict.fromkeys(SCHEMA.names)
        row |= {"time_quality": "exact", "ingest_time": ingest, "source_file": "in.log", "source_sha256": "00" * 32}
        row |= {"position": position, "raw": None, "time": NOON, "zone": zone, "constituent": constituent}
        row["event_id"] = hashlib.blake2b(f"{constituent}{event!r}{position}".encode(), digest_size=16).digest()
        row |= dict(event)
        fields = event.get("fields", {})
        row["fields"] = list(fields.items()) if isinstance(fields, dict) else list(fields)
        rows.append(row)
    return pa.table({f.name: _column([row[f.name] for row in rows], f.type) for f in SCHEMA}, schema=SCHEMA)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode().cast(kind)
    return pa.array(values, FIELDS if pa.types.is_map(kind) else kind)


def seen(events: pa.Table) -> list[tuple[bytes, Seen]]:
    """The events as the reference sees them, each with its id."""
    found = []
    for row in events.to_pylist():
        labels = {name: row[name] for name in LABELS}
        found.append((row["event_id"], Seen(row["raw"], row["fields"], labels)))
    return found


def small_blocks(patch: pytest.MonkeyPatch, rows: int = 4) -> None:
    """Blocks of a few rows, so that small tables have several."""
    for module in (datafile, indexing, layout, upkeep):
        patch.setattr(module, "BLOCK", rows)
    patch.setattr(upkeep, "_SLICE", 2 * rows)


def ids(batches: Iterable[pa.RecordBatch]) -> list[bytes]:
    """The ids of events, in order."""
    return [each for batch in batches for each in batch["event_id"].to_pylist()]


def files(folder: Path) -> list[Path]:
    """The data files on the disk."""
    return sorted(folder.glob("zone=*/**/*.parquet"))


NAMES = ("Image", "image", "a.b", "Source Name", "host", "n")
_TEXTS = (
    *("cmd", "CMD.exe", "C:\\Win\\cmd.exe", "é", "É", "\u212a", "k", "\u017f", "s", "5", "10", "-1.5", "+7", "1e3", ""),
    *("a*b", "x y"),
)
"""The Kelvin sign folds to k, the long s to itself; other engines disagree."""

_RAWS = (
    *(
        "CMD started",
        "cmd.exe /c É",
        "the \u212a sign",
        "\u017ftrange",
        "a*b?c",
        "line\nend",
        "(x) [y] \\d+",
        "abcdefgh",
    ),
    "ABCDEFx",
)
texts = st.sampled_from(_TEXTS) | st.text("aAbB*?.\\ éÉ5\n", max_size=4)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """An event: raw or none, fields with arrays and nulls, labels, a time of a few days or none."""
    names = st.sampled_from((*NAMES, "a[0].b", "a[1].b", "n[0]"))
    seconds = draw(st.none() | st.sampled_from((0, 1, 60, 3600, 86_400, 90_000, -86_400, 10 * 86_400, -4000 * 86_400)))
    return {
        "raw": draw(st.none() | st.sampled_from(_RAWS) | texts),
        "fields": draw(st.dictionaries(names, st.none() | texts, max_size=5)),
        "host": draw(st.none() | st.sampled_from(("dc01", "WS-K"))),
        "product": draw(st.sampled_from((None, "windows", "linux"))),
        "service": draw(st.sampled_from((None, "sysmon"))),
        "event_code": draw(st.none() | st.sampled_from(("1", "4625"))),
        "time": None if seconds is None else NOON + timedelta(seconds=seconds),
    }


parts: st.SearchStrategy[str | Wild] = texts | st.sampled_from(list(Wild))
patterns = st.lists(parts, max_size=4).map(lambda each: pattern(*each))
names = st.sampled_from((*NAMES, "IMAGE", "A.B", "event_code", "HOST", "zone", "and", "x:y", 'q"'))
_leaves: st.SearchStrategy[Node] = st.one_of(
    patterns.map(Word),
    st.sampled_from(_RAWS).map(lambda text: Word(pattern(text[1:6]))),
    st.builds(Field, names, patterns),
    st.builds(Compare, names, st.sampled_from((">", ">=", "<", "<=")), texts),
    st.builds(Between, names, texts, texts),
)


def _more(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several: st.SearchStrategy[Sequence[Node]] = st.lists(inner, min_size=2, max_size=3)
    return several.map(lambda each: both(*each)) | several.map(lambda each: either(*each)) | inner.map(Not)


queries: st.SearchStrategy[Node] = st.just(Everything()) | st.recursive(_leaves, _more, max_leaves=5)
