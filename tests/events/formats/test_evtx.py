"""EVTX: every record of every readable chunk, and a reject for every other."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from evtxmade import CHUNK, chunk, file
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import SHARED, needs_shared

from kulla.events.formats._api import Context, Parsed
from kulla.events.formats.evtx import Evtx
from kulla.events.formats.json_array import JsonArray

FORMAT = Evtx()
FIRST, SECOND, THIRD = chunk(1, [{"Image": "a"}, {"Image": "b"}]), chunk(3, [{"Image": "ë"}]), chunk(4, [{"User": "u"}])
WHOLE = file([FIRST, SECOND, THIRD])


def read(data: bytes, **context: object) -> list[Parsed]:
    return list(FORMAT.read(io.BytesIO(data), None, Context(**context)))  # type: ignore[arg-type]


def positions(runs: list[Parsed]) -> list[int]:
    return [n for run in runs for n in run.position.tolist()]


def rejects(runs: list[Parsed]) -> list[tuple[int, str]]:
    return [(reject.position, reject.unit) for run in runs for reject in run.rejects]


def test_what_every_event_has() -> None:
    (run,) = read(WHOLE)
    assert run.position.tolist() == [1, 2, 3, 4]
    assert run.fields.row(2) == {
        "Provider_Name": ["Test-Provider"], "EventID": ["4624"], "TimeCreated": ["2026-01-05T10:11:12.500000Z"],
        "EventRecordID": ["3"], "Channel": ["Security"], "Computer": ["host-a"], "Image": ["ë"],
    }  # fmt: skip
    assert run.time.cast("int64").to_pylist() == [1767607872500000] * 4
    assert run.host is not None and run.provider is not None  # noqa: PT018
    assert run.channel is not None and run.event_code is not None  # noqa: PT018
    assert (run.host[0].as_py(), run.provider[0].as_py()) == ("host-a", "Test-Provider")
    assert (run.channel[0].as_py(), run.event_code[0].as_py()) == ("Security", "4624")
    column = run.fields.column("Image")
    assert column is not None
    assert (column.rows.tolist(), column.text.to_pylist()) == ([0, 1, 2], ["a", "b", "ë"])
    assert rejects([run]) == []


@pytest.mark.parametrize("aim", [1, CHUNK, 2 * CHUNK, 1 << 30])
def test_parts_are_the_whole(aim: int) -> None:
    stream = io.BytesIO(WHOLE)
    parts = FORMAT.cut(stream, len(WHOLE), aim)
    assert parts[0].start == 0
    assert parts[-1].stop == len(WHOLE)
    assert positions([run for part in parts for run in FORMAT.read(stream, part, Context())]) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("data", "found", "broken"),
    [
        (b"\0" * 4096 + FIRST, [1, 2], [0]),
        (FIRST + SECOND, [1, 2, 3], []),
        (file([FIRST, b"\1" * CHUNK, THIRD]), [1, 2, 4], [4096 + CHUNK]),
        (file([FIRST, b"\0" * CHUNK, THIRD]), [1, 2, 4], []),
        (WHOLE[: 4096 + CHUNK + 2000], [1, 2, 3], [4096 + CHUNK]),
        (WHOLE[:100], [], [0]),
        (file([FIRST[:545] + b"\xff" * 200 + FIRST[745:], SECOND]), [2, 3], [4096]),
        (file([b"ElfChnk\0" + b"\xff" * (CHUNK - 8), SECOND]), [3], [4096]),
    ],
)
def test_what_is_broken_loses_nothing_else(data: bytes, found: list[int], broken: list[int]) -> None:
    runs = read(data)
    assert [n for n in positions(runs) if n in found] == found
    assert [place for place, _ in rejects(runs)] == broken
    assert all(unit == "byte offset" for _, unit in rejects(runs))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4096 + 2600), st.integers(0, 255)), min_size=1, max_size=8))
def test_damage_in_one_chunk_leaves_the_others(damage: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, byte in damage:
        data[place] = byte
    assert {3, 4} <= set(positions(read(bytes(data))))


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda b: b"ElfFile\0" + b),
                 st.binary(max_size=80).map(lambda b: WHOLE[: 4096 + 520] + b)))  # fmt: skip
def test_any_bytes_are_taken(data: bytes) -> None:
    FORMAT.sniff(data, "x.evtx")
    runs = read(data)
    assert not data.strip(b"\0") or runs


def test_runs_are_cut_at_the_limit() -> None:
    assert [len(run) for run in read(WHOLE, batch_events=1)] == [2, 1, 1]


def test_sniffing() -> None:
    assert FORMAT.sniff(WHOLE[:65536], "x.txt") == 100
    assert FORMAT.sniff(FIRST, "x") == 100
    assert FORMAT.sniff(b"\0" * 4096 + FIRST, "x") >= 90
    assert FORMAT.sniff(b"MZ", "x.evtx") == 0


@needs_shared
def test_the_awkward_samples_are_read() -> None:
    counted = {}
    for path in (SHARED / "evtx-samples").glob("*.evtx"):
        if path.stat().st_size < 1_100_000:
            runs = read(path.read_bytes())
            counted[path.name] = (len(positions(runs)), len(rejects(runs)))
    assert counted["sample_with_a_bad_chunk_magic.evtx"] == (270, 2)
    assert counted["Application_no_crc32.evtx"] == (17, 0)
    assert all(count for count, _ in counted.values())


def _normal(value: str) -> str:
    """The twins were written by another tool: GUIDs in upper case, blanks at the end of a text cut off."""
    return value.strip("{} ").lower() if value.count("-") == 4 else value.rstrip(" ")


@needs_shared
def test_json_twins_have_the_same_fields() -> None:
    compared = 0
    for path in sorted((SHARED / "sigma/regression_data").rglob("*.json")):
        binary = path.with_suffix(".evtx")
        if not binary.exists():
            continue
        records = {row["EventRecordID"][0]: row for row in _rows(FORMAT, binary)}
        for twin in _rows(JsonArray(), path):
            record = records[twin["EventRecordID"][0]]
            assert {name: [_normal(v) for v in values] for name, values in record.items()} == {
                name: [_normal(v) for v in values] for name, values in twin.items()
            }, path.name
        compared += 1
    assert compared == 104


def _rows(reader: Evtx | JsonArray, path: Path) -> list[dict[str, list[str]]]:
    with path.open("rb") as stream:
        return [run.fields.row(n) for run in reader.read(stream, None, Context()) for n in range(len(run))]
