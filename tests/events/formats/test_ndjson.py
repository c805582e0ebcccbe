"""NDJSON: every line becomes an event or a reject, wherever the file is cut."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta, timezone

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import SHARED, needs_shared

from kulla.events.formats import ndjson
from kulla.events.formats._api import Context, Parsed
from kulla.events.formats.json_array import JsonArray
from kulla.events.formats.ndjson import Ndjson

FORMAT = Ndjson()
EVENT = {"@timestamp": "2026-01-05T10:11:12.5Z", "Hostname": "h", "Channel": "Security", "EventID": 4624,
         "SourceName": "p", "Image": "C:\\a.exe"}  # fmt: skip
LINE = json.dumps(EVENT).encode()


def read(data: bytes, **context: object) -> list[Parsed]:
    return list(FORMAT.read(io.BytesIO(data), None, Context(**context)))  # type: ignore[arg-type]


def labels(run: Parsed) -> list[list[str | None]]:
    """Hosts, providers, channels and event codes."""
    return [[] if x is None else x.to_pylist() for x in (run.host, run.provider, run.channel, run.event_code)]


def test_what_every_event_has() -> None:
    (run,) = read(LINE + b"\n")
    assert run.time.cast("int64").to_pylist() == [1767607872500000]
    assert run.quality.to_pylist() == ["exact"]
    assert labels(run) == [["h"], ["p"], ["Security"], ["4624"]]
    assert run.raw.to_pylist() == [LINE.decode()]


def test_names_of_other_shippers_fill_what_is_missing() -> None:
    (run,) = read(LINE + b'\n{"eventTime":"2026-01-05T10:00:00Z","HostName":"k","event":{"code":7}}\n{"x":1}')
    assert labels(run)[0] == ["h", "k", None]
    assert labels(run)[3] == ["4624", "7", None]
    assert run.quality.to_pylist() == ["exact", "exact", "missing"]
    assert run.time.null_count == 1


def test_a_time_without_a_zone_is_in_the_zone_of_the_source() -> None:
    (run,) = read(b'{"EventTime":"2026-01-05 10:00:00"}\n{"UtcTime":"2026-01-05 10:00:00.000"}',
                  zone=timezone(timedelta(hours=2)))  # fmt: skip
    assert run.quality.to_pylist() == ["zone assumed", "exact"]
    assert run.time.cast("int64").to_pylist() == [1767600000000000, 1767607200000000]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blank_lines_count_and_nothing_is_lost(end: bytes) -> None:
    lines = [
        b"\xef\xbb\xbf" + LINE,
        b"",
        b"  ",
        b'{"a":1',
        b"\0\0\0" + LINE,
        LINE + b"\0",
        b'{"a":"\xff"}',
        b"[1]",
        b"{}",
    ]
    (run,) = read(end.join(lines))
    assert run.position.tolist() == [1, 5, 6, 9]
    assert set(run.raw.to_pylist()) == {LINE.decode(), "{}"}
    assert [(reject.position, reject.raw) for reject in run.rejects] == [
        (4, b'{"a":1'), (7, b'{"a":"\xff"}'), (8, b"[1]")
    ]  # fmt: skip
    assert run.lines == 9


def test_a_reason_quotes_nothing() -> None:
    (run,) = read(b'{"secret":"1234"')
    assert "secret" not in run.rejects[0].reason
    assert "1234" not in run.rejects[0].reason


def test_utf_16_is_read() -> None:
    (run,) = read(('{"a":"ë"}\r\n{"a":"2"}\r\n').encode("utf-16"))
    assert run.raw.to_pylist() == ['{"a":"ë"}', '{"a":"2"}']


def test_a_line_over_the_limit_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "LONGEST", 3 << 20)
    long = b'{"a":"' + b"x" * (8 << 20) + b'"}'
    middle = b'{"a":"' + b"x" * (3 << 20) + b'"}'
    runs = read(b"\n".join([LINE, long, LINE, middle, LINE, long]))
    assert [n for run in runs for n in run.position.tolist()] == [1, 3, 5]
    rejects = [reject for run in runs for reject in run.rejects]
    assert [reject.position for reject in rejects] == [2, 4, 6]
    assert all(len(reject.raw) <= 64 << 10 and "over the limit" in reject.reason for reject in rejects)
    assert sum(run.lines for run in runs) == 6


lines = st.one_of(
    st.sampled_from(
        [LINE, b"{}", b"", b"\r", b"\0", b'{"a":', b"[]", b"1", b'{"a":"\\ud800"}', b'{"a":1,}', b"\xff\xfe"]
    ),
    st.binary(max_size=12),
    st.builds(
        lambda at, byte: LINE[:at] + bytes([byte]) + LINE[at + 1 :], st.integers(0, len(LINE)), st.integers(0, 255)
    ),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(lines, max_size=8), st.integers(20, 200), st.integers(1, 5))
def test_parts_are_the_whole_and_nothing_is_lost(found: list[bytes], aim: int, events: int) -> None:
    data = b"\n".join([LINE, *found])
    whole = read(data, batch_events=events)
    accounted = sorted(n for run in whole for n in [*run.position.tolist(), *(r.position for r in run.rejects)])
    content = data.decode("utf-8", "surrogateescape").split("\n")
    assert accounted == [n for n, line in enumerate(content, 1) if line.strip(" \t\r\0")]
    stream, first, apart = io.BytesIO(data), 1, []
    for part in FORMAT.cut(stream, len(data), aim):
        runs = list(FORMAT.read(stream, part, Context(first_position=first)))
        first += sum(run.lines for run in runs)
        apart += [(n, text) for run in runs for n, text in zip(run.position.tolist(), run.raw.to_pylist(), strict=True)]
    assert apart == [pair for run in whole for pair in zip(run.position.tolist(), run.raw.to_pylist(), strict=True)]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_taken(data: bytes) -> None:
    FORMAT.sniff(data, "x.json")
    read(data)


def test_sniffing() -> None:
    assert FORMAT.sniff(LINE + b"\n" + LINE, "x") == 50
    assert FORMAT.sniff(b"Jan  5 10:11:12 h x: y", "x.json") == 0
    assert FORMAT.sniff(b"[" + LINE + b"]", "x.json") == 0
    assert FORMAT.sniff(LINE + b"\n" + LINE[:40], "x") > JsonArray().sniff(LINE + b"\n" + LINE[:40], "x")


@needs_shared
def test_security_datasets_are_read_whole() -> None:
    path = SHARED / "security-datasets/atomic/windows/discovery/host/cmd_seatbelt_group_user.zip"
    with zipfile.ZipFile(path) as archive:
        data = archive.read(archive.namelist()[0])
    runs = read(data)
    assert sum(map(len, runs)) == len([line for line in data.splitlines() if line.strip()])
    assert not any(run.rejects for run in runs)
    assert all(run.time.null_count == 0 and None not in labels(run)[0] + labels(run)[2] for run in runs)
    row = runs[0].fields.row(3)
    known = orjson.loads(data.splitlines()[3])
    assert {name: values[0] for name, values in row.items()} == {
        name: str(value) for name, value in known.items() if value is not None and not isinstance(value, list)
    }
