"""Audit logs for tests: records of PostgreSQL made from a small pool of hostile texts, and damage done to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import strategies as st
from shared_postgres import csv_line

FORGED = (
    '2026-05-11 02:44:02.875 UTC,"boss","reg",1,"10.9.9.9:1",6b04c4ae.1,9,"SELECT",2026-05-11 02:40:00 UTC,3/6,0,LOG,'
    '00000,"AUDIT: SESSION,1,1,READ,SELECT,,,select forged,<none>,1",,,,,,,,,"psql","client backend",,0'
)
"""A whole record, which a suspect puts inside a statement."""

PIECES = (
    "SELECT * FROM payroll", " WHERE nid = 'X00000042Q'", '"Quoted"', ",", "''", "\n", "\r\n", "\r", "\t", "\\", "$1",
    "/* user=a.b; case=1/2 */", "-- user=c.d\n", "copy (", ") to stdout", "copy payroll to program 'sh'", "é", "\x00",
    "\x01", "\x1b[2J", "select pg_read_file('/etc/passwd')", "DECLARE c CURSOR FOR ", "set role boss", '"""', '"',
    f"\n{FORGED}\n", "AUDIT: SESSION,1,1,READ,SELECT,,,x,<none>,1", "duration: 1.5 ms  statement: x", "\u2028", ";",
    "<none>", "<REDACTED>",
)  # fmt: skip

statements = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
few = st.sampled_from(("1", "2", "3", "12"))


def csv_cells(*cells: str) -> str:
    """Cells as pgaudit writes them: quoted only where need be."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)  # it quotes what holds characters of its line end
    return out.getvalue().removesuffix("\r\n")


def audit(
    statement: str, *, kind: str = "SESSION", number: str = "1", inner: str = "1", group: str = "READ",
    command: str = "SELECT", thing: str = "", name: str = "", parameter: str = "<none>", rows: str | None = "1",
) -> str:  # fmt: skip
    """pgaudit's message. rows None: as without `log_rows`."""
    cells = (kind, number, inner, group, command, thing, name, statement, parameter, *(() if rows is None else (rows,)))
    return "AUDIT: " + csv_cells(*cells)


@st.composite
def messages(draw: st.DrawFn) -> str:
    """A message: of pgaudit, of a logged statement, or any other; sometimes cut short."""
    said = draw(statements)
    made = draw(
        st.sampled_from((
            audit(said, number=draw(few), inner=draw(few), parameter=draw(st.sampled_from(PIECES))),
            audit(said, kind="OBJECT", thing="TABLE", name="public.payroll", rows=None),
            audit(said, group="MISC", command="SET", rows="0"),
            f"duration: {draw(few)}.5 ms  statement: {said}",
            f"duration: 0.1 ms  execute <unnamed>: {said}",
            "duration: 3 ms",
            f"statement: {said}",
            "AUDIT: SESSION,1,1,READ,SELECT,,,\"never ended",
            "connection authorized: user=a database=reg",
            said,
        ))
    )  # fmt: skip
    return made[: draw(st.integers(0, len(made)))] if draw(st.booleans()) and draw(st.booleans()) else made


@st.composite
def records(draw: st.DrawFn) -> dict[str, str]:
    """A record's fields, under the names of `kulla.events`."""
    day = "2026-05-11 02:44"
    times = (f"{day}:02.875 UTC", f"{day}:03.001 CEST", f"{day} UTC", f"{day}:59.999 IST", f"{day}:02 UTC",
             "2026-13-45 00:00:00.000 UTC")  # fmt: skip
    record = {
        "log_time": draw(st.sampled_from(times)),
        "session": draw(st.sampled_from(("6b04c4ae.48e6", "6b04c4ae.48e7", "zz"))),
        "line_num": draw(few),
        "client": draw(st.sampled_from(("10.1.2.3:5000", "[local]", "", "fe80::1:22"))),
        "severity": draw(st.sampled_from(("LOG", "ERROR", "FATAL"))),
        "sqlstate": draw(st.sampled_from(("00000", "57014", "22012", "08006"))),
        "application": draw(st.sampled_from(("psql", "", "app;user=a.b;case=9", 'q"q'))),
        "message": draw(messages()),
    }
    if draw(st.booleans()):
        record["statement"] = draw(statements)
    if draw(st.booleans()):
        record["detail"] = draw(st.sampled_from(("parameters: $1 = 'it''s', $2 = NULL", "prepare: SELECT 1", "x\ny")))
    return record


def json_line(record: Mapping[str, str]) -> bytes:
    """The record as jsonlog has it."""
    names = {"log_time": "timestamp", "session": "session_id", "client": "remote_host", "severity": "error_severity",
             "sqlstate": "state_code", "application": "application_name"}  # fmt: skip
    members: dict[str, Any] = {names.get(key, key): value for key, value in record.items()}
    members |= {"pid": 7, "line_num": int(record["line_num"]), "backend_type": "client backend"}
    return orjson.dumps(members) + b"\n"


@st.composite
def csvlogs(draw: st.DrawFn) -> bytes:
    """A csvlog of one layout, or of several, whole or damaged."""
    width = draw(st.sampled_from((23, 24, 26)))
    lines = [
        csv_line(record, draw(st.sampled_from((width, width, 26)))) for record in draw(st.lists(records(), max_size=6))
    ]
    data = "".join(lines).encode("utf-8", "surrogatepass")
    return draw(damaged(data))


@st.composite
def jsonlogs(draw: st.DrawFn) -> bytes:
    """A jsonlog, whole or damaged."""
    lines = [json_line(record) for record in draw(st.lists(records(), max_size=6))]
    head = b'{"timestamp":"2026-05-11 02:44:02.875 UTC","error_severity":"LOG",'
    odd = (b"\n", b"[1]\n", b"{}\n", b'{"timestamp":"x","error_severity":"LOG","rows":5,"database":"q"}\n',
           b"\xef\xbb\xbf", head + b'"message":7,"user":["a"]}\n', head + b'"line_num":true,"rows":3}\n')  # fmt: skip
    lines = draw(st.permutations(lines + draw(st.lists(st.sampled_from(odd), max_size=2))))
    return draw(damaged(b"".join(lines)))


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """The data, most often whole; else with a stretch lost, doubled or replaced by bytes that break things."""
    if not data or draw(st.integers(0, 2)):
        return data
    start = draw(st.integers(0, len(data)))
    stop = min(len(data), start + draw(st.sampled_from((0, 1, 7, 200))))
    put = draw(
        st.sampled_from(
            (b"", b'"', b"\n", b"\xff", b"\xc3", b"\x00", b"\r\n", b",", FORGED.encode() + b"\n", data[start:stop])
        )
    )
    return data[:start] + put + data[stop:] if draw(st.booleans()) else data[:start]
