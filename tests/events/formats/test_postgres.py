"""The three PostgreSQL formats, on logs of a real server (PostgreSQL 15, pgaudit 1.7; invented values)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_postgres import csv_line

from kulla.events.formats._api import Context, Cut, Format, Parsed
from kulla.events.formats._postgres import parse_time
from kulla.events.formats.postgres_csvlog import PostgresCsvlog
from kulla.events.formats.postgres_jsonlog import PostgresJsonlog
from kulla.events.formats.postgres_stderr import PostgresStderr

SAMPLES = Path(__file__).parent / "samples"
FORMATS: Sequence[tuple[Format, str]] = (
    (PostgresCsvlog(), "postgres.csv"),
    (PostgresJsonlog(), "postgres.json"),
    (PostgresStderr(), "postgres.log"),
)
Row = dict[str, list[str]]


def read(form: Format, data: bytes, part: Cut | None = None, context: Context | None = None) -> list[Parsed]:
    return list(form.read(io.BytesIO(data), part, context or Context()))


def rows(runs: list[Parsed]) -> list[Row]:
    return [run.fields.row(number) for run in runs for number in range(len(run))]


def rejects(runs: list[Parsed]) -> list[tuple[int, bytes]]:
    return [(reject.position, reject.raw) for run in runs for reject in run.rejects]


def key(row: Row) -> tuple[str, str]:
    return row["session"][0], row["line_num"][0]


@pytest.mark.parametrize(("form", "name"), FORMATS, ids=lambda value: value if isinstance(value, str) else "")
def test_sniff_takes_its_own_alone(form: Format, name: str) -> None:
    for _, other in FORMATS:
        sure = form.sniff((SAMPLES / other).read_bytes()[:65536], other)
        assert (sure > 90) == (other == name)
    assert form.sniff(b"a,b,c\n1,2,3\n", "x") == 0
    assert form.sniff(b'{"timestamp":"2026-01-01","message":"x"}\n', "x") == 0
    assert form.sniff(b"", "x") == 0


@pytest.mark.parametrize(("form", "name"), FORMATS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_sample_is_read_whole(form: Format, name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    (run,) = read(form, data)
    assert len(run) == 142
    assert run.rejects == []
    assert run.lines == data.count(b"\n")
    assert set(run.quality.to_pylist()) == {"exact"}
    assert "\n".join(run.raw.to_pylist()) + "\n" == data.decode()


def test_csvlog_and_jsonlog_say_the_same() -> None:
    (one,), (two,) = (read(form, (SAMPLES / name).read_bytes()) for form, name in FORMATS[:2])
    plain = [row | {"sqlstate": row.get("sqlstate", ["00000"])} for row in rows([two])]
    assert {key(row): row for row in rows([one])} == {key(row): row for row in plain}
    assert one.time.equals(two.time)
    assert one.provider is not None
    assert one.provider.equals(two.provider)


def test_stderr_says_the_same_as_far_as_it_goes() -> None:
    shown = (
        "log_time",
        "pid",
        "severity",
        "message",
        "detail",
        "hint",
        "context",
        "statement",
        "cursor_position",
        "class",
    )
    one, two = (
        sorted([(name, row.get(name)) for name in shown] for row in rows(read(form, (SAMPLES / file).read_bytes())))
        for form, file in (FORMATS[0], FORMATS[2])
    )
    assert one == two


def test_audit_records_are_unpacked() -> None:
    (run,) = read(PostgresCsvlog(), (SAMPLES / "postgres.csv").read_bytes())
    audits = [row for row in rows([run]) if "class" in row]
    executed = next(row for row in audits if row.get("parameter") == ["X00000099Q"])
    assert executed["command"] == ["SELECT"]
    assert executed["statement"] == ["PREPARE one(text) AS SELECT salary FROM payroll WHERE nid = $1;"]
    assert executed["rows"] == ["1"]
    assert run.provider is not None
    assert run.provider.to_pylist().count("pgaudit") == len(audits) == 34


@pytest.mark.parametrize(("form", "name"), FORMATS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("aim", [1, 700, 9_000, 10**6])
def test_parts_read_as_the_whole(form: Format, name: str, aim: int) -> None:
    data = (SAMPLES / name).read_bytes()
    cuts = form.cut(io.BytesIO(data), len(data), aim)
    assert [cut.start for cut in cuts[1:]] == [cut.stop for cut in cuts[:-1]]
    assert (cuts[0].start, cuts[-1].stop) == (0, len(data))
    found: list[tuple[int, Row]] = []
    first = 1
    for cut in cuts:
        for run in read(form, data, cut, Context(first_position=first)):
            found += zip(run.position.tolist(), rows([run]), strict=True)
            first += run.lines
    (whole,) = read(form, data)
    assert found == list(zip(whole.position.tolist(), rows([whole]), strict=True))


def test_columns_of_older_and_newer_servers() -> None:
    for count in (23, 24, 26):
        (row,) = rows(read(PostgresCsvlog(), csv_line({"application": "psql"}, count).encode()))
        assert row["application"] == ["psql"]
        assert ("backend_type" in row) == (count > 23)
    assert rejects(read(PostgresCsvlog(), csv_line({}, 25).encode())) == [(1, csv_line({}, 25).encode())]


def test_half_a_record_at_the_end_is_rejected() -> None:
    whole, half = csv_line({}).encode(), csv_line({"message": "a\nb\nc"}).encode()[:-60]
    runs = read(PostgresCsvlog(), whole + half)
    assert [len(run) for run in runs] == [1]
    assert rejects(runs) == [(2, half)]


def test_reading_resumes_after_a_record_cut_off_by_a_crash() -> None:
    half = csv_line({"message": 'one "quoted"\ntwo'}).encode()[:120] + b"\n"
    data = csv_line({}).encode() + half + csv_line({"message": "x,\ny"}).encode() * 2 + csv_line({}).encode()
    runs = read(PostgresCsvlog(), data)
    assert [row["message"] for row in rows(runs)] == [["hello"], ["x,\ny"], ["x,\ny"], ["hello"]]
    assert [place for place, _ in rejects(runs)] == [2]
    assert sum(run.lines for run in runs) == data.count(b"\n")


def test_a_record_written_inside_a_statement_is_none() -> None:
    forged = csv_line({"user": "somebody", "message": "forged"})
    (row,) = rows(read(PostgresCsvlog(), csv_line({"message": f"select '\n{forged}'"}).encode()))
    assert row["user"] == ["clerk7"]


def test_bytes_that_are_no_utf8_are_shown() -> None:
    bad = csv_line({"message": "na~me"}).encode().replace(b"~", b"\xeb")
    assert rows(read(PostgresCsvlog(), bad))[0]["message"] == ["na\\xebme"]
    line = b'{"timestamp":"2026-01-01 00:00:00 UTC","pid":1,"error_severity":"LOG","message":"na\xebme"}\n'
    assert rows(read(PostgresJsonlog(), line))[0]["message"] == ["na\\xebme"]
    plain = b"2026-01-01 00:00:00.000 UTC [1] a@b LOG:  na\xebme\n"
    assert rows(read(PostgresStderr(), plain))[0]["message"] == ["na\\xebme"]


def test_json_that_is_no_record_is_rejected() -> None:
    data = b'{"timestamp":"2026-01-01 00:00:00 UTC","pid":1,"error_severity":"LOG"}\n[]\n{"a":\n{"a":1}\n'
    runs = read(PostgresJsonlog(), data)
    assert [place for place, _ in rejects(runs)] == [2, 3, 4]
    assert len(rows(runs)) == 1


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("2026-01-01 00:00:00.000 UTC [7] LOG:  x", {"pid": ["7"]}),
        (
            "2026-01-01 00:00:00 UTC [7-12] a@b LOG:  x",
            {"pid": ["7"], "line_num": ["12"], "user": ["a"], "database": ["b"]},
        ),
        (
            "2026-01-01 00:00:00 UTC:10.0.0.1(4000):a@b:[7]:LOG:  x",
            {"pid": ["7"], "client": ["10.0.0.1"], "client_port": ["4000"], "user": ["a"], "database": ["b"]},
        ),
        ("2026-01-01 00:00:00 UTC::@:[7]:LOG:  x", {"pid": ["7"]}),
        ("2026-01-01 00:00:00 UTC [7] [unknown]@[unknown] LOG:  x", {"pid": ["7"]}),
    ],
)
def test_prefixes_of_the_plain_log(line: str, wanted: Row) -> None:
    (row,) = rows(read(PostgresStderr(), line.encode()))
    time = line[:23] if line[19] == " " else line[:27]
    assert row == {"log_time": [row["log_time"][0]], "severity": ["LOG"], "message": ["x"], **wanted}
    assert row["log_time"][0].startswith(time[:19])


def test_lines_of_the_plain_log_that_belong_to_nothing() -> None:
    data = b"\tcontinued\nnoise\n2026-01-01 00:00:00 UTC [7] LOG:  x\n2026-01-01 00:00:00 UTC [8] DETAIL:  of another\n"
    runs = read(PostgresStderr(), data)
    assert rejects(runs) == [(1, b"\tcontinued\n"), (2, b"noise\n")]
    assert [row.get("detail") for row in rows(runs)] == [None, ["of another"]]


@pytest.mark.parametrize(
    ("text", "zone", "wanted", "quality"),
    [
        ("2026-05-11 02:44:02.875 CEST", None, datetime(2026, 5, 11, 0, 44, 2, 875_000, UTC), "exact"),
        ("2026-05-11 02:44:02 +0530", None, datetime(2026, 5, 10, 21, 14, 2, 0, UTC), "exact"),
        ("2026-05-11 02:44:02 -03", None, datetime(2026, 5, 11, 5, 44, 2, 0, UTC), "exact"),
        ("2026-10-25 02:30:00 CET", "Europe/Tirane", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "exact"),
        ("2026-10-25 02:30:00 CEST", "Europe/Tirane", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "exact"),
        ("2026-05-11 02:44:02 IST", "Asia/Kolkata", datetime(2026, 5, 10, 21, 14, 2, tzinfo=UTC), "exact"),
        ("2026-05-11 02:44:02 IST", None, datetime(2026, 5, 11, 2, 44, 2, tzinfo=UTC), "zone assumed"),
        ("2026-05-11 02:44:02 XYZ", "Europe/Tirane", datetime(2026, 5, 11, 0, 44, 2, tzinfo=UTC), "zone assumed"),
        ("2026-13-11 02:44:02 UTC", None, None, "missing"),
        ("", None, None, "missing"),
    ],
)
def test_times(text: str, zone: str | None, wanted: datetime | None, quality: str) -> None:
    assert parse_time(text, ZoneInfo(zone) if zone else None) == (wanted, quality)


MESSAGE = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(st.lists(MESSAGE, min_size=1, max_size=6), st.binary(max_size=80), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_csvlog_returns_messages_and_loses_no_byte(messages: list[str], junk: bytes, batch: int) -> None:
    data = "".join(csv_line({"message": message}) for message in messages).encode()
    assert [row["message"][0] for row in rows(read(PostgresCsvlog(), data))] == messages
    runs = read(PostgresCsvlog(), junk + b"\n" + data, context=Context(batch_events=batch))
    kept = b"".join(raw for _, raw in rejects(runs))
    assert all(byte in kept for byte in [junk.strip()] if b"\n" not in junk)
    assert sum(run.lines for run in runs) == (junk + b"\n" + data).count(b"\n")


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    for form, _ in FORMATS:
        form.sniff(data, "")
        runs = read(form, data)
        assert sum(run.lines for run in runs) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
